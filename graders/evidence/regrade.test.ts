import type { Cluster } from '../../clusters/provider.js';
import type { JsonObject } from '../../common/json.js';
import type { Lab } from '../../common/lab.js';
import type { LabResult } from '../../common/verdict.js';
import { runChecks } from '../run-checks.js';
import {
  type Answering,
  isSelf,
  labWith,
  policyObject,
  recordedCluster,
  startObjects,
} from '../test-cluster.js';
import { EvidenceRecorder } from './recorder.js';
import { regrade } from './regrade.js';
import { openEvidence, sealEvidence } from './seal.js';

const PATH = { from: 'dev/client', to: 'shop/db', port: 80 };
const CLOSED = { id: 'closed', kind: 'reachability', rows: [{ ...PATH, expect: 'deny' }] };
const OPEN = { id: 'open', kind: 'reachability', rows: [{ ...PATH, expect: 'allow' }] };
const LABELLED = {
  id: 'labelled',
  kind: 'resource',
  resource: { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'db' },
  expect: [{ path: '.metadata.labels.app', equals: 'db' }],
};
const POLICY = policyObject('shop/closed', {
  podSelector: { matchLabels: { app: 'db' } },
  policyTypes: ['Ingress'],
});
const OBJECTS = [
  ...startObjects({ 'shop/db': '10.1.1.1', 'dev/client': '10.1.1.2', 'dev/other': '10.1.1.3' }),
  { apiVersion: 'v1', kind: 'Event', metadata: { name: 'e', namespace: 'dev' } },
];

/** Nobody but the database itself reaches it. */
const closed: Answering = (request) => {
  const isDenied = !isSelf(request) && request.to.type === 'pod' && request.to.name === 'db';
  return { cause: isDenied ? 'filtered' : 'open' };
};

async function record(lab: Lab, cluster: Cluster, patience: number) {
  const recorder = new EvidenceRecorder();
  const before = await runChecks({ lab, cluster, answers: {}, recorder, patience });
  return { before, evidence: recorder.evidence() };
}

/** Grades a cluster that was closed by one policy, and keeps its evidence as it is stored. */
async function grade(checks: JsonObject[]) {
  const cluster = recordedCluster([...OBJECTS, POLICY], closed);
  const { before, evidence } = await record(labWith(checks), cluster, 0.02);
  const sealed = await sealEvidence(evidence);
  if (sealed === undefined) throw new Error('too large');
  return { before, evidence: await openEvidence(sealed) };
}

async function judgedBy(lab: Lab, graded: Awaited<ReturnType<typeof grade>>) {
  const result = await regrade({ lab, ...graded });
  return { ...result, outcomes: outcomes(result.after) };
}

const outcomes = ({ checks }: LabResult) =>
  Object.fromEntries(checks.map(({ id, outcome }) => [id, outcome]));

test('the same lab says the same of stored evidence, with the same words', async () => {
  const checks = [
    CLOSED,
    LABELLED,
    { ...OPEN, rows: [{ ...PATH, from: 'dev/other', expect: 'allow' }] },
  ];
  const graded = await grade(checks);
  expect(outcomes(graded.before)).toEqual({ closed: 'passed', labelled: 'passed', open: 'failed' });
  const { after, differences } = await judgedBy(labWith(checks), graded);
  expect(differences).toEqual([]);
  expect(after.checks.map(({ message, findings }) => ({ message, findings }))).toEqual(
    graded.before.checks.map(({ message, findings }) => ({ message, findings })),
  );
  expect(after.regradeOf?.points).toEqual(graded.before.points);
});

test('each path is kept with what was wanted, what was seen, how often and when; its controls as well', async () => {
  const { evidence } = await grade([CLOSED]);
  const probes = evidence.runs[0]?.checks[0]?.probes ?? [];
  const at = expect.stringMatching(/^\d{4}-.*Z$/);
  expect(probes).toHaveLength(3);
  expect(probes[0]).toMatchObject({ expected: 'deny', cause: 'filtered', attempts: 1, at });
  for (const control of probes.slice(1)) {
    expect(control).toMatchObject({ cause: 'open', attempts: 1, at });
    expect(control).not.toHaveProperty('expected');
  }
});

test('other points, another expectation and a check that went are told, each before and after', async () => {
  const graded = await grade([CLOSED, LABELLED]);
  const lab = labWith([{ ...CLOSED, points: 5, rows: [{ ...PATH, expect: 'allow' }] }]);
  const { differences, after } = await judgedBy(lab, graded);
  expect(differences).toMatchObject([
    {
      check: 'closed',
      before: { outcome: 'passed', points: { earned: 1, possible: 1 } },
      after: { outcome: 'failed', points: { earned: 0, possible: 5 } },
    },
    {
      check: 'labelled',
      before: { outcome: 'passed' },
      message: expect.stringContaining('no such'),
    },
  ]);
  expect(after.points).toEqual({ earned: 0, possible: 5 });
});

