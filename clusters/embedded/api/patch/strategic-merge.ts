import { isJsonObject } from '../../../../common/json.js';
import type { Json, JsonObject } from '../../../../common/json.js';
import { badRequest } from '../api-error.js';
import { equalJson, setField } from '../json/json-values.js';
import type { FieldNode, TypeNode } from '../typed/type-node.js';
import { ANY } from '../typed/type-node.js';

const PATCH = '$patch';
const RETAIN = '$retainKeys';
const ORDER = '$setElementOrder/';
const DELETE_ITEMS = '$deleteFromPrimitiveList/';

/** Applies a strategic merge patch to an object of a known type. Neither is changed. */
export function strategicMerge(
  original: JsonObject,
  patch: JsonObject,
  node: TypeNode,
): JsonObject {
  const directive = patch[PATCH];
  if (directive === 'replace') return withoutDirectives(patch);
  if (directive === 'delete') return {};
  if (directive !== undefined && directive !== 'merge') {
    throw badRequest(`Unknown patch type: ${JSON.stringify(directive)}`);
  }
  const result: JsonObject = retained(original, patch);
  for (const [key, value] of Object.entries(patch)) {
    if (value === undefined || key === PATCH || key === RETAIN || key.startsWith(ORDER)) continue;
    if (key.startsWith(DELETE_ITEMS)) {
      deleteItems(result, key.slice(DELETE_ITEMS.length), value);
      continue;
    }
    if (value === null) {
      // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- null means remove
      delete result[key];
      continue;
    }
    const field = node.shape === 'struct' ? node.fields.get(key) : mapField(node);
    const order = listOf(patch[`${ORDER}${key}`]);
    setField(result, key, mergeField(result[key], value, { field, order }));
  }
  for (const [key, value] of Object.entries(patch)) {
    // An order alone, without a change to the list itself, reorders what is there.
    const name = key.slice(ORDER.length);
    if (!key.startsWith(ORDER) || patch[name] !== undefined) continue;
    const list = result[name];
    const field = node.fields.get(name);
    if (Array.isArray(list) && field !== undefined) {
      result[name] = ordered([], list, { list, order: listOf(value), key: field.patchMergeKey });
    }
  }
  return result;
}

function mergeField(
  original: Json | undefined,
  patch: Json,
  at: { field: FieldNode | undefined; order: readonly Json[] | undefined },
): Json {
  const node = at.field?.node ?? ANY;
  const strategy = at.field?.patchStrategy ?? [];
  if (isJsonObject(patch)) {
    if (!isJsonObject(original)) return patch[PATCH] === 'delete' ? {} : withoutDirectives(patch);
    if (strategy.includes('replace')) return withoutDirectives(patch);
    return strategicMerge(original, patch, node);
  }
  if (!Array.isArray(patch)) return patch;
  if (!strategy.includes('merge'))
    return patch.filter((item) => !isReplaceMark(item)).map(cleanItem);
  return mergeLists(Array.isArray(original) ? original : [], patch, {
    node: node.item ?? ANY,
    key: at.field?.patchMergeKey,
    order: at.order,
  });
}

function mergeLists(
  original: readonly Json[],
  patch: readonly Json[],
  list: { node: TypeNode; key: string | undefined; order: readonly Json[] | undefined },
): Json[] {
  if (patch.some(isReplaceMark)) return patch.filter((item) => !isReplaceMark(item)).map(cleanItem);
  const { key, node } = list;
  // Without a word about the order, the patch's own is asked for: what it adds comes before what was there.
  const order = list.order ?? patch;
  if (key === undefined || !patch.every(isJsonObject)) {
    const merged = [...original];
    for (const item of patch)
      if (!merged.some((known) => equalJson(known, item))) merged.push(item);
    const mentioned = merged.filter((item) => patch.some((other) => equalJson(item, other)));
    return ordered(mentioned, merged, { list: original, order, key: undefined });
  }
  let merged = [...original];
  const touched: Json[] = [];
  for (const item of patch) {
    if (!isJsonObject(item)) continue;
    const id = item[key];
    if (id === undefined) {
      throw badRequest(`map: ${goMap(item)} does not contain declared merge key: ${key}`);
    }
    if (item[PATCH] === 'delete') {
      merged = merged.filter((candidate) => !hasKey(candidate, key, id));
      continue;
    }
    const at = merged.findIndex((candidate) => hasKey(candidate, key, id));
    const before = merged[at];
    const { [PATCH]: directive, ...content } = item;
    if (isJsonObject(before) && directive !== 'replace') {
      merged[at] = strategicMerge(before, content, node);
      touched.push(merged[at]);
    } else {
      const made = withoutDirectives(content);
      if (at >= 0) merged[at] = made;
      else merged.push(made);
      touched.push(made);
    }
  }
  return ordered(touched, merged, { list: original, order, key });
}

