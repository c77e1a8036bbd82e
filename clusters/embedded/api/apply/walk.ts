import { isJsonObject } from '../../../../common/json.js';
import type { JsonObject } from '../../../../common/json.js';
import { equalJson } from '../json/json-values.js';
import { childNode } from '../typed/type-node.js';
import type { TypeNode } from '../typed/type-node.js';
import { FieldSet } from './field-set.js';

export interface Comparison {
  added: FieldSet;
  modified: FieldSet;
  removed: FieldSet;
}

/** Which fields differ between two values of a type, by the rules of structured merge. */
export function compareTyped(before: unknown, after: unknown, node: TypeNode): Comparison {
  const result = { added: new FieldSet(), modified: new FieldSet(), removed: new FieldSet() };
  compareAt({ before, after, node, path: [] }, result);
  return result;
}

/** The fields that a value sets: what its applier owns. */
export function fieldsOf(value: unknown, node: TypeNode): FieldSet {
  const set = new FieldSet();
  collect(value, node, { set, path: [] });
  return set;
}

/** The path element of a list's item; undefined where the item lacks its keys. */
export function elementOf(item: unknown, node: TypeNode): string | undefined {
  if (node.keys.length === 0) {
    return typeof item === 'object' && item !== null ? undefined : `v:${JSON.stringify(item)}`;
  }
  if (!isJsonObject(item)) return undefined;
  const keys: JsonObject = {};
  for (const key of [...node.keys].sort()) {
    const value = item[key] ?? node.item?.fields.get(key)?.default;
    if (value === undefined || value === null) {
      // A key that is left out is a key like any other, as long as one is there.
      if (node.keys.length === 1) return undefined;
      continue;
    }
    keys[key] = value;
  }
  return Object.keys(keys).length === 0 ? undefined : `k:${JSON.stringify(keys)}`;
}

/** Items by path element; undefined where the list cannot be told apart and must be taken as a whole. */
export function itemsByElement(
  list: readonly unknown[],
  node: TypeNode,
): Map<string, unknown> | undefined {
  const items = new Map<string, unknown>();
  for (const item of list) {
    const element = elementOf(item, node);
    if (element === undefined || items.has(element)) return undefined;
    items.set(element, item);
  }
  return items;
}

/** Whether a value is owned as a whole. */
export function isLeaf(value: unknown, node: TypeNode): boolean {
  if (node.atomic || typeof value !== 'object' || value === null) return true;
  return Array.isArray(value)
    ? node.shape !== 'list'
    : node.shape === 'list' || node.shape === 'scalar';
}

interface Pair {
  before: unknown;
  after: unknown;
  node: TypeNode;
  path: readonly string[];
}

function compareAt(pair: Pair, result: Comparison): void {
  const { before, after, node, path } = pair;
  if (before === after) return;
  if (isLeafPair(before, after, node)) {
    if (before === undefined) result.added.insert(path);
    else if (after === undefined) result.removed.insert(path);
    else if (!equalJson(before, after)) result.modified.insert(path);
    return;
  }
  if (Array.isArray(before) || Array.isArray(after)) compareLists(pair, result);
  else compareMaps(pair, result);
  if (before === undefined) result.added.insert(path);
  else if (after === undefined) result.removed.insert(path);
}

function isLeafPair(before: unknown, after: unknown, node: TypeNode): boolean {
  if (isBlank(before) && isBlank(after)) return true;
  const sides = [before, after].filter((side) => !isBlank(side));
  if (sides.some((side) => isLeaf(side, node))) return true;
  return sides.length === 2 && Array.isArray(before) !== Array.isArray(after);
}

function compareMaps(pair: Pair, result: Comparison): void {
  const before = isJsonObject(pair.before) ? pair.before : {};
  const after = isJsonObject(pair.after) ? pair.after : {};
  for (const key of Object.keys(after)) {
    compareAt(
      {
        before: before[key],
        after: after[key],
        node: childNode(pair.node, key),
        path: [...pair.path, `f:${key}`],
      },
      result,
    );
  }
  for (const key of Object.keys(before)) {
    if (after[key] !== undefined) continue;
    compareAt(
      {
        before: before[key],
        after: undefined,
        node: childNode(pair.node, key),
        path: [...pair.path, `f:${key}`],
      },
      result,
    );
  }
}

function compareLists(pair: Pair, result: Comparison): void {
  const { node, path } = pair;
  const before = itemsByElement(Array.isArray(pair.before) ? pair.before : [], node);
  const after = itemsByElement(Array.isArray(pair.after) ? pair.after : [], node);
  if (before === undefined || after === undefined) {
    if (!equalJson(pair.before, pair.after)) result.modified.insert(path);
    return;
  }
  const item = node.item;
  for (const [element, value] of after) {
    const old = before.get(element);
    if (node.keys.length === 0 || item === undefined) {
      if (!before.has(element)) result.added.insert([...path, element]);
    } else compareAt({ before: old, after: value, node: item, path: [...path, element] }, result);
  }
  for (const [element, value] of before) {
    if (after.has(element)) continue;
    if (node.keys.length === 0 || item === undefined) result.removed.insert([...path, element]);
    else
      compareAt({ before: value, after: undefined, node: item, path: [...path, element] }, result);
  }
}

function collect(
  value: unknown,
  node: TypeNode,
  into: { set: FieldSet; path: readonly string[] },
): void {
  const { set, path } = into;
  if (isLeaf(value, node)) {
    set.insert(path);
    return;
  }
  if (Array.isArray(value)) {
    const items = itemsByElement(value, node);
    if (items === undefined) {
      set.insert(path);
      return;
    }
    for (const [element, item] of items) {
      const here = [...path, element];
      if (node.keys.length > 0 && node.item !== undefined)
        collect(item, node.item, { set, path: here });
      set.insert(here);
    }
    return;
  }
  if (!isJsonObject(value)) return;
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined) continue;
    const here = [...path, `f:${key}`];
    const declared = node.shape === 'struct' && node.fields.has(key);
    collect(item, childNode(node, key), { set, path: here });
    const empty = item === null || (isJsonObject(item) && Object.keys(item).length === 0);
    if (empty || !declared) set.insert(here);
  }
}

/** Null, absent or empty: nothing is inside that could be told apart. */
function isBlank(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (typeof value !== 'object') return false;
  return Array.isArray(value) ? value.length === 0 : Object.keys(value).length === 0;
}
