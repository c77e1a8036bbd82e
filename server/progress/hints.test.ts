import type { CheckResult, LabResult } from '../../common/verdict.js';
import { SAMPLE_RESULT } from '../../graders/reporters/sample-result.js';
import { chargeResult } from './hints.js';

const check = (id: string, earned: number, possible = 5): CheckResult => ({
  id,
  title: id,
  step: 'close',
  outcome: earned > 0 ? 'passed' : 'failed',
  points: { earned, possible },
  rationale: '',
  message: '',
  findings: [],
  hints: ['where', 'what'],
  tookMs: 1,
});
const result = (...checks: CheckResult[]): LabResult => ({
  ...SAMPLE_RESULT,
  outcome: 'passed',
  checks,
});
const pointsOf = ({ points, checks }: LabResult) => [
  points.earned,
  points.possible,
  ...checks.map(({ points: { earned } }) => earned),
];

test.each([
  ['nothing opened', [], [10, 10, 5, 5]],
  ['a free hint', [{ check: 'a', tier: 1, cost: 0 }], [10, 10, 5, 5]],
  [
    'both tiers of one check',
    [
      { check: 'a', tier: 1, cost: 1 },
      { check: 'a', tier: 2, cost: 2 },
    ],
    [7, 10, 2, 5],
  ],
  ['hints of another check', [{ check: 'other', tier: 2, cost: 2 }], [10, 10, 5, 5]],
  ['more than there is', [{ check: 'b', tier: 2, cost: 9 }], [5, 10, 5, 0]],
])('%s', (_, opened, points) => {
  expect(pointsOf(chargeResult(result(check('a', 5), check('b', 5)), opened))).toEqual(points);
});

test('what is done with help is done, and what is not done costs nothing more', () => {
  const opened = [{ check: 'a', tier: 2, cost: 2 }];
  const passed = chargeResult(result(check('a', 5)), opened);
  expect(passed).toMatchObject({ outcome: 'passed', checks: [{ hintCost: 2 }] });
  expect(pointsOf(chargeResult(result(check('a', 0)), opened))).toEqual([0, 5, 0]);
});
