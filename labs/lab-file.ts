import { isMap, isNode, isScalar, LineCounter, parseDocument, type Document } from 'yaml';
import { z } from 'zod';
import { isJsonObject, valueAt } from '../common/json.js';
import { nearestNames } from '../common/nearest.js';
import type { LabProblem } from './lab-problem.js';

export type FileProblem = Omit<LabProblem, 'lab' | 'file'>;
type Path = readonly (string | number)[];

export interface ParsedFile<T> {
  value?: T;
  problems: FileProblem[];
  /** Where a path of keys and indexes stands in the text; its nearest parent where it is absent. */
  locate: (path: Path) => { line: number; column: number };
}

/** Reads YAML text against a schema and says, with line and column, what is wrong and what would be right. */
export function parseYamlFile<T>(text: string, schema: z.ZodType<T>): ParsedFile<T> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const locate = (path: Path) => at(offsetOf(document, path));
  if (document.errors.length > 0) {
    const problems = document.errors.map((error) => ({
      ...at(error.pos[0]),
      message: error.message.replace(/\.$/, ''),
      fix: 'Check the indentation, the colons and the quotes around this place.',
    }));
    return { problems, locate };
  }
  const raw: unknown = document.toJS();
  const result = schema.safeParse(raw);
  if (result.success) return { value: result.data, problems: [], locate };
  const shape: unknown = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  const problems = result.error.issues.flatMap((issue) =>
    problemsOf(issue, { raw, shape }).map(({ path, ...words }) => ({
      ...at(path.ofKey ? keyOffsetOf(document, path.keys) : offsetOf(document, path.keys)),
      ...words,
    })),
  );
  return { problems, locate };
}

interface PlacedWords {
  path: { keys: Path; ofKey: boolean };
  message: string;
  fix: string;
}

function problemsOf(
  issue: z.core.$ZodIssue,
  context: { raw: unknown; shape: unknown },
): PlacedWords[] {
  const keys = issue.path.filter((key) => typeof key !== 'symbol');
  const where = keys.length === 0 ? 'the file' : `"${pathText(keys)}"`;
  const here = { keys, ofKey: false };
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => {
        const known = knownKeys(context, keys);
        const [nearest] = nearestNames(key, known);
        return {
          path: { keys: [...keys, key], ofKey: true },
          message: `"${key}" is not a field of ${where}`,
          fix:
            nearest === undefined
              ? `Fields known here: ${known.join(', ')}.`
              : `Did you mean "${nearest}"?`,
        };
      });
    case 'invalid_type':
      if (valueAt(context.raw, keys) === undefined) {
        const field = String(keys.at(-1) ?? 'the file');
        // A misspelt field is told once, where it stands.
        if (unknownSiblings(context, keys).some((key) => nearestNames(key, [field]).length > 0))
          return [];
        return [
          {
            path: here,
            message: `${where} is missing`,
            fix: `Add "${field}": ${describeType(issue.expected)}.`,
          },
        ];
      }
      return [
        {
          path: here,
          message: `${where} is ${describeValue(valueAt(context.raw, keys))}`,
          fix: `It must be ${describeType(issue.expected)}.`,
        },
      ];
    case 'invalid_value': {
      const allowed = issue.values.map(String);
      return [choiceProblem({ where, path: here, value: valueAt(context.raw, keys), allowed })];
    }
    case 'invalid_union': {
      if ('options' in issue && Array.isArray(issue.options)) {
        const allowed = issue.options.map(String);
        return [choiceProblem({ where, path: here, value: valueAt(context.raw, keys), allowed })];
      }
      return [
        {
          path: here,
          message: `${where} is ${describeValue(valueAt(context.raw, keys))}`,
          fix: 'See labs/README.md for what may stand here.',
        },
      ];
    }
    case 'invalid_format':
      return [
        {
          path: here,
          message: `${where} is ${describeValue(valueAt(context.raw, keys))}`,
          fix: `Allowed: ${issue.message}.`,
        },
      ];
    case 'too_small':
      return [
        {
          path: here,
          message: `${where} is too small or too short`,
          fix: `At least ${issue.minimum} ${issue.origin === 'array' ? 'items are' : issue.origin === 'string' ? 'character is' : 'is'} needed.`,
        },
      ];
    case 'too_big':
      return [
        {
          path: here,
          message: `${where} is too large or too long`,
          fix: `At most ${issue.maximum}${issue.origin === 'array' ? ' items' : ''} may stand here.`,
        },
      ];
    case 'not_multiple_of':
    case 'invalid_key':
    case 'invalid_element':
    case 'custom':
      return [{ path: here, message: `${where}: ${issue.message}`, fix: 'See labs/README.md.' }];
  }
}

