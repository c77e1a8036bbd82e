import type { Environment } from '@marcbachmann/cel-js';
import { formatText } from './format-text.js';

/** The string functions of cel-go's extension that the interpreter lacks, and those for regular expressions. */
export function addStrings(env: Environment): void {
  env.registerFunction('string.charAt(int): string', (text: string, at: bigint) => {
    const points = Array.from(text);
    const index = Number(at);
    if (index < 0 || index > points.length) throw new Error(`index out of range: ${index}`);
    return points[index] ?? '';
  });
  env.registerFunction(
    'string.replace(string, string): string',
    (text: string, from: string, to: string) => text.split(from).join(to),
  );
  env.registerFunction(
    'string.replace(string, string, int): string',
    (text: string, ...[from, to, count]: [string, string, bigint]) =>
      replaceSome(text, { from, to, count: Number(count) }),
  );
  env.registerFunction('string.reverse(): string', (text: string) =>
    Array.from(text).reverse().join(''),
  );
  env.registerFunction('string.format(list): string', (text: string, values: unknown[]) =>
    formatText(text, values),
  );
  env.registerFunction(
    'string.find(string): string',
    (text: string, pattern: string) => expression(pattern).exec(text)?.[0] ?? '',
  );
  env.registerFunction('string.findAll(string): list<string>', (text: string, pattern: string) =>
    findAll(text, pattern),
  );
  env.registerFunction(
    'string.findAll(string, int): list<string>',
    (text: string, pattern: string, count: bigint) => {
      const all = findAll(text, pattern);
      return count < 0n ? all : all.slice(0, Number(count));
    },
  );
}

function findAll(text: string, pattern: string): string[] {
  return Array.from(text.matchAll(expression(pattern, 'g')), ([found]) => found);
}

function expression(pattern: string, flags = ''): RegExp {
  return new RegExp(pattern, `${flags}u`);
}

function replaceSome(
  text: string,
  { from, to, count }: { from: string; to: string; count: number },
): string {
  const parts = text.split(from);
  if (count < 0 || count >= parts.length) return parts.join(to);
  return [parts.slice(0, count + 1).join(to), ...parts.slice(count + 1)].join(from);
}
