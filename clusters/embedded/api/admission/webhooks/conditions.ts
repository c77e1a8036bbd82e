import { OutOfTimeError, runBounded } from '../../cel/bounded.js';
import { CelError } from '../../cel/compile.js';
import type { CelProgram } from '../../cel/compile.js';
import { evaluate, failureText } from '../policies/evaluate.js';
import { compileWebhookCondition } from '../policies/programs.js';
import type { Webhook } from './webhook-objects.js';

/** All conditions of all webhooks together may take this much of the processor for one step of a request. */
const BUDGET_MS = 250;
const OUT_OF_BUDGET =
  'validation failed due to running out of cost budget, no further validation rules will be run';

const compiled = new WeakMap<Webhook, readonly (CelProgram | CelError)[]>();

/** Whether webhooks' match conditions let a request through to them. */
export class ConditionCheck {
  readonly #variables: () => Readonly<Record<string, unknown>>;
  #known: Readonly<Record<string, unknown>> | undefined;
  #leftMs = BUDGET_MS;

  /** `variables` is called where the first condition needs them. */
  constructor(variables: () => Readonly<Record<string, unknown>>) {
    this.#variables = variables;
  }

  /** An error where no condition says no and one could not be told. */
  check(webhook: Webhook): boolean | CelError {
    const programs = programsOf(webhook);
    if (programs.length === 0) return true;
    this.#known ??= this.#variables();
    const given = this.#known;
    const before = process.cpuUsage();
    try {
      if (this.#leftMs < 1) throw new OutOfTimeError(OUT_OF_BUDGET);
      return runBounded(Math.ceil(this.#leftMs), () => evaluateAll(programs, given));
    } catch (error) {
      if (error instanceof OutOfTimeError) return new CelError(OUT_OF_BUDGET);
      throw error;
    } finally {
      const { user, system } = process.cpuUsage(before);
      this.#leftMs -= (user + system) / 1000;
    }
  }
}

function evaluateAll(
  programs: readonly (CelProgram | CelError)[],
  given: Readonly<Record<string, unknown>>,
): boolean | CelError {
  const failures: string[] = [];
  for (const program of programs) {
    const value = evaluate(program, given);
    if (value === false) return false;
    if (value instanceof CelError) failures.push(failureText(program, value));
  }
  if (failures.length === 0) return true;
  return new CelError(failures.length === 1 ? (failures[0] ?? '') : `[${failures.join(', ')}]`);
}

/** Compiled once per state of a configuration. */
function programsOf(webhook: Webhook): readonly (CelProgram | CelError)[] {
  let programs = compiled.get(webhook);
  if (programs === undefined) {
    programs = (webhook.matchConditions ?? []).map(({ expression }) =>
      compileWebhookCondition(expression),
    );
    compiled.set(webhook, programs);
  }
  return programs;
}
