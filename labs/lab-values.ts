import { createHash } from 'node:crypto';
import { z } from 'zod';
import { nearestNames } from '../common/nearest.js';
import { parseYamlFile, type FileProblem } from './lab-file.js';

/** One value: one of a list, or a whole number of a range, both ends included. */
const ValueDefinition = z.union([
  z.strictObject({ oneOf: z.array(z.union([z.string().min(1), z.number()])).min(2) }),
  z
    .strictObject({ from: z.number().int(), to: z.number().int() })
    .refine(({ from, to }) => from < to, 'must be a range: "from" below "to"'),
]);

/** `values.yaml` of a lab: what differs from learner to learner, by name. */
const ValuesFile = z.record(z.string().regex(/^[a-z][a-z0-9-]*$/), ValueDefinition);

/** Where no learner is meant: the command line without `--seed`, lint, previews. */
export const DEFAULT_SEED = 'default';

/** Numbers stay numbers: where a value stands alone, a port must be one. */
export type LabValues = Readonly<Record<string, string | number>>;

/** Draws the values of one seed: the same seed always gets the same ones, and nobody can tell one seed's from another's. */
export function drawValues(
  text: string,
  seed: string,
): { values: LabValues; problems: readonly FileProblem[] } {
  const { value = {}, problems } = parseYamlFile(text, ValuesFile);
  const drawn = Object.entries(value).map(([name, definition]) => {
    const hash = createHash('sha256').update(`${seed}\0${name}`).digest();
    const number = hash.readUIntBE(0, 6);
    return [name, pick(definition, number)] as const;
  });
  return { values: Object.fromEntries(drawn), problems };
}

function pick(definition: z.infer<typeof ValueDefinition>, number: number): string | number {
  if ('from' in definition) {
    return definition.from + (number % (definition.to - definition.from + 1));
  }
  return definition.oneOf[number % definition.oneOf.length] ?? '';
}

/**
 * Puts the values in the place of `{{ values.NAME }}`, before anything else reads the file's text. In YAML, a number
 * that stands alone in its quotes loses them: they are there for the sake of editors.
 */
export function fillValues(
  { name: file, text }: { name: string; text: string },
  values: LabValues,
): { filled: string; problems: readonly FileProblem[] } {
  const problems: FileProblem[] = [];
  const isYaml = /\.ya?ml$/.test(file);
  const filled = text.replaceAll(PLACEHOLDER, (...match) => {
    const [whole, before, name, after] = match.map(String);
    const value = values[name ?? ''];
    if (value === undefined) {
      problems.push({
        ...placeOf(text, Number(match[4]) + (before ?? '').length),
        ...unknownValue(name ?? '', values),
      });
      return whole ?? '';
    }
    const isAlone = isYaml && typeof value === 'number' && before !== '' && before === after;
    return isAlone ? String(value) : `${before ?? ''}${value}${after ?? ''}`;
  });
  return { filled, problems };
}

function placeOf(text: string, offset: number): { line: number; column: number } {
  const lines = text.slice(0, offset).split('\n');
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}

function unknownValue(name: string, values: LabValues): { message: string; fix: string } {
  const [nearest] = nearestNames(name, Object.keys(values));
  return {
    message: `there is no value "${name}" in values.yaml`,
    fix: nearest === undefined ? 'Add it there.' : `Did you mean "${nearest}"?`,
  };
}

/** With the quotes around it, where there are any. */
const PLACEHOLDER = /(['"]?)\{\{\s*values\.([a-z0-9-]*)\s*\}\}(['"]?)/g;
