import { existsSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { z } from 'zod';
import { GatehouseError, messageOf } from '../../common/errors.js';

/** A provider's settings from a YAML file; defaults where there is none. Rejects what it does not understand, naming file and field. */
export function readSettingsFile<T>(file: string, schema: z.ZodType<T>): T {
  if (!existsSync(file)) return schema.parse({});
  const fix = `correct it: "\${EDITOR:-vi}" ${file}`;
  let value: unknown;
  try {
    value = parse(readFileSync(file, 'utf8')) ?? {};
  } catch (cause) {
    const message = `${file} is not YAML: ${messageOf(cause)}`;
    throw new GatehouseError('BAD_REQUEST', message, { fix, cause });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(
    (issue) => `${issue.path.join('.') || 'the file'}: ${issue.message}`,
  );
  throw new GatehouseError('BAD_REQUEST', `${file}: ${problems.join('; ')}`, { fix });
}
