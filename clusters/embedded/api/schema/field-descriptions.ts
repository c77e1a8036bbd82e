import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** `Type.field` -> its description. */
export type FieldDescriptions = ReadonlyMap<string, string>;

/**
 * Descriptions of the fields of a package, from the declarations of kubernetes-types: the models say nothing of
 * fields whose type is another model. Empty for packages that are not in there.
 */
export function readFieldDescriptions(packageName: string): FieldDescriptions {
  const [version = '', group = ''] = packageName.split('.').reverse();
  const folder = dirname(createRequire(import.meta.url).resolve('kubernetes-types/package.json'));
  const file = join(folder, group, `${version}.d.ts`);
  if (!existsSync(file)) return new Map();
  return parseDeclarations(readFileSync(file, 'utf8'));
}

function parseDeclarations(text: string): FieldDescriptions {
  const descriptions = new Map<string, string>();
  for (const [, type = '', body = ''] of text.matchAll(
    /export interface (\w+) \{\n([\s\S]*?)\n\}/g,
  )) {
    for (const [, comment = '', name = ''] of body.matchAll(
      /\/\*\*([\s\S]*?)\*\/\n {4}(?:readonly )?"?([\w$-]+)"?\??:/g,
    )) {
      descriptions.set(`${type}.${name}`, cleanComment(comment));
    }
  }
  return descriptions;
}

function cleanComment(comment: string): string {
  return comment
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, ''))
    .join('\n')
    .trim();
}
