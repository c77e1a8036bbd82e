import type { JsonObject } from '../../common/json.js';
import type { Lab } from '../../common/lab.js';
import type { ProbeResult } from '../../common/probe.js';
import type { LabResult } from '../../common/verdict.js';
import { runChecks } from '../run-checks.js';
import { isSelf, labWith, policyObject, recordedCluster, startObjects } from '../test-cluster.js';
import type { CheckEvidence, RunEvidence } from './evidence.js';
import { EvidenceRecorder } from './recorder.js';
import { regrade } from './regrade.js';
import { openEvidence, sealEvidence } from './seal.js';

const INTENT = { id: 'intent', kind: 'intent', reference: ['db.yaml'] };
const CLOSED = {
  id: 'closed',
  kind: 'reachability',
  rows: [{ from: 'dev/client', to: 'shop/db', port: 80, expect: 'deny' }],
};
const POLICY = policyObject('shop/closed', {
  podSelector: { matchLabels: { app: 'db' } },
  policyTypes: ['Ingress'],
});
const OTHER = policyObject('shop/other', { podSelector: {}, policyTypes: ['Egress'] });
const OBJECTS = startObjects({ 'shop/db': '10.1.1.1', 'dev/client': '10.1.1.2' });

const labOf = (checks: JsonObject[], reference: JsonObject): Lab => ({
  ...labWith(checks),
  references: { 'db.yaml': [reference] },
});

/** A cluster closed by POLICY, graded where OTHER was asked for; `answer` is what the database's clients get. */
async function gradeWrongly(checks: JsonObject[], answer: Partial<ProbeResult> = {}) {
  const recorder = new EvidenceRecorder();
  const cluster = recordedCluster([...OBJECTS, POLICY], (request) => {
    const isClient = !isSelf(request) && request.to.type === 'pod' && request.to.name === 'db';
    return isClient ? { cause: 'filtered', ...answer } : { cause: 'open' };
  });
  const lab = labOf([INTENT, ...checks], OTHER);
  const before = await runChecks({ lab, cluster, answers: {}, recorder, patience: 0.01 });
  expect(outcomeOf(before)).toBe('failed');
  const sealed = await sealEvidence(recorder.evidence());
  if (sealed === undefined) throw new Error('too large');
  return { before, evidence: await openEvidence(sealed) };
}

type Graded = Awaited<ReturnType<typeof gradeWrongly>>;

/** By a lab that asks for what was there all the time. */
async function outcomeNow(graded: Graded): Promise<string | undefined> {
  const { after } = await regrade({ lab: labOf([INTENT], POLICY), ...graded });
  return outcomeOf(after);
}

const outcomeOf = ({ checks }: LabResult) => checks.find(({ id }) => id === 'intent')?.outcome;

/** The same evidence, had it been another way. */
function changed({ before, evidence }: Graded, change: (run: RunEvidence) => RunEvidence): Graded {
  return { before, evidence: { ...evidence, runs: evidence.runs.map(change) } };
}

const droppedBy = (policy: string): Partial<ProbeResult> => ({
  droppedBy: { node: 'worker-1', direction: 'ingress', policies: [policy] },
});

test.each<[string, Partial<ProbeResult>, string]>([
  ['of which the kernel says that one of them dropped it', droppedBy('shop/closed'), 'passed'],
  ['of which it says that another dropped it', droppedBy('shop/other'), 'inconclusive'],
  ['of which nobody says who dropped it', {}, 'inconclusive'],
  ['that arrived', { cause: 'open' }, 'inconclusive'],
])(
  'policies that mean what a newer reference does, and a packet %s',
  async (_what, answer, outcome) => {
    expect(await outcomeNow(await gradeWrongly([CLOSED], answer))).toBe(outcome);
  },
);

test('a packet that was stopped while the policies were others proves nothing', async () => {
  const graded = await gradeWrongly([CLOSED], droppedBy('shop/closed'));
  const now = graded.evidence.objects.map((_object, index) => index);
  const then = now.filter((index) => graded.evidence.objects[index]?.['kind'] !== 'NetworkPolicy');
  const before = changed(graded, (run) => ({
    ...run,
    looks: [now, then].map((objects) => ({ takenAt: '', objects })),
    checks: run.checks.map((check) => ({ ...check, look: check.check === 'closed' ? 1 : 0 })),
  }));
  expect(await outcomeNow(before)).toBe('inconclusive');
});

describe('a flow between pods of our own', () => {
  const end = (namespace: string, labels: Record<string, string>) => ({
    type: 'pod' as const,
    labels,
    namespace: { name: namespace, labels: { 'kubernetes.io/metadata.name': namespace } },
    address: '10.9.9.9',
    addressMatters: false,
    ports: [],
  });
  const trialTo = (
    app: string,
    outcome: 'confirmed' | 'contradicted' = 'confirmed',
  ): CheckEvidence['trials'][number] => ({
    key: `${app} ${outcome}`,
    trial: {
      outcome,
      words: 'a packet was stopped',
      decision: { allowed: false, explanation: '' },
      probes: [],
    },
    witness: {
      source: end('dev', {}),
      destination: end('shop', { app }),
      protocol: 'TCP',
      port: 80,
      allowedBy: 'a',
      direction: 'ingress',
    },
  });

  test.each<[string, CheckEvidence['trials'], string]>([
    ['that they alone stop, and that was stopped', [trialTo('db')], 'passed'],
    ['that was stopped, and that they let pass', [trialTo('web')], 'inconclusive'],
    [
      'that was stopped, beside one that was not',
      [trialTo('db'), trialTo('db', 'contradicted')],
      'inconclusive',
    ],
    [
      'of which it was not kept which one it was',
      [{ ...trialTo('db'), witness: undefined }],
      'inconclusive',
    ],
  ])('%s', async (_what, trials, outcome) => {
    const graded = changed(await gradeWrongly([]), (run) => ({
      ...run,
      checks: run.checks.map((check) => ({ ...check, trials })),
    }));
    expect(await outcomeNow(graded)).toBe(outcome);
  });

  test('is kept with what was seen of it', async () => {
    const { evidence } = await gradeWrongly([]);
    const [trial] = evidence.runs[0]?.checks[0]?.trials ?? [];
    expect(trial?.witness).toMatchObject({ source: { type: 'pod' }, protocol: 'TCP' });
  });
});
