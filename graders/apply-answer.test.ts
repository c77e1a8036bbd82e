import { applyAnswer } from './apply-answer.js';
import { recordedCluster } from './test-cluster.js';

function typingCluster(stderr = '') {
  const typed: string[] = [];
  const run = (script: string) => {
    typed.push(script);
    return Promise.resolve({ exitCode: 0, stdout: '', stderr });
  };
  return { ...recordedCluster([]), run, typed };
}

const ANSWER = { files: [{ path: 'policy.json', text: '{}' }], answers: {} };
const AS_TYPED = { mustSucceed: false, what: 'deny' };

test('manifests in JSON are applied like those in YAML', async () => {
  const cluster = typingCluster();
  await applyAnswer(cluster, ANSWER, AS_TYPED);
  expect(cluster.typed[0]).toContain("kubectl apply -f 'policy.json'");
});

test('what the commands complained of is told, and draws nothing on a terminal', async () => {
  const complaints: (readonly string[])[] = [];
  const onComplaint = (lines: readonly string[]) => complaints.push(lines);
  await applyAnswer(typingCluster('error: \u001b[2Jno kind\n'), ANSWER, {
    ...AS_TYPED,
    onComplaint,
  });
  expect(complaints).toEqual([['error: \ufffd[2Jno kind']]);
});
