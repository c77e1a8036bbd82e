import { PRODUCT, VERSION } from '../../common/project.js';
import type { LabResult, Outcome } from '../../common/verdict.js';
import { detailsOf, stepsOf } from './check-words.js';

/** The statuses of the Common Test Report Format; `other` is neither the learner's doing nor left out. */
const STATUS_OF = {
  passed: 'passed',
  failed: 'failed',
  skipped: 'skipped',
  inconclusive: 'other',
  error: 'other',
} as const satisfies Record<Outcome, string>;

/** Common Test Report Format (ctrf.io): one test per check, the step as its suite. */
export function reportCtrf(result: LabResult): string {
  const { lab, checks, startedAt, tookMs } = result;
  const count = (status: string) =>
    checks.filter(({ outcome }) => STATUS_OF[outcome] === status).length;
  const start = Date.parse(startedAt);
  const report = {
    reportFormat: 'CTRF',
    specVersion: '0.0.0',
    timestamp: startedAt,
    generatedBy: PRODUCT,
    results: {
      tool: { name: PRODUCT, version: VERSION },
      summary: {
        tests: checks.length,
        passed: count('passed'),
        failed: count('failed'),
        skipped: count('skipped'),
        pending: 0,
        other: count('other'),
        suites: stepsOf(result).length,
        start,
        stop: start + Math.round(tookMs),
        duration: Math.round(tookMs),
      },
      tests: checks.map((check) => {
        const details = detailsOf(check);
        return {
          testId: `${lab}/${check.step}/${check.id}`,
          name: check.title,
          status: STATUS_OF[check.outcome],
          rawStatus: check.outcome,
          duration: Math.round(check.tookMs),
          suite: [lab, check.step],
          ...(details.length === 0 ? {} : { message: check.message, trace: details.join('\n') }),
          extra: { points: check.points, findings: check.findings },
        };
      }),
      extra: identityOf(result),
    },
  };
  return `${JSON.stringify(report, null, 2)}\n`;
}

function identityOf({ labDigest, graderVersion, provider, cluster, points, outcome }: LabResult) {
  return { labDigest, graderVersion, provider, cluster, points, outcome };
}