/**
 * Puts a merged list in the order a patch asks for: items it names as it names them, the others where the
 * original list had them in relation to those.
 */
function ordered(
  touched: readonly Json[],
  merged: readonly Json[],
  rule: { list: readonly Json[]; order: readonly Json[] | undefined; key: string | undefined },
): Json[] {
  const { list, order, key } = rule;
  if (order === undefined) return [...merged];
  const same = (a: Json, b: Json): boolean => {
    if (key === undefined) return equalJson(a, b);
    return isJsonObject(a) && isJsonObject(b) && equalJson(a[key], b[key]);
  };
  const place = (item: Json, within: readonly Json[]): number =>
    within.findIndex((candidate) => same(candidate, item));
  const named = merged.filter((item) => place(item, order) >= 0);
  const unnamedTouched = merged.filter(
    (item) => place(item, order) < 0 && touched.some((other) => same(other, item)),
  );
  const right = [...named].sort((a, b) => place(a, order) - place(b, order)).concat(unnamedTouched);
  const left = merged.filter((item) => !right.includes(item));
  const result: Json[] = [];
  while (left.length > 0 || right.length > 0) {
    const [fromLeft] = left;
    const [fromRight] = right;
    const leftFirst =
      fromRight === undefined ||
      (fromLeft !== undefined && isBefore(place(fromLeft, list), place(fromRight, list)));
    const taken = leftFirst ? left.shift() : right.shift();
    if (taken !== undefined) result.push(taken);
  }
  return result;
}

function isBefore(a: number, b: number): boolean {
  return a >= 0 && b >= 0 && a < b;
}

function retained(original: JsonObject, patch: JsonObject): JsonObject {
  const keys = patch[RETAIN];
  if (!Array.isArray(keys)) return { ...original };
  return Object.fromEntries(Object.entries(original).filter(([key]) => keys.includes(key)));
}

function deleteItems(result: JsonObject, key: string, items: Json): void {
  const list = result[key];
  if (!Array.isArray(list) || !Array.isArray(items)) return;
  result[key] = list.filter((item) => !items.some((gone) => equalJson(gone, item)));
}

/** A patch value that finds nothing to merge with: its directives and its nulls fall away. */
function withoutDirectives(patch: JsonObject): JsonObject {
  const result: JsonObject = {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === undefined || value === null || key === PATCH || key === RETAIN) continue;
    if (key.startsWith(ORDER) || key.startsWith(DELETE_ITEMS)) continue;
    if (Array.isArray(value)) {
      const items = value.filter((item) => !isDeleted(item) && !isReplaceMark(item));
      setField(result, key, items.map(cleanItem));
    } else if (isJsonObject(value)) {
      if (!isDeleted(value)) setField(result, key, withoutDirectives(value));
    } else setField(result, key, value);
  }
  return result;
}

function cleanItem(item: Json): Json {
  return isJsonObject(item) ? withoutDirectives(item) : item;
}

function isDeleted(item: Json): boolean {
  return isJsonObject(item) && item[PATCH] === 'delete';
}

/** `{"$patch": "replace"}` among a list's items: the others are the whole new list. */
function isReplaceMark(item: Json): boolean {
  return isJsonObject(item) && item[PATCH] === 'replace' && Object.keys(item).length === 1;
}

function hasKey(item: Json, key: string, value: Json): boolean {
  return isJsonObject(item) && equalJson(item[key], value);
}

function mapField(node: TypeNode): FieldNode | undefined {
  if (node.shape !== 'map' || node.item === undefined) return undefined;
  return {
    node: node.item,
    patchStrategy: [],
    patchMergeKey: undefined,
    default: undefined,
    alwaysThere: false,
  };
}

function listOf(value: Json | undefined): readonly Json[] | undefined {
  return Array.isArray(value) ? value : undefined;
}

function goMap(item: JsonObject): string {
  const entries = Object.entries(item)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}:${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return `map[${entries.join(' ')}]`;
}
