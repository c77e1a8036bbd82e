import { clusterSpecOf } from '../../graders/grade-lab.js';
import { runChecks } from '../../graders/run-checks.js';
import { findLab, loadCatalog } from '../../labs/catalog.js';
import type { Cluster } from '../../clusters/provider.js';
import { createEmbeddedUnderTest } from '../support/embedded-provider.js';
import { ATTACKS, type Attack } from './attacks.js';

const TIMEOUT_MS = 60_000;
const lab = findLab(await loadCatalog('labs'), 'scooter-db');
const STEP = 'three-doors';

let under: Awaited<ReturnType<typeof createEmbeddedUnderTest>>;
let cluster: Cluster;
beforeAll(async () => {
  under = await createEmbeddedUnderTest();
  cluster = await under.provider.create(clusterSpecOf(lab, { name: 'red-team' }));
}, TIMEOUT_MS);
afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
  await under[Symbol.asyncDispose]();
}, TIMEOUT_MS);

test('there are at least forty of them', () => {
  expect(new Set(ATTACKS.map(({ name }) => name)).size).toBe(ATTACKS.length);
  expect(ATTACKS.length).toBeGreaterThanOrEqual(40);
});

test.each(ATTACKS)(
  '$name: $expect',
  async (attack) => {
    await cluster.reset();
    const { outcome, told, prepared } = await outcomeOf(attack);
    // An attack that was not made proves nothing.
    expect(prepared).toMatchObject({ exitCode: 0 });
    const allowed = {
      'not passed': ['failed', 'inconclusive'],
      'not failed': ['passed', 'inconclusive'],
      passed: ['passed'],
      failed: ['failed'],
    }[attack.expect];
    expect({ outcome, told, isAllowed: allowed.includes(outcome) }).toMatchObject({
      isAllowed: true,
    });
  },
  TIMEOUT_MS,
);

async function outcomeOf({ begin, script, meanwhile }: Attack) {
  const step = lab.steps.find(({ id }) => id === STEP)!;
  if (begin === 'solved') {
    for (const { path, text } of step.solution!.files) {
      await cluster.run(`cat > ${path} <<'END'\n${text}\nEND\nkubectl apply -f ${path}`);
    }
  }
  const prepared = await cluster.run(`cd; ${script}`, { timeoutMs: 30_000 });
  const abort = new AbortController();
  const beside =
    meanwhile === undefined
      ? undefined
      : cluster.run(`cd; ${meanwhile}`, { signal: abort.signal }).catch(() => undefined);
  if (beside !== undefined) await new Promise((resolve) => setTimeout(resolve, 400));
  const result = await runChecks({ lab, cluster, answers: {}, stepIds: [STEP] });
  abort.abort();
  await beside;
  const told = result.checks.map(({ id, outcome, message }) => `${id} ${outcome}: ${message}`);
  return { outcome: result.outcome, told, prepared };
}
