import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pLimit from 'p-limit';
import { applyAnswer } from '../../graders/apply-answer.js';
import { clusterSpecOf, gradeLab } from '../../graders/grade-lab.js';
import { testLab, type LabTestReport } from '../../graders/lab-test.js';
import { testMutants } from '../../graders/mutation/test-mutants.js';
import { runChecks } from '../../graders/run-checks.js';
import { labWith } from '../../graders/test-cluster.js';
import { findLab, loadCatalog, type Lab } from '../../labs/catalog.js';
import { scaffoldLab } from '../../labs/scaffold.js';
import { createEmbeddedUnderTest } from '../support/embedded-provider.js';

const TIMEOUT_MS = 180_000;
const catalog = await loadCatalog('labs');

let under: Awaited<ReturnType<typeof createEmbeddedUnderTest>>;
/** Two labs at a time: the tests below only wait for theirs. */
const reports = new Map<string, Promise<LabTestReport>>();
beforeAll(async () => {
  under = await createEmbeddedUnderTest();
  const limit = pLimit(2);
  for (const lab of catalog.labs) {
    const report = limit(() =>
      testLab({ lab, provider: under.provider, mutants: lab.slug === 'deny-all' }),
    );
    report.catch(() => undefined); // told by the lab's own test
    reports.set(lab.id, report);
  }
}, TIMEOUT_MS);
afterAll(() => under[Symbol.asyncDispose](), TIMEOUT_MS);

test.each(catalog.labs.map(({ id }) => id))(
  'the graders of %s are right about the untouched lab, the solution and every wrong answer',
  async (id) => {
    const { cases } = await reports.get(id)!;
    expect(cases.filter(({ passed }) => !passed)).toEqual([]);
    expect(cases.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['untouched', 'solution', 'finished']),
    );
  },
  TIMEOUT_MS,
);

test(
  'generated wrong policies and answers fail, and survive in a lab that asks too little',
  async () => {
    const lab = findLab(catalog, 'deny-all');
    const report = await reports.get(lab.id)!;
    expect(report.mutation).toMatchObject({ made: 57, equivalent: 3, killed: 54, survivors: [] });
    await using cluster = await under.provider.create(
      clusterSpecOf(weakened(lab), { name: 'weak-lab' }),
    );
    const weak = await testMutants({ lab: weakened(lab), cluster });
    expect(weak.survivors.map(({ what }) => what)).toContain(
      'NetworkPolicy batch-ns/allow-dns, egress rule 1, peer 1: podSelector left out',
    );
  },
  TIMEOUT_MS,
);

test(
  'so do generated wrong objects; each is put back as it was',
  async () => {
    const lab = shopLab();
    await using cluster = await under.provider.create(clusterSpecOf(lab, { name: 'shop-lab' }));
    const report = await testMutants({ lab, cluster });
    expect(report.survivors.map(({ what }) => what)).toEqual([
      'Pod shop/web, container 1: serves nothing',
      'Service shop/web, no selector',
      'Service shop/web, selector: app misspelt',
      'Service shop/web, port 1: to 81',
      'Service shop/web, port 1: UDP instead',
    ]);
    expect(report).toMatchObject({ made: 13, equivalent: 0, refused: 0, killed: 8 });
    const after = await runChecks({ lab, cluster, answers: {} });
    expect(after.outcome).toBe('passed');
    const endpoints = `kubectl get endpoints web -n shop -o jsonpath='{.subsets[*].ports[*].port}'`;
    expect((await cluster.run(endpoints)).stdout).toBe('80');
  },
  TIMEOUT_MS,
);

/** A lab that wants a server behind a Service, and believes what the API says of both. */
function shopLab(): Lab {
  const { steps, ...lab } = labWith([
    {
      id: 'pod',
      kind: 'resource',
      resource: { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', selector: { app: 'web' } },
      expect: [{ path: '.status.phase', equals: 'Running' }],
    },
    {
      id: 'service',
      kind: 'resource',
      resource: { apiVersion: 'v1', kind: 'Service', namespace: 'shop', name: 'web' },
      expect: [{ path: '.spec.ports[*].port', equals: 80 }],
    },
  ]);
  const commands = `
    kubectl run web -n shop --image=nginx:1.27 --labels=app=web --port=80 --expose
    kubectl wait pod web -n shop --for=condition=Ready --timeout=20s`;
  return {
    ...lab,
    manifests: [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } }],
    steps: steps.map((step) => ({ ...step, solution: { commands, files: [], answers: {} } })),
  };
}

/** Without the check that compares by meaning. */
function weakened(lab: Lab): Lab {
  return {
    ...lab,
    steps: lab.steps.map((step) => ({
      ...step,
      definition: {
        ...step.definition,
        checks: step.definition.checks.filter(({ kind }) => kind !== 'intent'),
      },
    })),
  };
}

test(
  'a new lab proves itself',
  async () => {
    const root = await mkdtemp(path.join(tmpdir(), 'gatehouse-labs-'));
    try {
      await scaffoldLab(root, '05-networking/17-my-lab');
      const { cases } = await testLab({
        lab: findLab(await loadCatalog(root), 'my-lab'),
        provider: under.provider,
      });
      expect(cases.filter(({ passed }) => !passed)).toEqual([]);
    } finally {
      await rm(root, { recursive: true });
    }
  },
  TIMEOUT_MS,
);

