import { describeTranscripts } from './describe-transcripts.js';
import { machineKubectl } from './kubectl-versions.js';

const kubectl = await machineKubectl();

if (kubectl === undefined) {
  test.skip("a day with the machine's kubectl (there is none at /usr/bin/kubectl)", () =>
    undefined);
} else {
  describe(`a day with the machine's kubectl 1.${kubectl.minor}`, () => {
    describeTranscripts(kubectl);
  });
}
