import { randomUUID } from 'node:crypto';
import type { LimitFunction } from 'p-limit';
import { ApiError, forbidden, internalError } from '../../api-error.js';
import type { RbacAuthorizer } from '../../auth/rbac.js';
import { CelError } from '../../cel/compile.js';
import { cloneJson, equalJson } from '../../json/json-values.js';
import type { KubeObject } from '../../cluster-api.js';
import type { Answer, Question } from '../../registry/admission-chain.js';
import type { AdmissionRequest } from '../../registry/admission.js';
import type { SchemaCatalogue } from '../../schema-catalogue.js';
import type { VersionsOf } from '../policies/match.js';
import { requestVariables } from '../policies/request-variables.js';
import { post } from './call.js';
import type { Dial } from './call.js';
import { ConditionCheck } from './conditions.js';
import { destinationOf } from './destination.js';
import { MUTATING, speaksOf, VALIDATING, webhooksOf } from './find-webhooks.js';
import { patchObject } from './patch-object.js';
import { denial, readAnswer, ReviewForm, versionFor } from './review.js';
import type { Verdict } from './review.js';
import { tellWarnings } from './warnings.js';
import { CallError } from './webhook-objects.js';
import type { Webhook } from './webhook-objects.js';

export interface ConversationParts {
  rbac: RbacAuthorizer;
  catalogue: SchemaCatalogue;
  dial: Dial;
  versionsOf: VersionsOf;
  limit: LimitFunction;
}

/** All webhooks together may take this long for one write, as any request to the real server may. */
const PATIENCE_MS = 60_000;
const DEFAULT_TIMEOUT_S = 10;

/** What is said with webhooks about one write: who was asked before counts when something changes after. */
export class Conversation {
  readonly #parts: ConversationParts;
  readonly #endsAt = performance.now() + PATIENCE_MS;
  /** Those asked already who want to be asked again where others change something. */
  #earlier = new Set<string>();
  readonly #again = new Set<string>();
  #left: KubeObject | undefined;

  constructor(parts: ConversationParts) {
    this.#parts = parts;
  }

  /** Rejects with ApiError where a webhook refuses, or could not be asked and must be. */
  ask(question: Question): Promise<Answer> {
    return question.step === 'validate' ? this.#validate(question) : this.#mutate(question);
  }

  /** One after the other, each with what the one before made of the object. */
  async #mutate(question: Question): Promise<Answer> {
    const { request, step } = question;
    const isAgain = step === 'mutate-again';
    if (isAgain && !equalJson(this.#left, request.object)) this.#requireAgain();
    let answer: Answer = 'nobody asked';
    let conditions = this.#conditionsFor(request);
    let form: ReviewForm | undefined;
    for (const { id, webhook } of webhooksOf(MUTATING, request)) {
      if (isAgain && !this.#again.has(id)) continue;
      if (!this.#isMeant(webhook, request, conditions)) continue;
      if (answer === 'nobody asked') answer = 'asked';
      form ??= new ReviewForm(question);
      if (await this.#change(webhook, request, form)) {
        answer = 'changed';
        form = undefined;
        conditions = this.#conditionsFor(request);
        this.#requireAgain();
      }
      if (webhook.reinvocationPolicy === 'IfNeeded') this.#earlier.add(id);
    }
    if (answer !== 'nobody asked') this.#left = cloneJson(request.object);
    return answer;
  }

  #requireAgain(): void {
    for (const id of this.#earlier) this.#again.add(id);
    this.#earlier = new Set();
  }

  /** Whether the webhook changed the object. */
  async #change(webhook: Webhook, request: AdmissionRequest, form: ReviewForm): Promise<boolean> {
    const verdict = await this.#verdict(webhook, { request, form, mutating: true });
    if (verdict === undefined || verdict.patch.length === 0) return false;
    const { object: before, definition } = request;
    if (before === undefined || request.seen !== undefined) {
      throw internalError(
        `admission webhook ${JSON.stringify(webhook.name)} attempted to modify the object, which is not supported for this operation`,
      );
    }
    const after = patchObject({ object: before, definition }, verdict.patch, this.#parts.catalogue);
    if (equalJson(before, after)) return false;
    request.object = after;
    return true;
  }

  /** All at once; of several refusals the first counts. */
  async #validate(question: Question): Promise<Answer> {
    const { request } = question;
    const conditions = this.#conditionsFor(request);
    const meant = webhooksOf(VALIDATING, request).filter(({ webhook }) =>
      this.#isMeant(webhook, request, conditions),
    );
    if (meant.length === 0) return 'nobody asked';
    const form = new ReviewForm(question);
    const answers = await Promise.allSettled(
      meant.map(({ webhook }) => this.#verdict(webhook, { request, form, mutating: false })),
    );
    for (const answer of answers) if (answer.status === 'rejected') throw answer.reason;
    return 'asked';
  }

  #conditionsFor(request: AdmissionRequest): ConditionCheck {
    return new ConditionCheck(() => requestVariables(request, this.#parts.rbac));
  }

  #isMeant(webhook: Webhook, request: AdmissionRequest, conditions: ConditionCheck): boolean {
    if (!speaksOf(webhook, request, this.#parts.versionsOf)) return false;
    const met = conditions.check(webhook);
    if (!(met instanceof CelError)) return met;
    if (webhook.failurePolicy === 'Ignore') return false;
    throw forbidden(request.definition, request.name, met.message);
  }

  /** What a webhook says; undefined where it could not be asked and need not be. */
  async #verdict(
    webhook: Webhook,
    asked: { request: AdmissionRequest; form: ReviewForm; mutating: boolean },
  ): Promise<Verdict | undefined> {
    try {
      const verdict = await this.#parts.limit(() => this.#call(webhook, asked));
      tellWarnings(asked.request, verdict.warnings);
      if (!verdict.allowed) throw denial(webhook.name, verdict.status);
      return verdict;
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      if (performance.now() >= this.#endsAt) throw tooLate();
      if (webhook.failurePolicy === 'Ignore') return undefined;
      throw internalError(
        `failed calling webhook ${JSON.stringify(webhook.name)}: ${error.message}`,
      );
    }
  }

  async #call(
    webhook: Webhook,
    { request, form, mutating }: { request: AdmissionRequest; form: ReviewForm; mutating: boolean },
  ): Promise<Verdict> {
    const { clientConfig, timeoutSeconds = DEFAULT_TIMEOUT_S } = webhook;
    const leftMs = this.#endsAt - performance.now();
    if (leftMs <= 0) throw tooLate();
    const uid = randomUUID();
    const version = versionFor(webhook);
    const answer = await post(destinationOf(clientConfig, request.api), {
      body: form.text(uid, version),
      authorities: Buffer.from(clientConfig.caBundle ?? '', 'base64').toString('utf8'),
      timeoutMs: Math.ceil(Math.min(timeoutSeconds * 1000, leftMs)),
      dial: this.#parts.dial,
    });
    return readAnswer(answer, { uid, version, mutating });
  }
}

function tooLate(): ApiError {
  return new ApiError(504, 'Timeout', {
    message: 'Timeout: request did not complete within requested timeout',
    details: {},
  });
}
