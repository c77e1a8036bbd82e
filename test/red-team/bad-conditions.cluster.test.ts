import { readFileSync, readdirSync } from 'node:fs';
import type { Cluster } from '../../clusters/provider.js';
import { applyAnswer } from '../../graders/apply-answer.js';
import { clusterSpecOf } from '../../graders/grade-lab.js';
import { runChecks } from '../../graders/run-checks.js';
import type { Answers, Lab } from '../../common/lab.js';
import type { LabResult } from '../../common/verdict.js';
import { findLab, loadCatalog } from '../../labs/catalog.js';
import { createEmbeddedUnderTest, type EmbeddedUnderTest } from '../support/embedded-provider.js';

/** What may befall a machine in the middle of a Check. The work is done, so nothing of it may fail. */

const TIMEOUT_MS = 60_000;
const STEP = 'three-doors';

let under: EmbeddedUnderTest;
let cluster: Cluster;
let lab: Lab;
let answers: Answers = {};

beforeAll(async () => {
  under = await createEmbeddedUnderTest();
  lab = findLab(await loadCatalog('labs'), 'scooter-db');
  cluster = await under.provider.create(clusterSpecOf(lab, { name: 'bad-conditions' }));
  await solve();
}, TIMEOUT_MS);
afterAll(() => under[Symbol.asyncDispose](), TIMEOUT_MS);

/** The lab as it is when this step has been solved. */
async function solve(): Promise<void> {
  for (const { id, solution } of lab.steps) {
    if (solution !== undefined) {
      const given = await applyAnswer(cluster, solution, { mustSucceed: true, what: id });
      answers = { ...answers, ...given };
    }
    if (id === STEP) return;
  }
}

/** A Check in whose middle something happens: when the objects were read, and before the first packets are sent. */
async function checkWhile(happening?: () => Promise<void> | void): Promise<LabResult> {
  let happened: Promise<void> | undefined;
  const disturbed: Cluster = {
    ...cluster,
    async probe(requests, options) {
      happened ??= Promise.resolve(happening?.());
      await happened;
      return cluster.probe(requests, options);
    },
  };
  return runChecks({ lab, cluster: disturbed, answers, stepIds: [STEP], patience: 0.5 });
}

const told = ({ checks }: LabResult) =>
  checks.filter(({ outcome }) => outcome !== 'skipped').map(({ outcome }) => outcome);
const passes = async (): Promise<void> => {
  expect((await checkWhile()).outcome).toBe('passed');
};

/** Process 1 of the cluster: what sends its packets. */
function agentPid(): number {
  const pid = readdirSync('/proc').find((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      const [file = '', ...args] = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
      return file.endsWith('/agent') && args.some((arg) => arg.startsWith(`${under.stateDir}/`));
    } catch {
      return false;
    }
  });
  if (pid === undefined) throw new Error('there is no agent');
  return Number(pid);
}

test(
  'a prober that is stopped tells nothing, and says that it was starved',
  async () => {
    const pid = agentPid();
    let result: LabResult;
    try {
      result = await checkWhile(() => {
        process.kill(pid, 'SIGSTOP');
      });
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    expect(new Set(told(result))).toEqual(new Set(['inconclusive']));
    expect(result.checks[0]?.message).toContain('prober starved');
    await passes();
  },
  TIMEOUT_MS,
);

test(
  'a prober that is held up for a moment takes silence for nothing',
  async () => {
    const pid = agentPid();
    const result = await checkWhile(() => {
      process.kill(pid, 'SIGSTOP');
      // Longer than a probe waits for an answer, shorter than the platform waits for the prober.
      setTimeout(() => process.kill(pid, 'SIGCONT'), 1500);
    });
    expect(told(result)).not.toContain('failed');
  },
  TIMEOUT_MS,
);

test(
  'a source that is taken away in the middle is not the policy’s doing',
  async () => {
    const result = await checkWhile(async () => {
      await cluster.run('kubectl -n rides delete pod -l role=search --wait=false --now');
    });
    const wrong = result.checks.flatMap(({ outcome, findings }) =>
      outcome === 'failed' ? findings.filter((finding) => finding.outcome === 'failed') : [],
    );
    // That a pod is not there may be said; that a path is open or closed may not.
    expect(wrong.filter(({ observed }) => observed !== 'not found')).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  'a host that dies in the middle loses nothing: the Check tells nothing, and the next one all',
  async () => {
    await cluster.reset();
    await solve();
    const result = await checkWhile(() => {
      process.kill(under.hostPid() ?? 0, 'SIGKILL');
    });
    expect(told(result)).not.toContain('failed');
    expect(result.outcome === 'passed' || result.points.earned === 0).toBe(true);
    await passes();
  },
  TIMEOUT_MS,
);

test(
  'a cluster that is reset in the middle says nothing about either of the two',
  async () => {
    const result = await checkWhile(() => cluster.reset());
    expect(result.outcome).toBe('inconclusive');
    expect(told(result)).not.toContain('failed');
    expect(told(result)).not.toContain('passed');
    await solve();
    await passes();
  },
  TIMEOUT_MS,
);
