import fc from 'fast-check';
import { sampleValues, similarValue, type ValueQuestions } from './label-values.js';

const text = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 3 });
const someTexts = fc.uniqueArray(text, { maxLength: 2 }).map((texts) => new Set(texts));
const questions = fc.record({
  equals: someTexts,
  starts: someTexts,
  ends: someTexts,
  contains: someTexts,
});

const answersTo = (asked: ValueQuestions, value: string): string =>
  JSON.stringify([
    [...asked.equals].map((other) => value === other),
    [...asked.starts].map((start) => value.startsWith(start)),
    [...asked.ends].map((end) => value.endsWith(end)),
    [...asked.contains].map((part) => value.includes(part)),
  ]);

/** Every text of a, b and c up to six letters. */
const ALL = [''];
for (let i = 0; ALL[i]!.length < 6; i += 1) {
  for (const letter of 'abc') ALL.push(ALL[i]! + letter);
}

test('has a value for every way in which the questions can be answered', () => {
  fc.assert(
    fc.property(questions, (asked) => {
      const samples = sampleValues(asked, 'label');
      const covered = new Set(samples.map((value) => answersTo(asked, value)));
      const missed = ALL.filter((value) => !covered.has(answersTo(asked, value)));
      expect(missed).toEqual([]);
      expect(covered.size).toBe(samples.length);
    }),
    { numRuns: 40 },
  );
});

test('values are written as labels and names can be', () => {
  const asked: ValueQuestions = {
    equals: new Set(['Upper', 'no space', '']),
    starts: new Set(),
    ends: new Set(),
    contains: new Set(),
  };
  expect(sampleValues(asked, 'label')).toEqual(['Upper', '', 'other']);
  expect(sampleValues(asked, 'name')).toEqual(['other']);
  expect(sampleValues({ ...asked, ends: new Set(['-', '.x']) }, 'label')).toEqual(
    expect.arrayContaining([expect.stringMatching(/^[a-z0-9]*\.x$/)]),
  );
});

test('finds a second value of the same kind', () => {
  const asked: ValueQuestions = {
    equals: new Set(['prod']),
    starts: new Set(['prod']),
    ends: new Set(['-eu']),
    contains: new Set(),
  };
  expect(similarValue(asked, 'prod-x-eu', 'name')).toMatch(/^prod.*-eu$/);
  expect(similarValue(asked, 'prod', 'name')).toBeUndefined();
});
