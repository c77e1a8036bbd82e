import { EXEMPT } from '../policies/policies.js';
import { matchesRequest } from '../policies/match.js';
import type { VersionsOf } from '../policies/match.js';
import type { AdmissionRequest } from '../../registry/admission.js';
import type { Webhook, WebhookConfiguration } from './webhook-objects.js';

const GROUP = 'admissionregistration.k8s.io';
export const MUTATING = `mutatingwebhookconfigurations.${GROUP}`;
export const VALIDATING = `validatingwebhookconfigurations.${GROUP}`;

export interface FoundWebhook {
  /** One of its kind, for as long as its configuration is the same. */
  id: string;
  webhook: Webhook;
}

/** All webhooks of one sort, in the order in which they are asked: by the names of their configurations. */
export function webhooksOf(
  sort: typeof MUTATING | typeof VALIDATING,
  request: AdmissionRequest,
): FoundWebhook[] {
  if (EXEMPT.includes(request.resource)) return [];
  return request.api
    .list<WebhookConfiguration>(sort)
    .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    .flatMap(({ metadata, webhooks = [] }) =>
      webhooks.map((webhook) => ({ id: `${metadata.name}/${webhook.name}`, webhook })),
    );
}

/** Whether a webhook's rules and selectors speak of a request; its conditions are another matter. */
export function speaksOf(
  webhook: Webhook,
  request: AdmissionRequest,
  versionsOf: VersionsOf,
): boolean {
  const { rules = [], namespaceSelector, objectSelector, matchPolicy } = webhook;
  const { version } = request.definition;
  return (
    rules.length > 0 &&
    matchesRequest(
      {
        resourceRules: rules,
        ...(namespaceSelector !== undefined && { namespaceSelector }),
        ...(objectSelector !== undefined && { objectSelector }),
      },
      request,
      matchPolicy === 'Exact' ? () => [version] : versionsOf,
    )
  );
}
