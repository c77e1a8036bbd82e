/** A result with every outcome, a matrix, and text that means harm to each format: for tests of the reporters. */
import type { CheckResult, LabResult } from '../../common/verdict.js';

const NASTY = 'a → b:80/TCP should be denied <now> & "then"\u001B[31m, but \uD800 was: connected.';

const check = (id: string, rest: Partial<CheckResult>): CheckResult => ({
  id,
  title: `Title of ${id}`,
  step: 'one',
  outcome: 'passed',
  points: { earned: 0, possible: 2 },
  rationale: 'R',
  message: 'Fine.',
  findings: [],
  hints: [],
  tookMs: 12,
  ...rest,
});

export const SAMPLE_RESULT: LabResult = {
  version: 1,
  lab: '05-networking/09-deny-all',
  labDigest: 'sha256:0',
  graderVersion: '1',
  platformVersion: '0.1.0',
  provider: 'embedded',
  cluster: 'c1',
  fingerprint: {
    digest: 'sha256:1',
    uid: '9e0f2c1e-0000-4000-8000-000000000001',
    nodes: [
      { name: 'control-plane', uid: '9e0f2c1e-0000-4000-8000-000000000002', version: 'v1.32.0' },
    ],
  },
  startedAt: '2026-01-02T03:04:05.678Z',
  endedAt: '2026-01-02T03:04:06.912Z',
  tookMs: 1234,
  outcome: 'failed',
  points: { earned: 2, possible: 10 },
  checks: [
    check('a', { points: { earned: 2, possible: 2 } }),
    check('b', {
      outcome: 'failed',
      message: NASTY,
      findings: [
        {
          subject: 'a → b:80/TCP',
          path: { from: 'a', to: 'b:80/TCP' },
          expected: 'denied',
          observed: 'connected',
          outcome: 'failed',
          reason: 'Allowed.',
          next: 'kubectl get networkpolicies -n b',
        },
      ],
    }),
    check('c', { step: 'two', outcome: 'skipped', message: 'Not yet.' }),
    check('d', { step: 'two', outcome: 'inconclusive', message: 'Starved.' }),
    check('e', { step: 'two', outcome: 'error', message: 'Ours.' }),
  ],
  signature: { keyId: 'sha256:2', algorithm: 'Ed25519', value: 'AAAA' },
};

/** Titles and messages that try to be more than text. */
export const HOSTILE_RESULT: LabResult = {
  ...SAMPLE_RESULT,
  checks: [
    check('f', {
      outcome: 'failed',
      title:
        'x # TODO |a| <script>alert(1)</script> ]]> ::error::x, y:z 100%\n# SKIP ok 9 - forged',
      message:
        '1..0\nBail out!\n::stop-commands::t\n| [link](javascript:x) | <img src=x onerror=y>',
      findings: [
        {
          subject: '<b>|x|</b>',
          expected: '`code`',
          observed: '\u202Ereversed\u0000',
          outcome: 'failed',
          reason: '--- "quoted" \'single\'\n...\nok 1 - forged',
        },
      ],
    }),
  ],
};
