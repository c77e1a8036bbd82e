import type { Attack } from '../attack.js';

/** Answers that nobody looked up. */
export const ANSWERS_THAT_GUESS: readonly Attack[] = [
  {
    lab: 'deny-all',
    step: 'look',
    never: { checks: ['who-reaches'], outcome: 'passed' },
    title: 'every option is ticked',
    answers: { 'who-reaches': ['prod-web', 'dev-client', 'batch-worker', 'internet'] },
  },
  {
    lab: 'deny-all',
    step: 'look',
    never: { checks: ['who-reaches'], outcome: 'passed' },
    title: 'a right option is ticked three times',
    answers: { 'who-reaches': ['prod-web', 'prod-web', 'prod-web'] },
  },
  {
    lab: 'deny-all',
    step: 'look',
    never: { checks: ['how-many'], outcome: 'passed' },
    title: 'an empty answer where 0 is right',
    answers: { 'how-many': ' ' },
  },
  {
    lab: 'deny-all',
    step: 'look',
    never: { checks: ['how-many'], outcome: 'passed' },
    title: 'all numbers at once',
    answers: { 'how-many': '0 1 2 3 4 5' },
  },
  {
    lab: 'deny-all',
    step: 'close-egress',
    isSolved: true,
    never: { checks: ['dns-trap'], outcome: 'passed' },
    title: 'several options where one is asked for',
    answers: { 'dns-trap': ['query-dropped', 'ingress', 'dns-down', 'name-gone'] },
  },
];
