import { CelError, compileCel } from '../../cel/compile.js';
import type { CelProgram } from '../../cel/compile.js';
import { environmentWith } from '../../cel/environment.js';
import type { Policy } from './policy-objects.js';

/** What every expression of a policy may speak of. */
const VARIABLES = {
  object: 'dyn',
  oldObject: 'dyn',
  request: 'dyn',
  params: 'dyn',
  namespaceObject: 'dyn',
  authorizer: 'Authorizer',
} as const;

/** A policy's expressions, ready to be evaluated; in place of one that cannot be compiled stands what is wrong. */
export interface PolicyPrograms {
  conditions: readonly (CelProgram | CelError)[];
  variables: readonly { name: string; program: CelProgram | CelError }[];
  validations: readonly {
    program: CelProgram | CelError;
    message: string;
    messageProgram: CelProgram | undefined;
    reason: string;
  }[];
}

const compiled = new WeakMap<Policy['spec'], PolicyPrograms>();

/** Compiled once per state of a policy. */
export function programsOf({ spec }: Policy): PolicyPrograms {
  let programs = compiled.get(spec);
  if (programs === undefined) {
    programs = {
      conditions: (spec.matchConditions ?? []).map(({ expression }) =>
        compileCondition(expression),
      ),
      variables: (spec.variables ?? []).map(({ name, expression }) => ({
        name,
        program: compileVariable(expression),
      })),
      validations: (spec.validations ?? []).map((validation) => {
        const { messageExpression = '' } = validation;
        const messageProgram =
          messageExpression === '' ? undefined : compileMessage(messageExpression);
        return {
          program: compileValidation(validation.expression),
          message: (validation.message ?? '').trim(),
          messageProgram: messageProgram instanceof CelError ? undefined : messageProgram,
          reason: validation.reason ?? 'Invalid',
        };
      }),
    };
    compiled.set(spec, programs);
  }
  return programs;
}

/** A webhook's conditions know neither parameters nor the namespace. */
export function compileWebhookCondition(text: string): CelProgram | CelError {
  const { object, oldObject, request, authorizer } = VARIABLES;
  return compile(text, { variables: { object, oldObject, request, authorizer }, type: 'bool' });
}

/** Conditions come before variables, and cannot use them. */
export function compileCondition(text: string): CelProgram | CelError {
  return compile(text, { variables: VARIABLES, type: 'bool' });
}

export function compileVariable(text: string): CelProgram | CelError {
  return compile(text, { variables: { ...VARIABLES, variables: 'dyn' }, type: 'dyn' });
}

export function compileValidation(text: string): CelProgram | CelError {
  return compile(text, { variables: { ...VARIABLES, variables: 'dyn' }, type: 'bool' });
}

export function compileMessage(text: string): CelProgram | CelError {
  return compile(text, { variables: { ...VARIABLES, variables: 'dyn' }, type: 'string' });
}

function compile(
  text: string,
  { variables, type }: { variables: Readonly<Record<string, string>>; type: string },
): CelProgram | CelError {
  try {
    return compileCel(text.trim(), environmentWith(variables), type);
  } catch (error) {
    if (error instanceof CelError) return error;
    throw error;
  }
}
