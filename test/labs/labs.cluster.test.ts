import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pLimit from 'p-limit';
import { gradeLab } from '../../graders/grade-lab.js';
import { testLab, type LabTestReport } from '../../graders/lab-test.js';
import { findLab, loadCatalog } from '../../labs/catalog.js';
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
    const report = limit(() => testLab({ lab, provider: under.provider }));
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
    for (const afterMs of [50, 700, 2000]) {
      const cancel = AbortSignal.timeout(afterMs);
      await expect(
        gradeLab({ lab, provider: under.provider, mode: { type: 'solution' }, signal: cancel }),
      ).rejects.toMatchObject({ code: 'CANCELLED' });
    }
    expect(await under.provider.list()).toEqual([]);
  },
  TIMEOUT_MS,
);
