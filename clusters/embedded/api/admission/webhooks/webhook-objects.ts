import type {
  MutatingWebhook,
  WebhookClientConfig,
} from 'kubernetes-types/admissionregistration/v1.js';
import type { KubeObject } from '../../cluster-api.js';

/** Configurations as their validation guarantees them. Validating webhooks have no `reinvocationPolicy`. */
export interface WebhookConfiguration extends KubeObject {
  webhooks?: MutatingWebhook[];
}

export type Webhook = MutatingWebhook;
export type { WebhookClientConfig };

/** Somebody who could be asked could not be, or gave no answer that can be used; its failurePolicy decides. */
export class CallError extends Error {
  override readonly name = 'CallError';
}
