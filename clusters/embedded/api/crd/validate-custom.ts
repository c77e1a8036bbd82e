import type { JsonObject } from '../../../../common/json.js';
import { OutOfTimeError, runBounded } from '../cel/bounded.js';
import type { FieldError } from '../resource-definition.js';
import { hasRules } from './rules.js';
import type { SchemaProps } from './schema-props.js';
import { validateRules } from './validate-rules.js';
import { validateSchema } from './validate-schema.js';

/** Expressions of a schema's author may take this much of the processor for one object. */
const BUDGET_MS = 250;
/** After these an object is not what its rules speak of. */
const BLOCKING: readonly string[] = [
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
];
const hazards = new WeakMap<SchemaProps, boolean>();

/** What a custom resource's schema says against an object, its rules in CEL included. */
export function validateCustom(
  object: JsonObject,
  old: JsonObject | undefined,
  schema: SchemaProps,
): FieldError[] {
  if (!hasExpressions(schema)) return validateSchema(object, schema);
  try {
    return runBounded(BUDGET_MS, () => validateAll(object, old, schema));
  } catch (error) {
    if (!(error instanceof OutOfTimeError)) throw error;
    const why =
      'validation failed due to running out of cost budget, no further validation rules will be run';
    return [aboutAll('"object"', why)];
  }
}

function validateAll(
  object: JsonObject,
  old: JsonObject | undefined,
  schema: SchemaProps,
): FieldError[] {
  const errors = validateSchema(object, schema);
  if (!hasRules(schema)) return errors;
  if (errors.some(({ reason }) => BLOCKING.includes(reason))) {
    const why =
      'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation';
    return [...errors, aboutAll('null', why)];
  }
  return [...errors, ...validateRules(object, old, schema)];
}

function aboutAll(value: string, why: string): FieldError {
  return { path: '<nil>', reason: 'FieldValueInvalid', text: `Invalid value: ${value}: ${why}` };
}

/** Rules and patterns are written by somebody, and may not end by themselves. */
function hasExpressions(schema: SchemaProps): boolean {
  let found = hazards.get(schema);
  if (found === undefined) {
    found = hasRules(schema) || JSON.stringify(schema).includes('"pattern":');
    hazards.set(schema, found);
  }
  return found;
}
