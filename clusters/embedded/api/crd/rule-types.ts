import type { Environment } from '@marcbachmann/cel-js';
import { isJsonObject } from '../../../../common/json.js';
import { environmentWith } from '../cel/environment.js';
import {
  additionalSchema,
  EMBEDDED,
  INT_OR_STRING,
  itemsSchema,
  preservesUnknown,
  propertiesOf,
  typeOf,
} from './schema-props.js';
import type { SchemaProps } from './schema-props.js';
import { escapedName } from './typed-values.js';

/** A type as the interpreter declares it: its name, or the fields of an object. */
type Declaration = string | Fields;
interface Fields {
  [field: string]: Declaration;
}

const RESOURCE = {
  apiVersion: 'string',
  kind: 'string',
  metadata: { name: 'string', generateName: 'string' },
} as const;

/** The language in which `self` and `oldSelf` have the fields of a schema: for checks of a rule before it runs. */
export function environmentFor(
  schema: SchemaProps,
  options: { isRoot: boolean; optionalOldSelf: boolean },
): Environment {
  const type = declarationOf(schema, options.isRoot);
  const environment = environmentWith({}).clone();
  const declare = (name: string, declared: Declaration): void => {
    if (typeof declared === 'string') environment.registerVariable(name, declared);
    else environment.registerVariable({ name, schema: declared });
  };
  declare('self', type);
  declare('oldSelf', options.optionalOldSelf ? 'optional<dyn>' : type);
  return environment;
}

function declarationOf(schema: SchemaProps, isRoot = false): Declaration {
  if (schema[INT_OR_STRING] === true) return 'dyn';
  switch (typeOf(schema)) {
    case 'integer':
      return 'int';
    case 'number':
      return 'double';
    case 'boolean':
      return 'bool';
    case 'string':
      return textType(schema);
    case 'array':
      return `list<${nameOf(itemsSchema(schema))}>`;
    case 'object':
      return objectDeclaration(schema, isRoot || schema[EMBEDDED] === true);
    default:
      return 'dyn';
  }
}

function objectDeclaration(schema: SchemaProps, isResource: boolean): Declaration {
  const properties = Object.entries(propertiesOf(schema));
  const others = additionalSchema(schema);
  if (properties.length === 0 && !isResource) {
    return others === undefined ? 'map' : `map<string, ${nameOf(others)}>`;
  }
  // Whatever else an object may hold has no name in an expression; what has none at all cannot be declared.
  if (preservesUnknown(schema)) return 'dyn';
  const fields: Fields = isResource ? { ...RESOURCE } : {};
  for (const [key, property] of properties) {
    const name = escapedName(key);
    if (name === undefined || !isJsonObject(property) || name in fields) continue;
    fields[name] = declarationOf(property);
  }
  return fields;
}

/** Inside lists and maps only types that have a name can be told. */
function nameOf(schema: SchemaProps | undefined): string {
  const declaration = schema === undefined ? 'dyn' : declarationOf(schema);
  return typeof declaration === 'string' ? declaration : 'dyn';
}

function textType({ format }: SchemaProps): string {
  switch (typeof format === 'string' ? format : '') {
    case 'date':
    case 'date-time':
      return 'google.protobuf.Timestamp';
    case 'duration':
      return 'google.protobuf.Duration';
    case 'byte':
      return 'bytes';
    default:
      return 'string';
  }
}