test('steps that a lab got since are named, unless only one step was graded', async () => {
  const { before, evidence } = await grade([CLOSED]);
  const named = (id: string, digest: string): Lab => {
    const lab = labWith([CLOSED]);
    return { ...lab, digest, steps: [...lab.steps, ...lab.steps.map((step) => ({ ...step, id }))] };
  };
  const ofTwo = {
    ...evidence,
    runs: evidence.runs.map((run) => ({ ...run, steps: ['step', 'gone'] })),
  };
  const unknownSteps = async (kept: typeof evidence, digest: string) =>
    (await regrade({ lab: named('new', digest), before, evidence: kept })).unknownSteps;
  expect(await unknownSteps(ofTwo, 'sha256:1')).toEqual(['new']);
  expect(await unknownSteps(ofTwo, before.labDigest)).toEqual([]);
  expect(await unknownSteps(evidence, 'sha256:1')).toEqual([]);
});

test('what hints cost then is still paid', async () => {
  const graded = await grade([CLOSED, LABELLED]);
  const before = {
    ...graded.before,
    checks: graded.before.checks.map((check) => ({ ...check, hintCost: 2 })),
  };
  const lab = labWith([{ ...CLOSED, points: 5 }, LABELLED]);
  const { after } = await judgedBy(lab, { ...graded, before });
  expect(after.checks).toMatchObject([{ points: { earned: 3 } }, { points: { earned: 0 } }]);
  expect(after.points).toEqual({ earned: 3, possible: 6 });
});

test.each([
  [
    'a path that was not probed',
    { ...CLOSED, rows: [{ ...PATH, port: 443, expect: 'deny' }] },
    'inconclusive',
  ],
  [
    'an open path that was not probed',
    { ...OPEN, rows: [{ ...PATH, port: 443, expect: 'allow' }] },
    'inconclusive',
  ],
  ['a path that another check probed', { ...CLOSED, id: 'again' }, 'passed'],
  [
    'a kind that was not kept',
    { ...LABELLED, resource: { apiVersion: 'v1', kind: 'Event' } },
    'inconclusive',
  ],
  [
    'a kind of which there was nothing',
    { ...LABELLED, resource: { apiVersion: 'batch/v1', kind: 'Job' } },
    'failed',
  ],
  ['a canary', { id: 'new', kind: 'cluster', enforcement: 'enforced' }, 'inconclusive'],
])('a new check about %s', async (_what, check, expected) => {
  const graded = await grade([CLOSED]);
  const { outcomes: after } = await judgedBy(labWith([check]), graded);
  expect(Object.values(after)).toEqual([expected]);
});

test('a question that was not asked yet is inconclusive, one that was left open is not', async () => {
  const question = { id: 'how-many', type: 'number', prompt: 'How many?', accept: [1] };
  const check = { id: 'answer', kind: 'answer', question: 'how-many' };
  const lab = labWith([check], [question]);
  expect((await judgedBy(lab, await grade([CLOSED]))).outcomes).toEqual({ answer: 'inconclusive' });
  const { outcomes: open } = await judgedBy(lab, await record(lab, recordedCluster([]), 1));
  expect(open).toEqual({ answer: 'failed' });
});

test('policies that changed while the attempt was graded leave it inconclusive', async () => {
  let looks = 0;
  const flipping = () => {
    looks += 1;
    return looks === 1 ? [...OBJECTS, POLICY] : OBJECTS;
  };
  const lab = labWith([CLOSED]);
  const graded = await record(lab, recordedCluster(flipping, closed), 1);
  expect(outcomes(graded.before)).toEqual({ closed: 'inconclusive' });
  const { outcomes: after } = await judgedBy(lab, graded);
  expect(after).toEqual({ closed: 'inconclusive' });
});

describe('by meaning', () => {
  const intent = { id: 'intent', kind: 'intent', reference: ['db.yaml'] };
  const labOf = (reference: JsonObject): Lab => ({
    ...labWith([intent]),
    references: { 'db.yaml': [reference] },
  });
  const other = policyObject('shop/other', { podSelector: {}, policyTypes: ['Egress'] });

  const gradeIntent = (reference: JsonObject) =>
    record(labOf(reference), recordedCluster([...OBJECTS, POLICY]), 0);

  test('policies that differ from a newer reference fail, also where it was not tried', async () => {
    const graded = await gradeIntent(POLICY);
    const { after } = await judgedBy(labOf(other), graded);
    expect(after.checks[0]).toMatchObject({ outcome: 'failed' });
    expect(after.checks[0]?.message).toContain('no such packet was sent');
  });

  test('policies that mean what a newer reference does are not believed to be enforced untried', async () => {
    const graded = await gradeIntent(other);
    expect(graded.before.checks[0]?.outcome).toBe('failed');
    const { outcomes: after } = await judgedBy(labOf(POLICY), graded);
    expect(after).toEqual({ intent: 'inconclusive' });
  });
});

test('evidence that was changed or is of somebody else does not open, and more than is kept is not sealed', async () => {
  const { evidence } = await grade([CLOSED]);
  const sealed = await sealEvidence(evidence);
  const other = await sealEvidence({ ...evidence, runs: [] });
  if (sealed === undefined || other === undefined) throw new Error('too large');
  await expect(openEvidence({ ...other, digest: sealed.digest })).rejects.toMatchObject({
    code: 'BAD_REQUEST',
  });
  await expect(openEvidence({ ...sealed, content: Buffer.from('x') })).rejects.toMatchObject({
    code: 'BAD_REQUEST',
  });
  expect(await sealEvidence(evidence, { compressed: 100, plain: 1e6 })).toBeUndefined();
});
