import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** A field as a model of @kubernetes/client-node declares it. */
export interface ModelField {
  /** Its name in JSON. */
  name: string;
  /** `string`, `Array<V1Container>`, `{ [key: string]: string; }`, … */
  type: string;
  format: string;
  description: string;
  required: boolean;
}

export interface Model {
  description: string;
  fields: ModelField[];
}

/** Where the generated models of the installed @kubernetes/client-node are. */
export function modelsFolder(): string {
  const entry = createRequire(import.meta.url).resolve('@kubernetes/client-node');
  return join(dirname(entry), 'gen', 'models');
}

/** Reads every model from its files (not by importing them: that costs 100 MB and half a second). */
export function readModels(folder: string): Map<string, Model> {
  const models = new Map<string, Model>();
  for (const file of readdirSync(folder)) {
    if (!file.endsWith('.js') || file === 'all.js' || file === 'ObjectSerializer.js') continue;
    const name = file.slice(0, -'.js'.length);
    const code = readFileSync(join(folder, file), 'utf8');
    const attributes = /\.attributeTypeMap = (\[[\s\S]*?\n?\]);/.exec(code)?.[1];
    if (attributes === undefined) continue;
    const declaration = readFileSync(join(folder, `${name}.d.ts`), 'utf8');
    models.set(name, parseModel(attributes, declaration));
  }
  return models;
}

function parseModel(attributes: string, declaration: string): Model {
  const parsed: unknown = JSON.parse(attributes);
  const list: unknown[] = Array.isArray(parsed) ? parsed : [];
  const documented = parseDeclaration(declaration);
  return {
    description: classComment(declaration),
    fields: list.map((entry) => {
      const name = textOf(entry, 'name');
      const { description = '', required = false } = documented.get(name) ?? {};
      return {
        name: textOf(entry, 'baseName'),
        type: textOf(entry, 'type'),
        format: textOf(entry, 'format'),
        description,
        required,
      };
    }),
  };
}

function classComment(declaration: string): string {
  const before = declaration.slice(0, declaration.indexOf('export declare class'));
  const start = before.lastIndexOf('/**');
  return start <= 0 ? '' : cleanComment(before.slice(start + 3, before.lastIndexOf('*/')));
}

function parseDeclaration(
  declaration: string,
): Map<string, { description: string; required: boolean }> {
  const fields = new Map<string, { description: string; required: boolean }>();
  const pattern = /(?: {4}\/\*\*\n([\s\S]*?) {4}\*\/\n)? {4}'([^']+)'(\??): /g;
  for (const [, comment = '', name = '', optional] of declaration.matchAll(pattern)) {
    fields.set(name, { description: cleanComment(comment), required: optional === '' });
  }
  return fields;
}

function cleanComment(comment: string): string {
  return comment
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, ''))
    .join('\n')
    .trim()
    .replaceAll("\\'", "'")
    .replaceAll('\\"', '"');
}

function textOf(entry: unknown, key: string): string {
  const value: unknown =
    typeof entry === 'object' && entry !== null ? Reflect.get(entry, key) : undefined;
  if (typeof value !== 'string') throw new Error(`A model's attribute has no ${key}`);
  return value;
}
