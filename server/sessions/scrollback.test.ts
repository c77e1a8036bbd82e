import { Scrollback } from './scrollback.js';

const bytes = (text: string): Buffer => Buffer.from(text);

test('what was appended is read back in order', () => {
  const scrollback = new Scrollback();
  for (let i = 0; i < 3000; i += 1) scrollback.append(bytes(`line ${i}\r\n`));
  const lines = scrollback.read().toString().split('\r\n');
  expect(lines).toHaveLength(3001);
  expect(lines[2999]).toBe('line 2999');
});

test('a flood keeps a bounded tail that starts with a whole line', () => {
  const scrollback = new Scrollback();
  const line = `${'y'.repeat(79)}\n`;
  for (let i = 0; i < 20_000; i += 1) scrollback.append(bytes(line));
  const kept = scrollback.read().toString();
  expect(kept.startsWith('y'.repeat(79))).toBe(true);
  expect(kept.length).toBeGreaterThan(150_000);
  expect(scrollback.byteLength).toBeLessThan(300 * 1024);
});

test('a quiet terminal costs a few kilobytes', () => {
  const scrollback = new Scrollback();
  scrollback.append(bytes('$ '));
  expect(scrollback.byteLength).toBeLessThanOrEqual(4096);
});

test('modes set before the kept part are put in front, even when cut between chunks', () => {
  const scrollback = new Scrollback();
  scrollback.append(bytes('\x1b[?20'));
  scrollback.append(bytes('04h\x1b[?1049h\x1b[?25l'));
  scrollback.append(bytes('x\n'.repeat(200_000)));
  const start = scrollback.read().subarray(0, 40).toString();
  expect(start).toContain('\x1b[?2004h');
  expect(start).toContain('\x1b[?1049h');
  expect(start).toContain('\x1b[?25l');
  expect(scrollback.needsRedraw()).toBe(true);
});

test('a chunk larger than everything that is kept leaves its end', () => {
  const scrollback = new Scrollback();
  scrollback.append(bytes(`${'a'.repeat(500_000)}\nthe end`));
  expect(scrollback.read().toString().endsWith('the end')).toBe(true);
});