test(
  'a lab whose graders are wrong does not prove itself',
  async () => {
    const root = await mkdtemp(path.join(tmpdir(), 'gatehouse-labs-'));
    try {
      await scaffoldLab(root, '05-networking/17-my-lab');
      const lab = findLab(await loadCatalog(root), 'my-lab');
      const wrong = lab.wrong.map((one) =>
        one.name === 'everyone'
          ? { ...one, checks: [{ ...one.checks[0]!, says: 'the moon' }] }
          : one,
      );
      const steps = lab.steps.map((step) => ({
        ...step,
        definition: {
          ...step.definition,
          checks: step.definition.checks.map((check) => ({ ...check, dependsOn: [] })),
        },
      }));
      const { passed, cases } = await testLab({
        lab: { ...lab, steps, wrong },
        provider: under.provider,
      });
      expect(passed).toBe(false);
      const details = Object.fromEntries(cases.map(({ name, detail }) => [name, detail]));
      expect(details['untouched']).toContain('close/client-allowed passed with nothing done');
      expect(details['wrong/everyone']).toContain('should say "the moon", but says:');
    } finally {
      await rm(root, { recursive: true });
    }
  },
  TIMEOUT_MS,
);

test(
  'cancelling a grade at any moment leaves no cluster behind',
  async () => {
    const lab = findLab(catalog, 'curl-pods');
    for (const moment of ['network', 'workloads', 'servers/web-pod', 'client/client-reaches']) {
      const cancel = new AbortController();
      const reached = (name: string) => {
        if (name === moment) cancel.abort();
      };
      await expect(
        gradeLab({
          lab,
          provider: under.provider,
          mode: { type: 'solution' },
          signal: cancel.signal,
          onPhase: ({ id }) => {
            reached(id);
          },
          onResult: ({ step, id }) => {
            reached(`${step}/${id}`);
          },
        }),
      ).rejects.toMatchObject({ code: 'CANCELLED' });
      expect(cancel.signal.aborted).toBe(true);
    }
    // The labs' own tests may still have theirs.
    const left = (await under.provider.list()).filter(
      ({ labels }) => labels['purpose'] === 'grade',
    );
    expect(left).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  'a denial never passes for want of a server, whatever the policies say',
  async () => {
    const lab = findLab(catalog, 'deny-all');
    await using cluster = await under.provider.create(clusterSpecOf(lab, { name: 'dead-server' }));
    const solution = lab.steps[1]!.solution!;
    await applyAnswer(cluster, solution, { mustSucceed: true, what: 'the solution' });
    const closed = async () => {
      const { checks } = await runChecks({ lab, cluster, answers: {}, stepIds: ['close-ingress'] });
      return checks.find(({ id }) => id === 'closed')!;
    };
    expect((await closed()).outcome).toBe('passed');

    const replace = (image: string) => `
      kubectl delete pod web -n prod-ns --force --grace-period=0
      kubectl run web -n prod-ns --labels=app=web --image=${image} --command -- sleep infinity
      kubectl wait pod web -n prod-ns --for=condition=Ready --timeout=3s`;
    await cluster.run(replace('busybox:1.36'));
    const silent = await closed();
    expect(silent.outcome).toBe('failed');
    expect(silent.message).toContain('Nobody listens on TCP port 80 in prod-ns/web');

    await cluster.run(replace('example.org/nowhere:1'));
    const broken = await closed();
    expect(broken.outcome).toBe('failed');
    expect(broken.message).toMatch(/prod-ns\/web does not run: (ImagePullBackOff|ErrImagePull)/);
  },
  TIMEOUT_MS,
);

test(
  'the canary finds out for itself whether policies are enforced, and leaves nothing in the cluster',
  async () => {
    const lab = findLab(catalog, 'deploy-calico');
    const check = (enforcement: 'enforced' | 'not-enforced') => ({
      ...lab,
      steps: lab.steps.slice(0, 1).map((step) => ({
        ...step,
        definition: {
          ...step.definition,
          checks: [
            {
              id: 'canary',
              kind: 'cluster' as const,
              title: 'Canary',
              points: 1,
              dependsOn: [],
              visibility: 'always' as const,
              rationale: 'R',
              hints: ['a', 'b'],
              enforcement,
            },
          ],
        },
      })),
    });
    for (const cni of ['calico', 'flannel'] as const) {
      const spec = { ...clusterSpecOf(lab, { name: `canary-${cni}` }), cni, manifests: [] };
      await using cluster = await under.provider.create(spec);
      const outcome = async (enforcement: 'enforced' | 'not-enforced') =>
        (await runChecks({ lab: check(enforcement), cluster, answers: {} })).outcome;
      expect([cni, await outcome('enforced'), await outcome('not-enforced')]).toEqual(
        cni === 'calico' ? [cni, 'passed', 'failed'] : [cni, 'failed', 'passed'],
      );
      const left =
        'kubectl wait --for=delete ns -l app.kubernetes.io/managed-by=gatehouse --timeout=20s; kubectl get ns';
      expect((await cluster.run(left)).stdout).not.toContain('gatehouse-canary');
    }
  },
  TIMEOUT_MS,
);
