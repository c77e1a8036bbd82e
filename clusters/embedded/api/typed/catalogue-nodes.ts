import type { FieldSchema, SchemaCatalogue, TypeSchema } from '../schema-catalogue.js';
import { ANY, listOf, mapOf, SCALAR } from './type-node.js';
import type { FieldNode, TypeNode } from './type-node.js';

const nodes = new WeakMap<SchemaCatalogue, Map<string, TypeNode>>();

/** The node of a built-in type by its full name. Made once for all clusters, fields on first use. */
export function catalogueNode(catalogue: SchemaCatalogue, typeName: string): TypeNode {
  let known = nodes.get(catalogue);
  if (known === undefined) {
    known = new Map();
    nodes.set(catalogue, known);
  }
  let node = known.get(typeName);
  if (node === undefined) {
    node = createNode(catalogue, catalogue.type(typeName));
    known.set(typeName, node);
  }
  return node;
}

function createNode(catalogue: SchemaCatalogue, type: TypeSchema | undefined): TypeNode {
  if (type === undefined) return ANY;
  if (type.fields === undefined) {
    switch (type.format) {
      case undefined:
      case 'any':
        return ANY;
      case 'object':
        return ANY;
      case 'string':
      case 'int-or-string':
      case 'date-time':
        return SCALAR;
    }
  }
  const { fields, required } = type;
  let made: ReadonlyMap<string, FieldNode> | undefined;
  return {
    ...ANY,
    shape: 'struct',
    atomic: type.mapType === 'atomic',
    // Types refer to themselves (JSONSchemaProps), so fields are made when they are asked for.
    get fields() {
      made ??= new Map(
        Object.entries(fields).map(([name, field]) => [
          name,
          fieldNode(catalogue, field, required.includes(name)),
        ]),
      );
      return made;
    },
  };
}

function fieldNode(catalogue: SchemaCatalogue, field: FieldSchema, required: boolean): FieldNode {
  const isStruct = field.kind === 'ref' && typeof field.default === 'object';
  return {
    node: nodeOfField(catalogue, field),
    patchStrategy: field.patchStrategy?.split(',') ?? [],
    patchMergeKey: field.patchMergeKey,
    default: field.default,
    alwaysThere: isStruct || required,
  };
}

function nodeOfField(catalogue: SchemaCatalogue, field: FieldSchema): TypeNode {
  switch (field.kind) {
    case 'ref':
      return field.ref === undefined ? ANY : catalogueNode(catalogue, field.ref);
    case 'array': {
      const item = itemNode(catalogue, field);
      return listOf(item, {
        atomic: field.listType === undefined || field.listType === 'atomic',
        keys: field.listType === 'map' ? (field.listMapKeys ?? []) : [],
      });
    }
    case 'map':
      return mapOf(itemNode(catalogue, field), field.mapType === 'atomic');
    case 'any':
      return ANY;
    case 'integer':
    case 'number':
      return { ...SCALAR, scalar: 'number' };
    case 'boolean':
      return { ...SCALAR, scalar: 'boolean' };
    case 'string':
    case 'bytes':
      return { ...SCALAR, scalar: 'string' };
  }
}

function itemNode(catalogue: SchemaCatalogue, field: FieldSchema): TypeNode {
  if (field.ref !== undefined) return catalogueNode(catalogue, field.ref);
  return field.items === undefined || field.items === 'any' ? ANY : SCALAR;
}
