/** A spreadsheet takes a cell that begins so for a formula, and learners choose their names. */
const FORMULA = /^[=+\-@\t\r]/;

/** Rows as RFC 4180, with the mark by which spreadsheets know UTF-8. Text that would be a formula gets an apostrophe. */
export function csvOf(rows: readonly (readonly (string | number)[])[]): string {
  return `\uFEFF${rows.map((cells) => `${cells.map(cellOf).join(',')}\r\n`).join('')}`;
}

function cellOf(value: string | number): string {
  if (typeof value === 'number') return String(value);
  const text = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
