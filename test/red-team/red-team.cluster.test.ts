import type { Cluster } from '../../clusters/provider.js';
import type { Answers } from '../../common/lab.js';
import { applyAnswer } from '../../graders/apply-answer.js';
import { clusterSpecOf } from '../../graders/grade-lab.js';
import { runChecks } from '../../graders/run-checks.js';
import { findLab, loadCatalog } from '../../labs/catalog.js';
import { createEmbeddedUnderTest } from '../support/embedded-provider.js';
import type { Attack } from './attack.js';
import { CHEATS } from './cheats/index.js';
import { CONFUSIONS } from './confusions.js';

const TIMEOUT_MS = 60_000;
const SCRIPT_MS = 120_000;
/** What stays wrong need not be looked at for as long as a learner would be given. */
const PATIENCE = 0.25;

const catalog = await loadCatalog('labs');
let under: Awaited<ReturnType<typeof createEmbeddedUnderTest>>;
const clusters = new Map<string, Promise<Cluster>>();
beforeAll(async () => {
  under = await createEmbeddedUnderTest();
}, TIMEOUT_MS);
afterAll(async () => {
  for (const cluster of clusters.values()) await (await cluster)[Symbol.asyncDispose]();
  await under[Symbol.asyncDispose]();
}, TIMEOUT_MS);

test('there are at least 40 ways to try', () => {
  expect(CHEATS.length + CONFUSIONS.length).toBeGreaterThanOrEqual(40);
});

test.each(CHEATS)('work not done does not pass when $title', attempt, TIMEOUT_MS);
test.each(CONFUSIONS)('work done does not fail when $title', attempt, TIMEOUT_MS);

async function attempt(attack: Attack): Promise<void> {
  const { answers, cluster } = await prepare(attack);
  const lab = findLab(catalog, attack.lab);
  await using _running = keepTyping(cluster, attack.meanwhile);
  // What goes on beside must be on its way.
  if (attack.meanwhile !== undefined) await new Promise((resolve) => setTimeout(resolve, 400));
  const given = { ...answers, ...attack.answers };
  const { checks } = await runChecks({
    lab,
    cluster,
    answers: given,
    stepIds: [attack.step],
    patience: PATIENCE,
  });
  const said = Object.fromEntries(
    checks.map(({ id, outcome, message }) => [id, { outcome, message }]),
  );
  const { never } = attack;
  if ('step' in never) {
    expect(Object.values(said).map(({ outcome }) => outcome)).not.toEqual(
      checks.map(() => 'passed'),
    );
    return;
  }
  for (const id of never.checks) {
    expect(Object.keys(said)).toContain(id);
    expect(said[id]).not.toMatchObject({ outcome: never.outcome });
    expect(said[id]).not.toMatchObject({ outcome: 'error' });
  }
}

/** The lab's cluster at its start, all steps before done right, then what the attack types. */
async function prepare(attack: Attack): Promise<{ cluster: Cluster; answers: Answers }> {
  const lab = findLab(catalog, attack.lab);
  const known = clusters.get(lab.id);
  const made = known ?? under.provider.create(clusterSpecOf(lab, { name: `red-${attack.lab}` }));
  clusters.set(lab.id, made);
  const cluster = await made;
  if (known !== undefined) await cluster.reset();
  let answers: Answers = {};
  for (const { id, solution } of lab.steps) {
    const isOwn = id === attack.step;
    if (isOwn && attack.isSolved !== true) break;
    if (solution !== undefined) {
      const what = `solution/${id}`;
      answers = {
        ...answers,
        ...(await applyAnswer(cluster, solution, { mustSucceed: true, what })),
      };
    }
    if (isOwn) break;
  }
  if (attack.script !== undefined) {
    const typed = await cluster.run(`cd\n${attack.script}`, { timeoutMs: SCRIPT_MS });
    // An attack that was not made proves nothing.
    expect(typed).toMatchObject({ exitCode: 0 });
  }
  return { cluster, answers };
}

function keepTyping(cluster: Cluster, script: string | undefined): AsyncDisposable {
  const stop = new AbortController();
  const running =
    script === undefined
      ? Promise.resolve()
      : cluster.run(`cd\n${script}`, { signal: stop.signal, timeoutMs: SCRIPT_MS });
  const ended = running.then(
    () => undefined,
    () => undefined,
  );
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await ended;
    },
  };
}
