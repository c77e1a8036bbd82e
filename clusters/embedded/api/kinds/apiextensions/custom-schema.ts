import type { Json, JsonObject } from '../../../../../common/json.js';
import { isJsonObject } from '../../../../../common/json.js';
import { equalJson } from '../../json/json-values.js';
import type { FieldError } from '../../resource-definition.js';
import { forbidden, invalid, notSupported, required } from '../field-errors.js';
import { validateSchemaRules } from './schema-rules.js';

export interface CustomVersion {
  name?: string;
  served?: boolean;
  storage?: boolean;
  schema?: { openAPIV3Schema?: JsonObject };
}

const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string'];
const JUNCTORS = ['allOf', 'anyOf', 'oneOf'];
const INT_OR_STRING = 'x-kubernetes-int-or-string';
const PRESERVE = 'x-kubernetes-preserve-unknown-fields';

/** Schemas of custom resources have to be structural: every value has one type that can be told on its own. */
export function validateCustomSchemas(versions: readonly CustomVersion[]): FieldError[] {
  const schemas = versions.map(({ schema }) => schema?.openAPIV3Schema);
  const [first] = schemas;
  // The real server keeps equal schemas once, and its errors show where.
  if (first !== undefined && schemas.every((schema) => equalJson(schema, first))) {
    return validateRoot('spec.validation.openAPIV3Schema', first);
  }
  return schemas.flatMap((schema, index) => {
    const path = `spec.versions[${index}].schema.openAPIV3Schema`;
    return schema === undefined
      ? [required(path, 'schemas are required')]
      : validateRoot(path, schema);
  });
}

function validateRoot(path: string, schema: JsonObject): FieldError[] {
  const { type } = schema;
  if (type === undefined || type === '')
    return [required(`${path}.type`, 'must not be empty at the root')];
  if (type !== 'object') {
    return [
      invalid(`${path}.type`, typeof type === 'string' ? type : '', 'must be object at the root'),
    ];
  }
  return validateNode(path, schema, true);
}

function validateNode(path: string, schema: JsonObject, isRoot = false): FieldError[] {
  const errors: FieldError[] = validateSchemaRules(path, schema, isRoot);
  const { type, properties, items, additionalProperties, required: names } = schema;
  const typed = typeof type === 'string' && type !== '';
  if (typed && !TYPES.includes(type)) errors.push(notSupported(`${path}.type`, type, TYPES));
  if (schema['$ref'] !== undefined) errors.push(forbidden(`${path}.$ref`, '$ref is not supported'));
  if (type === 'array' && items === undefined) {
    errors.push(required(`${path}.items`, 'must be specified'));
  }
  if (Array.isArray(items))
    errors.push(forbidden(`${path}.items`, 'items must be a schema object and not an array'));
  if (isJsonObject(properties) && additionalProperties !== undefined) {
    errors.push(
      forbidden(
        `${path}.additionalProperties`,
        'additionalProperties and properties are mutual exclusive',
      ),
    );
  }
  errors.push(...validateDefaults(path, schema));
  if (names !== undefined && !Array.isArray(names))
    errors.push(invalid(`${path}.required`, '', 'must be a list'));
  if (isJsonObject(properties)) {
    for (const [name, child] of Object.entries(properties)) {
      errors.push(
        ...validateChild(`${path}.properties[${name}]`, child, 'for specified object fields'),
      );
    }
  }
  if (isJsonObject(items))
    errors.push(...validateChild(`${path}.items`, items, 'for specified array items'));
  if (isJsonObject(additionalProperties)) {
    errors.push(
      ...validateChild(
        `${path}.additionalProperties`,
        additionalProperties,
        'for specified object fields',
      ),
    );
  }
  return errors;
}

function validateChild(path: string, child: Json | undefined, where: string): FieldError[] {
  if (!isJsonObject(child)) return [];
  const open = child[INT_OR_STRING] === true || child[PRESERVE] === true;
  const errors: FieldError[] = [];
  if ((child['type'] ?? '') === '' && !open) {
    errors.push(required(`${path}.type`, `must not be empty ${where}`));
  }
  for (const junctor of JUNCTORS)
    errors.push(...validateJunctor(`${path}.${junctor}`, child[junctor]));
  return [...errors, ...validateNode(path, child)];
}

/** Alternatives may only narrow what the schema around them says. */
function validateJunctor(path: string, alternatives: Json | undefined): FieldError[] {
  if (!Array.isArray(alternatives)) return [];
  return alternatives.flatMap((one, index) => {
    if (!isJsonObject(one)) return [];
    const at = `${path}[${index}]`;
    return [
      ...(one['default'] === undefined
        ? []
        : [forbidden(`${at}.default`, 'must be undefined to be structural')]),
      ...(one['additionalProperties'] === undefined
        ? []
        : [forbidden(`${at}.additionalProperties`, 'must be undefined to be structural')]),
      ...(one['description'] === undefined
        ? []
        : [forbidden(`${at}.description`, 'must be empty to be structural')]),
    ];
  });
}

function validateDefaults(path: string, schema: JsonObject): FieldError[] {
  const { type, default: fallback } = schema;
  if (fallback === undefined || typeof type !== 'string') return [];
  const actual = jsonType(fallback);
  const fits = actual === type || (actual === 'integer' && type === 'number') || fallback === null;
  if (fits) return [];
  return [
    invalid(`${path}.default`, JSON.stringify(fallback), `must be of type ${type}: "${actual}"`),
  ];
}

function jsonType(value: Json): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}
