import { jest } from '@jest/globals';
import {
  createExistingUnderTest,
  type ExistingUnderTest,
} from '../../clusters/existing/provider-fixture.js';
import { createKindUnderTest, type KindUnderTest } from '../../clusters/kind/provider-fixture.js';
import { applyAnswer } from '../../graders/apply-answer.js';
import { clusterSpecOf } from '../../graders/grade-lab.js';
import type { LabTestReport } from '../../graders/lab-test.js';
import { testLabs } from '../../graders/test-labs.js';
import { findLab, loadCatalog, type Lab } from '../../labs/catalog.js';
import { gradeByKubeconfig } from '../../scripts/commands/grade-by-kubeconfig.js';
import { createTempFolder } from '../../system/temp-folder.js';
import { createEmbeddedUnderTest } from '../support/embedded-provider.js';

jest.setTimeout(300_000);

const catalog = await loadCatalog('labs');
const labs = catalog.labs.map(withoutManifests);
/** One for each lab; `gatehouse lab test --provider …` makes all of them. */
const MISTAKES = [
  'wrong/flannel-instead',
  'wrong/vault-opened',
  'wrong/dns-udp-only',
  'wrong/whole-namespace',
];

/** What lies in a lab's folder as a plugin's manifest is for embedded nodes: here another text stands for it. */
function withoutManifests(lab: Lab): Lab {
  const files = lab.files.map((file) =>
    file.plugin === undefined ? file : { ...file, text: '# not for real nodes\n' },
  );
  return { ...lab, files };
}

let kind: KindUnderTest;
let existing: ExistingUnderTest;
/** All labs begin at once, since they mostly wait. */
let onKind: Promise<LabTestReport[]>;
let inExisting: Promise<LabTestReport[]>;

beforeAll(async () => {
  [kind, existing] = await Promise.all([createKindUnderTest(), createExistingUnderTest()]);
  const only = ['untouched', 'solution', ...MISTAKES];
  onKind = testLabs({ labs, provider: kind.provider, only, jobs: labs.length });
  inExisting = testLabs({ labs, provider: existing.provider, only, jobs: labs.length });
});
afterAll(async () => {
  await Promise.allSettled([onKind, inExisting]);
  await kind[Symbol.asyncDispose]();
  await existing[Symbol.asyncDispose]();
});

/** What became of each case, by lab: empty where all is well. */
function told(reports: readonly LabTestReport[]): Record<string, string[]> {
  return Object.fromEntries(
    reports.map(({ lab, cases }) => [
      lab.replace(/^.*-networking\/\d+-/, ''),
      cases.map(({ name, detail, skipped }) => `${name}: ${skipped ?? (detail || 'ok')}`),
    ]),
  );
}

const PROVEN = {
  'curl-pods': ['untouched: ok', 'solution: ok', 'wrong/vault-opened: ok'],
  'deny-all': ['untouched: ok', 'solution: ok', 'wrong/dns-udp-only: ok'],
  'scooter-db': ['untouched: ok', 'solution: ok', 'wrong/whole-namespace: ok'],
};

test('in an existing cluster every offered lab scores nothing untouched, all of it when solved, and a mistake is found', async () => {
  expect(told(await inExisting)).toEqual({
    ...PROVEN,
    'deploy-calico': [expect.stringContaining('cluster: this lab is not offered')],
  });
  expect(await existing.leftovers()).toEqual([]);
});

test('a cluster that is none of ours is graded by its kubeconfig', async () => {
  // The lab's namespaces are one learner's at a time.
  await inExisting;
  await using folder = await createTempFolder('grade');
  await using other = await createEmbeddedUnderTest();
  const lab = findLab(catalog, 'scooter-db');
  await using cluster = await existing.provider.create(clusterSpecOf(lab, { name: 'student' }));
  const grade = () =>
    gradeByKubeconfig({
      lab,
      provider: other.provider,
      file: existing.kubeconfig,
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

test('on kind so does every lab', async () => {
  expect(told(await onKind)).toEqual({
    ...PROVEN,
    'deploy-calico': ['untouched: ok', 'solution: ok', 'wrong/flannel-instead: ok'],
  });
  expect(await kind.leftovers()).toEqual([]);
});
