import { isJsonObject } from '../../../../common/json.js';
import type { Json, JsonObject } from '../../../../common/json.js';
import { CelError, compileCel } from '../cel/compile.js';
import type { CelProgram } from '../cel/compile.js';
import { environmentWith } from '../cel/environment.js';
import { additionalSchema, itemsSchema, listOf, propertiesOf } from './schema-props.js';
import type { SchemaProps } from './schema-props.js';

/** One of a schema's `x-kubernetes-validations`, ready to be evaluated. */
export interface Rule {
  /** Undefined where the rule could not be compiled; then `fault` says why. */
  program: CelProgram | undefined;
  fault: string;
  message: string;
  messageProgram: CelProgram | undefined;
  /** A path below the value, in dots. */
  fieldPath: string;
  reason: string;
  usesOldSelf: boolean;
  optionalOldSelf: boolean;
}

const RULES = 'x-kubernetes-validations';
const compiled = new WeakMap<SchemaProps, readonly Rule[]>();
const holders = new WeakMap<SchemaProps, boolean>();

/** The rules of one node of a schema, compiled once. */
export function rulesOf(schema: SchemaProps): readonly Rule[] {
  let rules = compiled.get(schema);
  if (rules === undefined) {
    rules = listOf(schema[RULES]).filter(isJsonObject).map(readRule);
    compiled.set(schema, rules);
  }
  return rules;
}

/** Whether there is any rule at this node or below. */
export function hasRules(schema: SchemaProps): boolean {
  let found = holders.get(schema);
  if (found === undefined) {
    found =
      listOf(schema[RULES]).length > 0 ||
      listOf(schema['allOf']).filter(isJsonObject).some(hasRules) ||
      childrenOf(schema).some(hasRules);
    holders.set(schema, found);
  }
  return found;
}

function childrenOf(schema: SchemaProps): SchemaProps[] {
  const items = itemsSchema(schema);
  const others = additionalSchema(schema);
  return [
    ...Object.values(propertiesOf(schema)).filter(isJsonObject),
    ...(items === undefined ? [] : [items]),
    ...(others === undefined ? [] : [others]),
  ];
}

function readRule(rule: JsonObject): Rule {
  const source = text(rule['rule']).trim();
  const messageExpression = text(rule['messageExpression']);
  const message = text(rule['message']).trim();
  const optionalOldSelf = rule['optionalOldSelf'] === true;
  const environment = environmentWith({
    self: 'dyn',
    oldSelf: optionalOldSelf ? 'optional<dyn>' : 'dyn',
  });
  const { program, fault } = tryCompile(() => compileCel(source, environment, 'bool'));
  return {
    program,
    fault,
    message,
    messageProgram:
      messageExpression === ''
        ? undefined
        : tryCompile(() => compileCel(messageExpression.trim(), environment, 'string')).program,
    fieldPath: text(rule['fieldPath']).replace(/^\./, ''),
    reason: text(rule['reason']),
    usesOldSelf: program?.names.has('oldSelf') ?? false,
    optionalOldSelf,
  };
}

function tryCompile(work: () => CelProgram): { program: CelProgram | undefined; fault: string } {
  try {
    return { program: work(), fault: '' };
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    return { program: undefined, fault: error.message };
  }
}

function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}
