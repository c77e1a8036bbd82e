import { isJsonObject } from '../../../../common/json.js';
import type { Json, JsonObject } from '../../../../common/json.js';
import { setField } from '../json/json-values.js';
import { childNode } from '../typed/type-node.js';
import type { TypeNode } from '../typed/type-node.js';
import type { FieldSet } from './field-set.js';
import { elementOf, isLeaf, itemsByElement } from './walk.js';

/** The live value with the applied one laid over it: leaves of the applied one win, lists merge by their keys. */
export function mergeTyped(live: JsonObject, applied: JsonObject, node: TypeNode): JsonObject {
  const merged = mergeValues(live, applied, node);
  return isJsonObject(merged) ? merged : {};
}

/** The value without the fields and items named; what is inside a removed one goes with it. */
export function removePaths(value: JsonObject, node: TypeNode, paths: FieldSet): JsonObject {
  if (paths.isEmpty) return value;
  const result = removeFrom(value, node, paths);
  return isJsonObject(result) ? result : {};
}

function mergeValues(live: Json | undefined, applied: Json, node: TypeNode): Json {
  if (live === undefined || live === null || isLeaf(applied, node) || isLeaf(live, node)) {
    return applied;
  }
  if (Array.isArray(applied)) {
    return Array.isArray(live) ? mergeLists(live, applied, node) : applied;
  }
  if (!isJsonObject(applied) || !isJsonObject(live)) return applied;
  const merged: JsonObject = { ...live };
  for (const [key, value] of Object.entries(applied)) {
    if (value !== undefined) {
      setField(merged, key, mergeValues(live[key], value, childNode(node, key)));
    }
  }
  return merged;
}

/** Items of both in the applied order; those only the live list has stay near where they were. */
function mergeLists(live: readonly Json[], applied: readonly Json[], node: TypeNode): Json[] {
  const liveItems = itemsByElement(live, node);
  const appliedItems = itemsByElement(applied, node);
  if (liveItems === undefined || appliedItems === undefined) return [...applied];
  const merged: Json[] = [];
  const { item } = node;
  const left = [...live];
  const right = [...applied];
  for (;;) {
    const next = left[0];
    // Shared items wait until the applied order reaches them; items of the live list alone go where they stand.
    if (next !== undefined) {
      const element = elementOf(next, node) ?? '';
      if (!appliedItems.has(element)) {
        merged.push(next);
        left.shift();
        continue;
      }
    }
    const wanted = right.shift();
    if (wanted === undefined) return merged;
    const element = elementOf(wanted, node) ?? '';
    const old = live.find((candidate) => elementOf(candidate, node) === element);
    merged.push(old === undefined || item === undefined ? wanted : mergeValues(old, wanted, item));
    const at = left.findIndex((candidate) => elementOf(candidate, node) === element);
    if (at >= 0) left.splice(at, 1);
  }
}

function removeFrom(value: Json, node: TypeNode, paths: FieldSet): Json {
  if (Array.isArray(value)) {
    const items: Json[] = [];
    for (const item of value) {
      const element = elementOf(item, node) ?? '';
      if (paths.members.has(element)) continue;
      const below = paths.children.get(element);
      items.push(
        below === undefined || node.item === undefined ? item : removeFrom(item, node.item, below),
      );
    }
    return items;
  }
  if (!isJsonObject(value)) return value;
  const result: JsonObject = {};
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined || paths.members.has(`f:${key}`)) continue;
    const below = paths.children.get(`f:${key}`);
    const left = below === undefined ? item : removeFrom(item, childNode(node, key), below);
    if (isEmptied(left, item)) continue;
    setField(result, key, left);
  }
  return result;
}

function isEmptied(left: Json, before: Json): boolean {
  if (left === before || typeof left !== 'object' || left === null) return false;
  return Array.isArray(left) ? left.length === 0 : Object.keys(left).length === 0;
}
