import { AGE, integerColumn, NAME } from '../columns.js';
import { defineResource } from '../define-resource.js';
import { validateWebhooks } from './webhook-validate.js';
import type { Webhook, WebhookConfiguration } from './webhook-validate.js';

const GROUP = { group: 'admissionregistration.k8s.io', version: 'v1' } as const;

const COMMON = {
  ...GROUP,
  categories: ['api-extensions'],
  namespaced: false,
  hasGeneration: true,
  validate: (configuration: WebhookConfiguration) => validateWebhooks(configuration),
  columns: [
    NAME,
    integerColumn<WebhookConfiguration>(
      'Webhooks',
      'Number of webhooks.',
      ({ webhooks = [] }) => webhooks.length,
    ),
    AGE,
  ],
} as const;

export const VALIDATING_WEBHOOK_CONFIGURATIONS = defineResource({
  ...COMMON,
  kind: 'ValidatingWebhookConfiguration',
  plural: 'validatingwebhookconfigurations',
  applyDefaults: (configuration: WebhookConfiguration) => {
    for (const webhook of configuration.webhooks ?? []) defaultWebhook(webhook);
  },
});

export const MUTATING_WEBHOOK_CONFIGURATIONS = defineResource({
  ...COMMON,
  kind: 'MutatingWebhookConfiguration',
  plural: 'mutatingwebhookconfigurations',
  applyDefaults: (configuration: WebhookConfiguration) => {
    for (const webhook of configuration.webhooks ?? []) {
      defaultWebhook(webhook);
      webhook.reinvocationPolicy ??= 'Never';
    }
  },
});

function defaultWebhook(webhook: Webhook): void {
  webhook.failurePolicy ??= 'Fail';
  webhook.matchPolicy ??= 'Equivalent';
  webhook.namespaceSelector ??= {};
  webhook.objectSelector ??= {};
  webhook.timeoutSeconds ??= 10;
  for (const rule of webhook.rules ?? []) rule.scope ??= '*';
  if (webhook.clientConfig?.service !== undefined) webhook.clientConfig.service.port ??= 443;
}
