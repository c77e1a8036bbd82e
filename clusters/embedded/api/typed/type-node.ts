import type { Json } from '../../../../common/json.js';

/**
 * A type as patches and server-side apply see it, whether it comes from the catalogue of built-in types or from
 * the schema of a custom resource.
 */
export interface TypeNode {
  shape: 'scalar' | 'struct' | 'map' | 'list' | 'any';
  /** Server-side apply owns and replaces such a value as a whole. */
  atomic: boolean;
  /** Of a struct. */
  fields: ReadonlyMap<string, FieldNode>;
  /** Of a map's values or a list's items. */
  item: TypeNode | undefined;
  /** Of a list that is not atomic: the fields that tell its items apart; empty for a set. */
  keys: readonly string[];
  /** Of a struct: fields it does not declare are kept (`x-kubernetes-preserve-unknown-fields`). */
  open: boolean;
  /** What JSON values a scalar may have, for checks; undefined where anything goes. */
  scalar: 'string' | 'number' | 'boolean' | undefined;
}

export interface FieldNode {
  node: TypeNode;
  /** Strategic merge: `merge`, `replace`, `retainKeys`. */
  patchStrategy: readonly string[];
  patchMergeKey: string | undefined;
  /** The value when absent, where there is one. */
  default: Json | undefined;
  /** In Go the zero value of its struct has this field, as null or as an empty struct. */
  alwaysThere: boolean;
}

const NO_FIELDS: ReadonlyMap<string, FieldNode> = new Map();

/** A value of unknown type: its objects merge field by field, its lists are replaced. */
export const ANY: TypeNode = {
  shape: 'any',
  atomic: false,
  fields: NO_FIELDS,
  item: undefined,
  keys: [],
  open: false,
  scalar: undefined,
};

export const SCALAR: TypeNode = { ...ANY, shape: 'scalar', atomic: true };

/** What the type of a struct's field, a map's value or an unknown object's field is. */
export function childNode(node: TypeNode, key: string): TypeNode {
  if (node.shape === 'struct') return node.fields.get(key)?.node ?? ANY;
  if (node.shape === 'map') return node.item ?? ANY;
  return ANY;
}

export function listOf(
  item: TypeNode,
  kind: { atomic: boolean; keys: readonly string[] },
): TypeNode {
  return { ...ANY, shape: 'list', item, ...kind };
}

export function mapOf(item: TypeNode, atomic: boolean): TypeNode {
  return { ...ANY, shape: 'map', item, atomic };
}
