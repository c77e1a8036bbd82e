import { cpus } from 'node:os';
import path from 'node:path';
import type { Cluster, ClusterProvider } from '../../clusters/provider.js';
import type { Answers, Lab, StepAnswer } from '../../common/lab.js';
import type { LabResult } from '../../common/verdict.js';
import { applyAnswer } from '../../graders/apply-answer.js';
import { clusterSpecOf } from '../../graders/grade-lab.js';
import { runChecks } from '../../graders/run-checks.js';
import { findLab, loadCatalog } from '../../labs/catalog.js';
import { findProjectRoot } from '../../system/project-root.js';
import { burn } from './burners.js';
import { median, percentile } from './numbers.js';

type Row = (what: string, value: string, target: string) => void;

/** Burners per processor: a machine on which the graders get a third of what they ask for. */
const BURNERS_PER_CORE = 2;
const LEARNERS = 20;
/** Right and wrong clusters that are checked side by side while processors burn. */
const PAIRS = 4;
const QUIET_ROUNDS = 50;
const PARTS = ['alone', 'class', 'load'];

/**
 * What a Check of *scooter-db* costs, alone and with twenty learners at once; then `count` Checks of a right and of a
 * wrong cluster while other processes burn all processors: wrong verdicts, and the share that could not be told.
 * `only` names the parts to run; empty means all.
 */
export async function benchChecks(
  provider: ClusterProvider,
  { row, count, only }: { row: Row; count: number; only: readonly string[] },
): Promise<void> {
  const unknown = only.find((part) => !PARTS.includes(part));
  if (unknown !== undefined) throw new Error(`no part "${unknown}"; parts: ${PARTS.join(', ')}`);
  const isWanted = (part: string): boolean => only.length === 0 || only.includes(part);
  const lab = findLab(await loadCatalog(path.join(findProjectRoot(), 'labs')), 'scooter-db');
  if (isWanted('alone')) await benchAlone(provider, { lab, row });
  if (isWanted('class')) await benchClass(provider, { lab, row });
  if (isWanted('load')) await benchLoad(provider, { lab, row, count });
}

async function benchAlone(
  provider: ClusterProvider,
  { lab, row }: { lab: Lab; row: Row },
): Promise<void> {
  const learner = await solved(provider, { lab, name: 'checks-alone' });
  await checkAll(lab, learner);
  const alone = await timesOf(QUIET_ROUNDS, () => checkAll(lab, learner));
  row('a full Check of scooter-db', shown(alone), 'p95 500 ms');
  await learner.cluster[Symbol.asyncDispose]();
}

/** Processes of others burn all processors: is any verdict wrong, and how many are none? */
async function benchLoad(
  provider: ClusterProvider,
  { lab, row, count }: { lab: Lab; row: Row; count: number },
): Promise<void> {
  const mistake = lab.wrong.find(({ name }) => name === 'or-instead-of-and');
  if (mistake === undefined) throw new Error('the lab has lost its wrong answer');
  const pairs: { right: Solved; wrong: Solved }[] = [];
  for (let i = 0; i < PAIRS; i++) {
    const right = await solved(provider, { lab, name: `checks-right-${i}` });
    const wrong = await solved(provider, { lab, name: `checks-wrong-${i}` });
    await give(wrong.cluster, mistake.answer);
    pairs.push({ right, wrong });
  }
  const failing = mistake.checks.map(({ id }) => id);
  const tally: Tally = { wrong: [], unclear: [] };
  await using _burners = burn(cpus().length * BURNERS_PER_CORE);
  const times = await Promise.all(
    pairs.map(({ right, wrong }, i) =>
      timesOf(Math.floor((count + i) / PAIRS), async () => {
        countIn(tally, await checkAll(lab, right), () => 'passed');
        countIn(tally, await checkAll(lab, wrong, [mistake.step]), (id) =>
          failing.includes(id) ? 'failed' : 'passed',
        );
      }),
    ),
  );
  row(
    `${count} Checks of a right and ${count} of a wrong cluster, processors burning: wrong verdicts`,
    String(tally.wrong.length),
    '0',
  );
  const share = (100 * tally.unclear.length) / (2 * count);
  row('the same: could not be told', `${share.toFixed(2)} %`, 'under 1 %');
  row('the same: both Checks together', shown(times.flat()), '');
  for (const text of [...tally.wrong.slice(0, 5), ...tally.unclear.slice(0, 5)]) {
    process.stdout.write(`  ${text}\n`);
  }
}

/** One line for each verdict that was not the expected one, and for each Check that could not be told. */
interface Tally {
  wrong: string[];
  unclear: string[];
}

function countIn(
  tally: Tally,
  result: LabResult,
  expected: (id: string) => 'passed' | 'failed',
): void {
  const told = result.checks.filter(({ outcome }) => outcome !== 'skipped');
  const unclear = told.find(({ outcome }) => outcome === 'inconclusive');
  if (unclear !== undefined) tally.unclear.push(`${unclear.id} unclear: ${unclear.message}`);
  for (const { id, outcome, message } of told) {
    if (outcome === 'inconclusive' || outcome === expected(id)) continue;
    tally.wrong.push(`${id} ${outcome}: ${message}`);
  }
}

/** Twenty clusters, and all their learners press Check in the same moment. */
async function benchClass(
  provider: ClusterProvider,
  { lab, row }: { lab: Lab; row: Row },
): Promise<void> {
  const names = Array.from({ length: LEARNERS }, (_, i) => `checks-${i}`);
  const learners: Solved[] = [];
  for (const name of names) learners.push(await solved(provider, { lab, name }));
  const times: number[] = [];
  for (let round = 0; round < 5; round++) {
    const each = await Promise.all(
      learners.map(async (learner) => {
        const startedAt = performance.now();
        await checkAll(lab, learner);
        return performance.now() - startedAt;
      }),
    );
    times.push(...each);
  }
  row(`${LEARNERS} learners check at once`, shown(times), 'p95 1,500 ms');
  for (const { cluster } of learners) await cluster[Symbol.asyncDispose]();
}

interface Solved {
  cluster: Cluster;
  answers: Answers;
}

async function solved(
  provider: ClusterProvider,
  { lab, name }: { lab: Lab; name: string },
): Promise<Solved> {
  const cluster = await provider.create(clusterSpecOf(lab, { name }));
  let answers: Answers = {};
  for (const { solution } of lab.steps) {
    if (solution !== undefined) answers = { ...answers, ...(await give(cluster, solution)) };
  }
  return { cluster, answers };
}

function give(cluster: Cluster, answer: StepAnswer): Promise<Answers> {
  return applyAnswer(cluster, answer, { mustSucceed: true, what: 'an answer' });
}

function checkAll(
  lab: Lab,
  { cluster, answers }: Solved,
  stepIds: readonly string[] = lab.steps.map(({ id }) => id),
): Promise<LabResult> {
  return runChecks({ lab, cluster, answers, stepIds });
}

async function timesOf(rounds: number, work: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < rounds; i++) {
    const startedAt = performance.now();
    await work();
    times.push(performance.now() - startedAt);
  }
  return times;
}

function shown(times: readonly number[]): string {
  return `median ${median(times).toFixed(0)} ms, p95 ${percentile(times, 0.95).toFixed(0)} ms`;
}
