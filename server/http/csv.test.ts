import { csvOf } from './csv.js';

test('what would break a row is quoted, and what would be a formula is text', () => {
  expect(
    csvOf([
      ['Ada "the" first, of all', 3],
      ['=HYPERLINK("x")', '-1'],
    ]),
  ).toBe('\uFEFF"Ada ""the"" first, of all",3\r\n"\'=HYPERLINK(""x"")",\'-1\r\n');
});
