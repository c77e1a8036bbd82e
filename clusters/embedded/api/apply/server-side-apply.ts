import { isJsonObject } from '../../../../common/json.js';
import type { Json, JsonObject } from '../../../../common/json.js';
import { ApiError } from '../api-error.js';
import type { KubeObject } from '../cluster-api.js';
import { cloneJson } from '../json/json-values.js';
import { toJson } from '../json/object-json.js';
import { tryParseJson } from '../json/parse-json.js';
import { childNode } from '../typed/type-node.js';
import type { TypeNode } from '../typed/type-node.js';
import { FieldSet, pathText } from './field-set.js';
import { ownedOnly } from './field-tracker.js';
import { formatManagers, isSameManager, parseManagers } from './managers.js';
import type { Manager } from './managers.js';
import { mergeTyped, removePaths } from './merge-typed.js';
import { compareTyped, fieldsOf } from './walk.js';

export interface ApplyRequest {
  /** What the client wants, as it was sent. */
  config: JsonObject;
  node: TypeNode;
  manager: string;
  apiVersion: string;
  subresource: string | undefined;
  force: boolean;
  time: string;
}

export const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
/** Nobody applies these. */
const SYSTEM_FIELDS = [
  'uid',
  'creationTimestamp',
  'generation',
  'selfLink',
  'managedFields',
  'resourceVersion',
];
/** As long as all annotations together may be. */
const MAX_LAST_APPLIED = 262_144;

/**
 * The object that applying a configuration makes of the stored one, with its managed fields. Refuses with 409
 * where a field of the configuration belongs to another manager and differs. Returns `live` unchanged in content
 * where nothing differs.
 */
export function applyConfiguration(
  live: KubeObject | undefined,
  request: ApplyRequest,
): JsonObject {
  const { node, manager: name, subresource = '' } = request;
  const config = withoutSystemFields(request.config);
  const before: JsonObject = live === undefined ? {} : toJson(live);
  const managers = parseManagers(live?.metadata.managedFields);
  const self = { name, operation: 'Apply', apiVersion: request.apiVersion, subresource } as const;
  const last = managers.find((manager) => isSameManager(manager, self));
  const others = managers.filter((manager) => manager !== last);

  const own = ownedOnly(fieldsOf(config, node), request);
  let merged = mergeTyped(before, config, node);
  if (last !== undefined) {
    merged = removePaths(
      merged,
      node,
      abandoned(last.fields, [own, ...others.map(({ fields }) => fields)]),
    );
  }
  const changes = compareTyped(before, merged, node);
  const taken = ownedOnly(changes.added.union(changes.modified), request);
  const conflicts = conflictsOf(others, taken);
  if (conflicts.length > 0 && !request.force && !isUpgrade(live, request, conflicts)) {
    throw conflictError(conflicts);
  }
  const removed = ownedOnly(changes.removed, request);
  const next = others.map((manager) => ({
    ...manager,
    fields: manager.fields.difference(removed).difference(intersection(conflicts, manager)),
  }));
  const isSame = last?.fields.equals(own) === true && taken.isEmpty && removed.isEmpty;
  next.push({ ...self, fields: own, time: isSame ? last.time : request.time });
  const metadata = isJsonObject(merged['metadata']) ? { ...merged['metadata'] } : {};
  metadata['managedFields'] = formatManagers(next);
  keepLastApplied(metadata, request);
  return { ...merged, metadata };
}

/** Fields that the manager gave up and nobody else has. */
function abandoned(last: FieldSet, held: readonly FieldSet[]): FieldSet {
  const kept = withNamedParents(held.reduce((sum, fields) => sum.union(fields), new FieldSet()));
  return withNamedParents(last).difference(kept);
}

/** Whoever has a field has the named fields it is in. */
function withNamedParents(fields: FieldSet): FieldSet {
  const result = new FieldSet();
  for (const element of fields.members) result.members.add(element);
  for (const [element, child] of fields.children) {
    result.children.set(element, withNamedParents(child));
    if (element.startsWith('f:')) result.members.add(element);
  }
  return result;
}

interface Conflict {
  manager: Manager;
  fields: FieldSet;
}

function conflictsOf(others: readonly Manager[], taken: FieldSet): Conflict[] {
  return others
    .map((manager) => ({ manager, fields: manager.fields.intersection(taken) }))
    .filter(({ fields }) => !fields.isEmpty);
}

function intersection(conflicts: readonly Conflict[], manager: Manager): FieldSet {
  return conflicts.find((conflict) => conflict.manager === manager)?.fields ?? new FieldSet();
}

