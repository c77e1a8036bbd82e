import { describeTranscripts } from './describe-transcripts.js';
import { debianKubectl } from './kubectl-versions.js';

const kubectl = await debianKubectl();

if ('reason' in kubectl) {
  test.skip(`a day with Debian 12's kubectl 1.20 (${kubectl.reason})`, () => undefined);
} else {
  describe("a day with Debian 12's kubectl 1.20", () => {
    describeTranscripts(kubectl);
  });
}
