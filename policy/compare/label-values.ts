import { TooHard } from './sat-solver.js';

/** What a label can be, as far as the questions asked about it can tell: finitely many classes. */

/** Questions about one label. */
export interface ValueQuestions {
  equals: Set<string>;
  starts: Set<string>;
  ends: Set<string>;
  contains: Set<string>;
}

export const noQuestions = (): ValueQuestions => ({
  equals: new Set(),
  starts: new Set(),
  ends: new Set(),
  contains: new Set(),
});

/** How values may be written. */
export type ValueSyntax = 'label' | 'name';

/**
 * One value for each way in which the questions can be answered, shortest first; every other value answers
 * them as one of these does.
 */
export function sampleValues(questions: ValueQuestions, syntax: ValueSyntax): string[] {
  const { starts, ends, contains } = questions;
  if (starts.size + ends.size + contains.size > 0) return searchSamples(questions, syntax);
  const named = [...questions.equals].filter((value) => SYNTAX[syntax].test(value));
  return [...named, freshName(questions.equals)];
}

/** Another value that answers the questions alike; undefined where none was found. */
export function similarValue(
  questions: ValueQuestions,
  value: string,
  syntax: ValueSyntax,
): string | undefined {
  const answers = answersOf(questions, value);
  const places = Array.from({ length: value.length + 1 }, (_, i) => value.length - i);
  return ['-2', '2', 'z']
    .flatMap((more) => places.map((at) => value.slice(0, at) + more + value.slice(at)))
    .find((other) => SYNTAX[syntax].test(other) && answersOf(questions, other) === answers);
}

const SYNTAX = {
  label: /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/,
  name: /^[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?$/,
} as const;

const LETTERS = {
  label: 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.',
  name: 'abcdefghijklmnopqrstuvwxyz0123456789-.',
} as const;

function freshName(taken: ReadonlySet<string>): string {
  let name = 'other';
  for (let i = 2; taken.has(name); i += 1) name = `other-${i}`;
  return name;
}

/** Walks all texts letter by letter, but each state of knowledge about them only once. */
function searchSamples(questions: ValueQuestions, syntax: ValueSyntax): string[] {
  const { equals, starts, ends, contains } = questions;
  const texts = [...equals, ...starts, ...ends, ...contains].join('');
  const letters = lettersFor(texts, syntax);
  const samples = new Map<string, string>();
  const seen = new Set<string>();
  let frontier = [''];
  for (let length = 0; length <= MAX_LENGTH && frontier.length > 0; length += 1) {
    const next: string[] = [];
    for (const text of frontier) {
      if (SYNTAX[syntax].test(text)) {
        const answers = answersOf(questions, text);
        if (!samples.has(answers)) samples.set(answers, text);
      }
      for (const letter of letters) {
        const longer = text + letter;
        if (!/^[a-z0-9]/i.test(longer)) continue;
        const state = stateOf(questions, longer);
        if (seen.has(state)) continue;
        if (seen.size > MAX_STATES)
          throw new TooHard('Too many parts of label values are asked for.');
        seen.add(state);
        next.push(longer);
      }
    }
    frontier = next;
  }
  return [...samples.values()];
}

const MAX_LENGTH = 63;
const MAX_STATES = 100_000;

/** Letters that occur, and one that does not: all others behave like that one. */
function lettersFor(texts: string, syntax: ValueSyntax): string[] {
  const possible = Array.from(LETTERS[syntax]);
  const used = possible.filter((letter) => texts.includes(letter));
  const other = possible.find((letter) => /[a-z0-9]/i.test(letter) && !texts.includes(letter));
  return other === undefined ? possible : [...used, other];
}

function answersOf({ equals, starts, ends, contains }: ValueQuestions, text: string): string {
  return [
    ...[...equals].map((value) => value === text),
    ...[...starts].map((start) => text.startsWith(start)),
    ...[...ends].map((end) => text.endsWith(end)),
    ...[...contains].map((part) => text.includes(part)),
  ]
    .map(Number)
    .join('');
}

/** All that decides how a text can go on to answer the questions. */
function stateOf(questions: ValueQuestions, text: string): string {
  const { equals, starts, ends, contains } = questions;
  const atStart = [...equals, ...starts].some((value) => value.startsWith(text)) ? text : '';
  const tails = [...ends, ...contains].map((part) => overlap(text, part));
  const lastLetter = /[A-Za-z0-9]$/.test(text);
  return [
    atStart,
    [...starts].map((start) => Number(text.startsWith(start))).join(''),
    [...contains].map((part) => Number(text.includes(part))).join(''),
    tails.join(),
    Number(lastLetter),
  ].join('|');
}

/** The length of the longest end of the text that begins the part. */
function overlap(text: string, part: string): number {
  for (let length = Math.min(text.length, part.length); length > 0; length -= 1) {
    if (text.endsWith(part.slice(0, length))) return length;
  }
  return 0;
}