function conflictError(conflicts: readonly Conflict[]): ApiError {
  const found = conflicts
    .flatMap(({ manager, fields }) =>
      [...fields.paths()].map((path) => ({ who: managerText(manager), field: pathText(path) })),
    )
    .sort((a, b) => compareText(`${a.who}\n${a.field}`, `${b.who}\n${b.field}`));
  const groups = new Map<string, string[]>();
  for (const { who, field } of found) groups.set(who, [...(groups.get(who) ?? []), field]);
  const parts = [...groups].map(([who, fields]) =>
    fields.length === 1
      ? `conflict with ${who}: ${fields[0] ?? ''}`
      : `conflicts with ${who}:\n${fields.map((field) => `- ${field}`).join('\n')}`,
  );
  const count = found.length === 1 ? '1 conflict' : `${found.length} conflicts`;
  const message = `Apply failed with ${count}: ${parts.join('\n')}`;
  return new ApiError(409, 'Conflict', {
    message,
    details: {
      causes: found.map(({ who, field }) => ({
        reason: 'FieldManagerConflict',
        message: `conflict with ${who}`,
        field,
      })),
    },
  });
}

function managerText(manager: Manager): string {
  const name = JSON.stringify(manager.name);
  const who =
    manager.subresource === '' ? name : `${name} with subresource "${manager.subresource}"`;
  if (manager.operation === 'Apply') return who;
  const using = `${who} using ${manager.apiVersion}`;
  return manager.time === '' ? using : `${using} at ${manager.time}`;
}

/**
 * kubectl that goes from client-side to server-side apply may change what it had applied before, which the
 * annotation tells.
 */
function isUpgrade(
  live: KubeObject | undefined,
  request: ApplyRequest,
  conflicts: readonly Conflict[],
): boolean {
  if (request.manager !== 'kubectl') return false;
  const text = live?.metadata.annotations?.[LAST_APPLIED];
  if (text === undefined) return false;
  const applied = tryParseJson(text);
  if (!isJsonObject(applied)) return false;
  const before = fieldsOf(withoutSystemFields(applied), request.node);
  return conflicts.every(({ fields }) => fields.difference(before).isEmpty);
}

/** kubectl's own annotation stays true where it is used at all. */
function keepLastApplied(metadata: JsonObject, request: ApplyRequest): void {
  const annotations = metadata['annotations'];
  if (request.manager !== 'kubectl' || !isJsonObject(annotations)) return;
  if (annotations[LAST_APPLIED] === undefined) return;
  const text = `${JSON.stringify(request.config)}\n`;
  const next = { ...annotations };
  if (text.length <= MAX_LAST_APPLIED) next[LAST_APPLIED] = text;
  else Reflect.deleteProperty(next, LAST_APPLIED);
  metadata['annotations'] = next;
}

function withoutSystemFields(config: JsonObject): JsonObject {
  const copy: JsonObject = cloneJson(config);
  const { metadata } = copy;
  if (isJsonObject(metadata)) {
    for (const name of SYSTEM_FIELDS) Reflect.deleteProperty(metadata, name);
  }
  return copy;
}

/** Refuses a configuration with fields that its type does not know or with values of a wrong type. */
export function checkDeclared(config: JsonObject, node: TypeNode, about: string): void {
  const faults: string[] = [];
  check(config, node, { path: '', faults });
  if (faults.length === 0) return;
  throw new ApiError(500, '', {
    message: `failed to create typed patch object (${about}): ${faults.length === 1 ? (faults[0] ?? '') : `errors:\n${faults.map((fault) => `  ${fault}`).join('\n')}`}`,
  });
}

function check(value: Json, node: TypeNode, at: { path: string; faults: string[] }): void {
  const { path, faults } = at;
  if (value === null) return;
  switch (node.shape) {
    case 'any':
      return;
    case 'scalar':
      if (node.scalar !== undefined && typeof value !== node.scalar) {
        const wanted = { string: 'string', number: 'numeric (int or float)', boolean: 'boolean' };
        faults.push(`${path}: expected ${wanted[node.scalar]}, got ${goValue(value)}`);
      }
      return;
    case 'list':
      if (!Array.isArray(value)) faults.push(`${path}: expected list, got ${goValue(value)}`);
      else {
        value.forEach((item, index) => {
          if (node.item !== undefined)
            check(item, node.item, { path: `${path}[${index}]`, faults });
        });
      }
      return;
    case 'struct':
    case 'map':
      if (!isJsonObject(value)) {
        faults.push(`${path}: expected map, got ${goValue(value)}`);
        return;
      }
      for (const [key, item] of Object.entries(value)) {
        if (node.shape === 'struct' && !node.open && !node.fields.has(key)) {
          faults.push(`${path}.${key}: field not declared in schema`);
        } else if (item !== undefined)
          check(item, childNode(node, key), { path: `${path}.${key}`, faults });
      }
  }
}

function goValue(value: Json): string {
  if (typeof value === 'object') return `&{${JSON.stringify(value)}}`;
  return `&value.valueUnstructured{Value:${JSON.stringify(value)}}`;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
