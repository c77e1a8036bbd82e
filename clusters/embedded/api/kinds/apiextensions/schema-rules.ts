import { isJsonObject } from '../../../../../common/json.js';
import type { Json, JsonObject } from '../../../../../common/json.js';
import { CelError, compileCel } from '../../cel/compile.js';
import { environmentFor } from '../../crd/rule-types.js';
import type { FieldError } from '../../resource-definition.js';
import { GoText, invalid, notSupported, required } from '../field-errors.js';

const REASONS = [
  'FieldValueDuplicate',
  'FieldValueForbidden',
  'FieldValueInvalid',
  'FieldValueRequired',
];

/** The `x-kubernetes-validations` of one node of a schema: each must be an expression about what is there. */
export function validateSchemaRules(
  path: string,
  schema: JsonObject,
  isRoot: boolean,
): FieldError[] {
  const rules = schema['x-kubernetes-validations'];
  if (!Array.isArray(rules)) return [];
  return rules.filter(isJsonObject).flatMap((rule, index) => {
    const at = `${path}.x-kubernetes-validations[${index}]`;
    return validateRule(at, rule, { schema, isRoot });
  });
}

function validateRule(
  path: string,
  rule: JsonObject,
  node: { schema: JsonObject; isRoot: boolean },
): FieldError[] {
  const errors: FieldError[] = [];
  const source = text(rule['rule']).trim();
  const message = text(rule['message']);
  const messageExpression = text(rule['messageExpression']);
  const reason = text(rule['reason']);
  if (source === '') errors.push(required(`${path}.rule`, 'rule is not specified'));
  if (message !== '' && message.trim() === '') {
    errors.push(invalid(`${path}.message`, message, 'message must be non-empty if specified'));
  } else if (message.trim().includes('\n')) {
    errors.push(invalid(`${path}.message`, message, 'message must not contain line breaks'));
  } else if (source.includes('\n') && message === '') {
    const why = 'message must be specified if rule contains line breaks';
    errors.push(required(`${path}.message`, why));
  }
  if (messageExpression !== '' && messageExpression.trim() === '') {
    const why = 'messageExpression must be non-empty if specified';
    errors.push(required(`${path}.messageExpression`, why));
  }
  if (reason !== '' && !REASONS.includes(reason)) {
    errors.push(notSupported(`${path}.reason`, reason, REASONS));
  }
  if (errors.length > 0) return errors;
  const env = environmentFor(node.schema, {
    isRoot: node.isRoot,
    optionalOldSelf: rule['optionalOldSelf'] === true,
  });
  const fault = (expression: string, type: string): string | undefined => {
    try {
      compileCel(expression, env, type);
      return undefined;
    } catch (error) {
      if (!(error instanceof CelError)) throw error;
      return error.message;
    }
  };
  const ruleFault = fault(source, 'bool');
  if (ruleFault !== undefined) errors.push(invalid(`${path}.rule`, goRule(rule), ruleFault));
  if (messageExpression !== '') {
    const messageFault = fault(messageExpression.trim(), 'string');
    if (messageFault !== undefined) {
      errors.push(invalid(`${path}.messageExpression`, goRule(rule), messageFault));
    }
  }
  return errors;
}

/** As Go prints the rule. */
function goRule(rule: JsonObject): GoText {
  const [source, message, messageExpression, fieldPath] = [
    'rule',
    'message',
    'messageExpression',
    'fieldPath',
  ].map((key) => JSON.stringify(text(rule[key])));
  return new GoText(
    `apiextensions.ValidationRule{Rule:${source}, Message:${message}, MessageExpression:${messageExpression}, Reason:(*apiextensions.FieldValueErrorReason)(nil), FieldPath:${fieldPath}, OptionalOldSelf:(*bool)(nil)}`,
  );
}

function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}
