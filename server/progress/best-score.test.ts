import type { LabResult } from '../../common/verdict.js';
import { raiseScore } from './best-score.js';

type Outcome = LabResult['outcome'];

const after = (...results: [earned: number, possible: number, outcome: Outcome][]) =>
  results.reduce<ReturnType<typeof raiseScore> | undefined>(
    (best, [earned, possible, outcome], index) =>
      raiseScore(best, { points: { earned, possible }, outcome }, `moment ${index}`),
    undefined,
  );

test.each([
  [
    'a worse retry',
    [
      [8, 12, 'failed'],
      [3, 12, 'failed'],
    ],
    { earned: 8, possible: 12 },
  ],
  [
    'a better one',
    [
      [3, 12, 'failed'],
      [8, 12, 'failed'],
    ],
    { earned: 8, possible: 12 },
  ],
  [
    'a pass with help',
    [
      [3, 12, 'failed'],
      [9, 12, 'passed'],
    ],
    { earned: 9, possible: 12 },
  ],
  [
    'a failure after a pass',
    [
      [12, 12, 'passed'],
      [0, 12, 'failed'],
    ],
    { earned: 12, possible: 12 },
  ],
  [
    'what cannot be told of a lab with more points',
    [
      [12, 12, 'passed'],
      [15, 16, 'inconclusive'],
    ],
    { earned: 15, possible: 15 },
  ],
  [
    'a failure in a lab with more points',
    [
      [12, 12, 'passed'],
      [5, 20, 'failed'],
    ],
    { earned: 12, possible: 12 },
  ],
  [
    'a pass with help, then with less of it',
    [
      [9, 12, 'passed'],
      [11, 12, 'passed'],
    ],
    { earned: 11, possible: 12 },
  ],
] as const)('%s', (_what, results, best) => {
  expect(
    after(
      ...results.map(([earned, possible, outcome]): [number, number, Outcome] => [
        earned,
        possible,
        outcome,
      ]),
    ),
  ).toMatchObject(best);
});

test('a step is passed at the moment it was passed first', () => {
  expect(after([1, 2, 'failed'])?.passedAt).toBeUndefined();
  expect(after([1, 2, 'failed'], [2, 2, 'passed'], [2, 2, 'passed'])?.passedAt).toBe('moment 1');
});
