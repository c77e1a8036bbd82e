import type { ResourceDefinition } from '../../resource-definition.js';
import { BUILT_IN_RESOURCES } from '../index.js';

/** Ours for a recording's file, which is named `GROUP__VERSION__PLURAL.json`. */
export function definitionOf(file: string): ResourceDefinition | undefined {
  const parts = file.replace('.json', '').replace('__ns', '').split('__');
  const plural = parts.pop() ?? '';
  const version = parts.pop() ?? '';
  const group = parts.pop() ?? '';
  return BUILT_IN_RESOURCES.find(
    (one) => one.plural === plural && one.version === version && one.group === group,
  );
}

/** Go writes null for what we leave out. */
export function withoutNulls<T>(object: T): T {
  // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- the same object, written and read
  return JSON.parse(JSON.stringify(object, (_key, value: unknown) => value ?? undefined)) as T;
}
