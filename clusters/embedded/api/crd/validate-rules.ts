import { Optional } from '@marcbachmann/cel-js';
import { isJsonObject } from '../../../../common/json.js';
import type { Json, JsonObject } from '../../../../common/json.js';
import { CelError } from '../cel/compile.js';
import { equalJson } from '../json/json-values.js';
import { duplicate, forbidden, invalid, required } from '../kinds/field-errors.js';
import type { FieldError } from '../resource-definition.js';
import { rulesOf, hasRules } from './rules.js';
import type { Rule } from './rules.js';
import {
  additionalSchema,
  fieldSchema,
  itemsSchema,
  listOf,
  textsOf,
  typeOf,
} from './schema-props.js';
import type { SchemaProps } from './schema-props.js';
import { typedValue } from './typed-values.js';

const LONGEST_MESSAGE = 5 * 1024;

/** A value with what it was before, at its place in the object. */
interface Place {
  value: Json | undefined;
  old: Json | undefined;
  path: string;
  isRoot: boolean;
}

/**
 * What the rules of a schema (`x-kubernetes-validations`) say against an object, in the real server's words.
 * Rules about what did not change count only where they compare with `oldSelf`.
 */
export function validateRules(
  object: JsonObject,
  old: JsonObject | undefined,
  schema: SchemaProps,
): FieldError[] {
  return validateNode({ value: object, old, path: '', isRoot: true }, schema);
}

function validateNode(place: Place, schema: SchemaProps): FieldError[] {
  const { value, old } = place;
  if (value === undefined || value === null || !hasRules(schema)) return [];
  const errors = ownErrors(place, schema);
  for (const part of listOf(schema['allOf'])) {
    if (isJsonObject(part)) errors.push(...validateNode(place, part));
  }
  if (Array.isArray(value)) {
    const items = itemsSchema(schema);
    if (items === undefined) return errors;
    value.forEach((item, index) => {
      const before = counterpart(item, Array.isArray(old) ? old : [], schema);
      const at = { value: item, old: before, path: `${place.path}[${index}]`, isRoot: false };
      errors.push(...validateNode(at, items));
    });
  } else if (isJsonObject(value)) {
    const others = additionalSchema(schema);
    for (const [key, item] of Object.entries(value)) {
      const field = fieldSchema(schema, key);
      const child = field ?? others;
      if (child === undefined) continue;
      const before = isJsonObject(old) && Object.hasOwn(old, key) ? old[key] : undefined;
      const name = field === undefined ? `[${key}]` : place.path === '' ? key : `.${key}`;
      const at = { value: item, old: before, path: `${place.path}${name}`, isRoot: false };
      errors.push(...validateNode(at, child));
    }
  }
  return errors;
}

function ownErrors(place: Place, schema: SchemaProps): FieldError[] {
  const rules = rulesOf(schema);
  if (rules.length === 0) return [];
  const self = typedValue(place.value, schema, place.isRoot);
  const oldSelf = place.old === undefined ? null : typedValue(place.old, schema, place.isRoot);
  const isUnchanged = place.old !== undefined && equalJson(place.value, place.old);
  return rules.flatMap((rule) => {
    if (rule.usesOldSelf && place.old === undefined && !rule.optionalOldSelf) return [];
    if (isUnchanged && !rule.usesOldSelf) return [];
    const optional = place.old === undefined ? Optional.none() : Optional.of(oldSelf);
    const variables = { self, oldSelf: rule.optionalOldSelf ? optional : oldSelf };
    return ruleErrors(rule, variables, { place, type: typeOf(schema) });
  });
}

function ruleErrors(
  rule: Rule,
  variables: { self: unknown; oldSelf: unknown },
  { place, type }: { place: Place; type: string },
): FieldError[] {
  const path = place.path === '' ? '<nil>' : place.path;
  const { program } = rule;
  if (program === undefined) return [invalid(path, type, `rule compile error: ${rule.fault}`)];
  const words = rule.message === '' ? program.source : rule.message;
  try {
    if (program.run(variables) === true) return [];
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    if (error.message.startsWith('no such overload')) {
      const why = `'${error.message}': call arguments did not match a supported operator, function or macro signature for rule: ${words}`;
      return [invalid(path, type, why)];
    }
    return [invalid(path, type, `${error.message} evaluating rule: ${words}`)];
  }
  const detail =
    messageFrom(rule, variables) ??
    (rule.message === '' ? `failed rule: ${program.source}` : rule.message);
  const at = rule.fieldPath === '' ? path : joined(place.path, rule.fieldPath);
  switch (rule.reason) {
    case 'FieldValueForbidden':
      return [forbidden(at, detail)];
    case 'FieldValueRequired':
      return [required(at, detail)];
    case 'FieldValueDuplicate':
      return [duplicate(at, type)];
    default:
      return [invalid(at, type, detail)];
  }
}

/** What the rule's own expression says; undefined where it says nothing that fits in a line. */
function messageFrom(
  rule: Rule,
  variables: { self: unknown; oldSelf: unknown },
): string | undefined {
  try {
    const message = rule.messageProgram?.run(variables);
    if (typeof message !== 'string') return undefined;
    const text = message.trim();
    return text === '' || text.length > LONGEST_MESSAGE || text.includes('\n') ? undefined : text;
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    return undefined;
  }
}

/** Items of lists can be told apart, and so compared with what they were, only where the list is a map. */
function counterpart(item: Json, old: readonly Json[], schema: SchemaProps): Json | undefined {
  const keys = textsOf(schema['x-kubernetes-list-map-keys']);
  if (schema['x-kubernetes-list-type'] !== 'map' || keys.length === 0) return undefined;
  if (!isJsonObject(item)) return undefined;
  return old.find(
    (other) => isJsonObject(other) && keys.every((key) => equalJson(other[key], item[key])),
  );
}

function joined(path: string, below: string): string {
  return path === '' ? below : `${path}.${below}`;
}
