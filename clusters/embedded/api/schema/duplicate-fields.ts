/**
 * Fields that stand twice in one object of a JSON text, by path (`spec.containers[0].image`), in the order in
 * which their second appearance comes. Expects text that `JSON.parse` takes.
 */
export function findDuplicateFields(text: string): string[] {
  const found: string[] = [];
  scanValue({ text, at: 0, found }, '');
  return found;
}

interface Scan {
  text: string;
  at: number;
  found: string[];
}

function scanValue(scan: Scan, path: string): void {
  skipSpace(scan);
  const char = scan.text.charAt(scan.at);
  if (char === '{') scanObject(scan, path);
  else if (char === '[') scanArray(scan, path);
  else if (char === '"') readString(scan);
  else
    while (scan.at < scan.text.length && !/[\s,\]}]/.test(scan.text.charAt(scan.at))) scan.at += 1;
}

function scanObject(scan: Scan, path: string): void {
  const seen = new Set<string>();
  scan.at += 1;
  while (skipSpace(scan) < scan.text.length) {
    const char = scan.text.charAt(scan.at);
    if (char === '}') {
      scan.at += 1;
      return;
    }
    if (char === ',') {
      scan.at += 1;
      continue;
    }
    const key = readString(scan);
    const here = path === '' ? key : `${path}.${key}`;
    if (seen.has(key)) scan.found.push(here);
    seen.add(key);
    skipSpace(scan);
    scan.at += 1;
    scanValue(scan, here);
  }
}

function scanArray(scan: Scan, path: string): void {
  scan.at += 1;
  let index = 0;
  while (skipSpace(scan) < scan.text.length) {
    const char = scan.text.charAt(scan.at);
    if (char === ']') {
      scan.at += 1;
      return;
    }
    if (char === ',') {
      scan.at += 1;
      continue;
    }
    scanValue(scan, `${path}[${index}]`);
    index += 1;
  }
}

function readString(scan: Scan): string {
  const start = scan.at;
  scan.at += 1;
  while (scan.at < scan.text.length && scan.text.charAt(scan.at) !== '"') {
    scan.at += scan.text.charAt(scan.at) === '\\' ? 2 : 1;
  }
  scan.at += 1;
  const value: unknown = JSON.parse(scan.text.slice(start, scan.at));
  return String(value);
}

/** Returns where the next character that is no space stands. */
function skipSpace(scan: Scan): number {
  while (/\s/.test(scan.text.charAt(scan.at))) scan.at += 1;
  return scan.at;
}
