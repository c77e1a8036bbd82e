import { isJsonObject } from '../../../../common/json.js';
import { ANY, listOf as listNode, mapOf, SCALAR } from '../typed/type-node.js';
import type { FieldNode, TypeNode } from '../typed/type-node.js';
import {
  additionalSchema,
  EMBEDDED,
  INT_OR_STRING,
  itemsSchema,
  preservesUnknown,
  propertiesOf,
  textsOf,
  typeOf,
} from './schema-props.js';
import type { SchemaProps } from './schema-props.js';

/** A custom resource's schema as patches and server-side apply see it. */
export function resourceNode(schema: SchemaProps, metadata: TypeNode): TypeNode {
  return structNode({ ...schema, [EMBEDDED]: true }, metadata);
}

function schemaNode(schema: SchemaProps, metadata: TypeNode): TypeNode {
  if (schema[INT_OR_STRING] === true) return SCALAR;
  switch (typeOf(schema)) {
    case 'object': {
      const others = additionalSchema(schema);
      const atomic = schema['x-kubernetes-map-type'] === 'atomic';
      if (Object.keys(propertiesOf(schema)).length === 0) {
        if (others !== undefined) return mapOf(schemaNode(others, metadata), atomic);
        if (preservesUnknown(schema)) return { ...ANY, atomic };
      }
      return structNode(schema, metadata);
    }
    case 'array': {
      const items = itemsSchema(schema);
      const type = schema['x-kubernetes-list-type'];
      return listNode(items === undefined ? ANY : schemaNode(items, metadata), {
        atomic: type !== 'set' && type !== 'map',
        keys: type === 'map' ? textsOf(schema['x-kubernetes-list-map-keys']) : [],
      });
    }
    case 'integer':
    case 'number':
      return { ...SCALAR, scalar: 'number' };
    case 'boolean':
      return { ...SCALAR, scalar: 'boolean' };
    case 'string':
      return { ...SCALAR, scalar: 'string' };
    default:
      return ANY;
  }
}

function structNode(schema: SchemaProps, metadata: TypeNode): TypeNode {
  const fields = new Map<string, FieldNode>();
  for (const [name, field] of Object.entries(propertiesOf(schema))) {
    if (isJsonObject(field)) fields.set(name, fieldNode(schemaNode(field, metadata), field));
  }
  if (schema[EMBEDDED] === true) {
    fields.set('apiVersion', fieldNode({ ...SCALAR, scalar: 'string' }, {}));
    fields.set('kind', fieldNode({ ...SCALAR, scalar: 'string' }, {}));
    fields.set('metadata', { ...fieldNode(metadata, {}), alwaysThere: true });
  }
  return {
    ...ANY,
    shape: 'struct',
    atomic: schema['x-kubernetes-map-type'] === 'atomic',
    fields,
    open: preservesUnknown(schema),
  };
}

function fieldNode(node: TypeNode, schema: SchemaProps): FieldNode {
  return {
    node,
    patchStrategy: [],
    patchMergeKey: undefined,
    default: schema['default'],
    alwaysThere: false,
  };
}
