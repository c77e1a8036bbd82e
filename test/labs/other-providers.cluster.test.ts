import { jest } from '@jest/globals';
import { createExistingUnderTest } from '../../clusters/existing/provider-fixture.js';
import { createKindUnderTest } from '../../clusters/kind/provider-fixture.js';
import type { LabResult } from '../../common/verdict.js';
import { applyAnswer } from '../../graders/apply-answer.js';
import { clusterSpecOf, gradeLab } from '../../graders/grade-lab.js';
import { findLab, loadCatalog } from '../../labs/catalog.js';
import { gradeByKubeconfig } from '../../scripts/commands/grade-by-kubeconfig.js';
import { createTempFolder } from '../../system/temp-folder.js';
import { createEmbeddedUnderTest } from '../support/embedded-provider.js';

jest.setTimeout(300_000);

const catalog = await loadCatalog('labs');
const notPassed = ({ checks }: LabResult): string[] =>
  checks.filter(({ outcome }) => outcome !== 'passed').map(({ id, outcome }) => `${id} ${outcome}`);
const solution = { type: 'solution' } as const;

test('on kind, the lab that deploys Calico hands out the manifest of the nodes’ own Calico', async () => {
  await using under = await createKindUnderTest();
  const lab = findLab(catalog, 'deploy-calico');
  // What lies in the lab's folder is for embedded nodes: here another text stands for it.
  const files = lab.files.map((file) => ({ ...file, text: '# not for real nodes\n' }));
  const result = await gradeLab({
    lab: { ...lab, files },
    provider: under.provider,
    mode: solution,
  });
  expect(notPassed(result)).toEqual([]);
  expect(await under.leftovers()).toEqual([]);
});

test('on kind, a lab of policies is solved, and its time beyond what anybody needs is told', async () => {
  const under = await createKindUnderTest();
  try {
    const lab = findLab(catalog, 'deny-all');
    const result = await gradeLab({ lab, provider: under.provider, mode: solution });
    expect(notPassed(result)).toEqual([]);
  } finally {
    await under[Symbol.asyncDispose]();
  }
  const account = under.commands.find((line) => line.startsWith('# '));
  expect(account).toMatch(/^# \d+\.\d s in all: kind itself .*packets that nobody answers \d/);
  // The stand-ins are slow where real programs are quick; what is left of it all is ours.
  const [, total = '', rest = ''] =
    /^# (\S+) s in all.*all else (\S+) s$/.exec(account ?? '') ?? [];
  expect(Number(rest)).toBeLessThan(0.1 * Number(total));
});

test('in an existing cluster a lab is graded as elsewhere: the solution and a mistake', async () => {
  await using under = await createExistingUnderTest();
  const lab = findLab(catalog, 'deny-all');
  const { provider } = under;
  expect(notPassed(await gradeLab({ lab, provider, mode: solution }))).toEqual([]);
  const wrong = await gradeLab({ lab, provider, mode: { type: 'wrong', name: 'dns-udp-only' } });
  expect(notPassed(wrong)).toEqual([
    'dns-works failed',
    'no-tunnel skipped',
    'nothing-else skipped',
  ]);
});

test('a cluster that is none of ours is graded by its kubeconfig', async () => {
  await using folder = await createTempFolder('grade');
  await using under = await createExistingUnderTest();
  await using other = await createEmbeddedUnderTest();
  const lab = findLab(catalog, 'scooter-db');
  await using cluster = await under.provider.create(clusterSpecOf(lab, { name: 'student' }));
  const grade = () =>
    gradeByKubeconfig({
      lab,
      provider: other.provider,
      file: under.kubeconfig,
      stateDir: folder.path,
      environment: { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: folder.path },
      signal: new AbortController().signal,
      onPhase: () => undefined,
    });
  const outcome = async (id: string) =>
    (await grade()).checks.find((check) => check.id === id)?.outcome;
  expect(await outcome('others-denied')).toBe('failed');
  for (const step of lab.steps) {
    const answer = step.solution ?? { files: [], answers: {} };
    await applyAnswer(cluster, answer, { mustSucceed: true, what: step.id });
  }
  expect(await outcome('others-denied')).toBe('passed');
});
