import type { KubeObject } from '../../cluster-api.js';
import type { FieldError } from '../../resource-definition.js';
import { oneOf } from '../checks.js';
import { AGE, integerColumn, NAME } from '../columns.js';
import { defineResource } from '../define-resource.js';
import { duplicate, invalid, required } from '../field-errors.js';
import { validateLabelSelector, type LabelSelector } from '../labels.js';
import { validateMeta } from '../object-meta.js';

interface Webhook {
  name?: string;
  clientConfig?: { url?: string; service?: { port?: number } };
  rules?: { scope?: string }[];
  failurePolicy?: string;
  matchPolicy?: string;
  namespaceSelector?: LabelSelector;
  objectSelector?: LabelSelector;
  sideEffects?: string;
  timeoutSeconds?: number;
  admissionReviewVersions?: string[];
  reinvocationPolicy?: string;
}

interface WebhookConfiguration extends KubeObject {
  webhooks?: Webhook[];
}

const GROUP = { group: 'admissionregistration.k8s.io', version: 'v1' } as const;
const MAX_TIMEOUT_S = 30;
const LONGEST_NAME_PARTS = 3;

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

function validateWebhooks(configuration: WebhookConfiguration): FieldError[] {
  const errors = validateMeta(configuration);
  const names = new Set<string>();
  for (const [index, webhook] of (configuration.webhooks ?? []).entries()) {
    const path = `webhooks[${index}]`;
    errors.push(...validateWebhook(path, webhook));
    const { name = '' } = webhook;
    if (names.has(name)) errors.push(duplicate(`${path}.name`, name));
    names.add(name);
  }
  return errors;
}

function validateWebhook(path: string, webhook: Webhook): FieldError[] {
  const {
    name = '',
    clientConfig = {},
    timeoutSeconds = 10,
    admissionReviewVersions = [],
  } = webhook;
  const errors: FieldError[] = [];
  if (name.split('.').length < LONGEST_NAME_PARTS) {
    errors.push(
      invalid(
        `${path}.name`,
        name,
        'should be a domain with at least three segments separated by dots',
      ),
    );
  }
  errors.push(...oneOf(`${path}.failurePolicy`, webhook.failurePolicy, ['Fail', 'Ignore']));
  errors.push(...oneOf(`${path}.matchPolicy`, webhook.matchPolicy, ['Equivalent', 'Exact']));
  if (webhook.sideEffects === undefined) {
    errors.push(required(`${path}.sideEffects`, 'must specify one of None, NoneOnDryRun'));
  } else
    errors.push(...oneOf(`${path}.sideEffects`, webhook.sideEffects, ['None', 'NoneOnDryRun']));
  if (timeoutSeconds < 1 || timeoutSeconds > MAX_TIMEOUT_S) {
    const why = 'the timeout value must be between 1 and 30 seconds';
    errors.push(invalid(`${path}.timeoutSeconds`, timeoutSeconds, why));
  }
  errors.push(...validateLabelSelector(`${path}.namespaceSelector`, webhook.namespaceSelector));
  errors.push(...validateLabelSelector(`${path}.objectSelector`, webhook.objectSelector));
  if ((clientConfig.url === undefined) === (clientConfig.service === undefined)) {
    errors.push(required(`${path}.clientConfig`, 'exactly one of url or service is required'));
  }
  if (admissionReviewVersions.length === 0) {
    errors.push(required(`${path}.admissionReviewVersions`, 'must specify one of v1, v1beta1'));
  }
  return errors;
}
