import { isJsonObject } from '../../../../common/json.js';
import type { Json, JsonObject } from '../../../../common/json.js';
import type { KubeObject } from '../cluster-api.js';
import { equalJson } from '../json/json-values.js';
import type { FieldTracker, WriteContext } from '../registry/write-context.js';
import { apiVersionOf } from '../api-version.js';
import type { ResourceDefinition } from '../resource-definition.js';
import type { TypeNode } from '../typed/type-node.js';
import { FieldSet } from './field-set.js';
import { formatManagers, isReset, isSameManager, parseManagers } from './managers.js';
import type { Manager } from './managers.js';
import { compareTyped } from './walk.js';

/** Fields that nobody owns: they are the server's. */
const SYSTEM_META = [
  'name',
  'namespace',
  'creationTimestamp',
  'selfLink',
  'uid',
  'clusterName',
  'generation',
  'managedFields',
  'resourceVersion',
];
const UNOWNED = new FieldSet();
for (const path of [
  ['f:apiVersion'],
  ['f:kind'],
  ['f:metadata'],
  ...SYSTEM_META.map((name) => ['f:metadata', `f:${name}`]),
]) {
  UNOWNED.insert(path);
}
const STATUS = new FieldSet();
STATUS.insert(['f:status']);

const zeros = new WeakMap<TypeNode, JsonObject>();

/** Records, for creates and updates, which manager set which fields. */
export function createFieldTracker(
  nodeOf: (definition: ResourceDefinition) => TypeNode,
): FieldTracker {
  return {
    track({ definition, old, object, context, time }) {
      const node = nodeOf(definition);
      const managers = baseManagers(object, old);
      shareUnchanged(object, old);
      const changes = compareTyped(ownable(old ?? zeroOf(node)), ownable(object), node);
      const removed = ownedOnly(changes.removed, context);
      const changed = ownedOnly(changes.added.union(changes.modified), context);
      if (changed.isEmpty && removed.isEmpty) {
        if (
          old !== undefined &&
          equalJson(object.metadata.managedFields, old.metadata.managedFields)
        ) {
          return;
        }
        keep(object, managers);
        return;
      }
      const self = {
        name: context.manager,
        operation: 'Update',
        apiVersion: apiVersionOf(definition),
        subresource: context.subresource ?? '',
      } as const;
      const next: Manager[] = [];
      let own = new FieldSet();
      for (const manager of managers) {
        if (isSameManager(manager, self)) own = manager.fields.difference(removed);
        else {
          const fields = manager.fields.difference(removed).difference(changed);
          next.push({ ...manager, fields });
        }
      }
      next.push({ ...self, time, fields: own.union(changed) });
      keep(object, next);
    },
  };
}

/** Without the fields that the server owns, and those that this kind of request cannot set. */
export function ownedOnly(fields: FieldSet, context: Pick<WriteContext, 'subresource'>): FieldSet {
  const owned = withoutSystem(fields);
  if (context.subresource === 'status') {
    const result = new FieldSet();
    const status = owned.children.get('f:status');
    if (status !== undefined) result.children.set('f:status', status);
    if (owned.members.has('f:status')) result.members.add('f:status');
    const metadata = owned.children.get('f:metadata');
    if (metadata !== undefined) result.children.set('f:metadata', metadata);
    return result;
  }
  return owned.recursiveDifference(STATUS);
}

export function keep(object: KubeObject, managers: readonly Manager[]): void {
  const entries = formatManagers(managers);
  if (entries.length === 0) delete object.metadata.managedFields;
  else object.metadata.managedFields = entries;
}

/** Managers to start from: what the client sent, if it sent any, else what is stored. */
export function baseManagers(object: KubeObject, old: KubeObject | undefined): Manager[] {
  const given = object.metadata.managedFields;
  if (isReset(given)) return [];
  const parsed = parseManagers(given);
  if (parsed.length > 0 && parsed.some(({ fields }) => !fields.isEmpty)) return parsed;
  return parseManagers(old?.metadata.managedFields);
}

/** The zero value of a Go struct, as JSON: its required fields and the structs that are always in it. */
function zeroOf(node: TypeNode): JsonObject {
  let zero = zeros.get(node);
  if (zero !== undefined) return zero;
  zero = {};
  for (const [name, field] of node.fields) {
    if (field.alwaysThere) zero[name] = zeroField(field.node);
  }
  zeros.set(node, zero);
  return zero;
}

function zeroField(node: TypeNode): Json {
  return node.shape === 'struct' ? zeroOf(node) : null;
}

function withoutSystem(fields: FieldSet): FieldSet {
  // `f:metadata` is nobody's, what is inside may be somebody's: so not recursively.
  return fields.difference(UNOWNED);
}

function ownable(object: KubeObject | JsonObject): JsonObject {
  const { apiVersion: _apiVersion, kind: _kind, metadata, ...rest } = object;
  const { managedFields: _managed, ...meta } = isJsonObject(metadata) ? metadata : {};
  const json: Record<string, unknown> = { metadata: meta, ...rest };
  return isJsonObject(json) ? json : {};
}

/** Parts that did not change become the stored ones, so that comparing ends at them at once. */
function shareUnchanged(object: KubeObject, old: KubeObject | undefined): void {
  if (old === undefined) return;
  for (const key of Object.keys(object)) {
    if (key === 'metadata' || key === 'kind' || key === 'apiVersion') continue;
    if (equalJson(object[key], old[key])) object[key] = old[key];
  }
  const { metadata } = object;
  if (equalJson(metadata.labels, old.metadata.labels)) metadata.labels = old.metadata.labels;
  if (equalJson(metadata.annotations, old.metadata.annotations)) {
    metadata.annotations = old.metadata.annotations;
  }
}