function choiceProblem(options: {
  where: string;
  path: PlacedWords['path'];
  value: unknown;
  allowed: readonly string[];
}): PlacedWords {
  const { where, path, value, allowed } = options;
  const [nearest] = typeof value === 'string' ? nearestNames(value, allowed) : [];
  return {
    path,
    message: value === undefined ? `${where} is missing` : `${where} is ${describeValue(value)}`,
    fix: `${nearest === undefined ? '' : `Did you mean "${nearest}"? `}Allowed: ${allowed.join(', ')}.`,
  };
}

/** Follows the path through the JSON Schema; unions are told apart by the constants in the raw value. */
function knownKeys(context: { raw: unknown; shape: unknown }, path: Path): string[] {
  let candidates: unknown[] = [context.shape];
  for (let depth = 0; ; depth += 1) {
    const value = valueAt(context.raw, path.slice(0, depth));
    candidates = candidates.flatMap((schema) => openUnion(schema, value));
    const step = path[depth];
    if (step === undefined) break;
    candidates = candidates.map((schema) =>
      typeof step === 'number' ? valueAt(schema, ['items']) : valueAt(schema, ['properties', step]),
    );
  }
  return [...new Set(candidates.flatMap((schema) => keysOf(valueAt(schema, ['properties']))))];
}

function openUnion(schema: unknown, value: unknown): unknown[] {
  const members = valueAt(schema, ['oneOf']) ?? valueAt(schema, ['anyOf']);
  if (!Array.isArray(members)) return [schema];
  const fitting = members.filter((member: unknown) =>
    keysOf(valueAt(member, ['properties'])).every((key) => {
      const constant = valueAt(member, ['properties', key, 'const']);
      return constant === undefined || valueAt(value, [key]) === constant;
    }),
  );
  return fitting.flatMap((member: unknown) => openUnion(member, value));
}

function unknownSiblings(context: { raw: unknown; shape: unknown }, path: Path): string[] {
  const parent = path.slice(0, -1);
  const known = new Set(knownKeys(context, parent));
  return keysOf(valueAt(context.raw, parent)).filter((key) => !known.has(key));
}

function keysOf(value: unknown): string[] {
  return isJsonObject(value) ? Object.keys(value) : [];
}

function offsetOf(document: Document, path: Path): number {
  for (let length = path.length; length >= 0; length -= 1) {
    const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}

function keyOffsetOf(document: Document, path: Path): number {
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  const key = path.at(-1);
  if (isMap(parent)) {
    for (const pair of parent.items) {
      if (isScalar(pair.key) && pair.key.value === key && pair.key.range) return pair.key.range[0];
    }
  }
  return offsetOf(document, path);
}

function pathText(path: Path): string {
  return path
    .map((key, i) => (typeof key === 'number' ? `[${key}]` : i === 0 ? key : `.${key}`))
    .join('');
}

function describeType(expected: string): string {
  const words: Record<string, string> = {
    string: 'text',
    number: 'a number',
    int: 'a whole number',
    boolean: 'true or false',
    array: 'a list (lines that start with "- ")',
    object: 'a map (lines of "key: value")',
    record: 'a map (lines of "key: value")',
  };
  return words[expected] ?? expected;
}

function describeValue(value: unknown): string {
  if (value === null || value === undefined) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (isJsonObject(value)) return 'a map';
  return typeof value === 'string' ? `the text "${value}"` : JSON.stringify(value);
}
