import { compileWebhookCondition } from '../../admission/policies/programs.js';
import { CelError } from '../../cel/compile.js';
import type { KubeObject } from '../../cluster-api.js';
import type { FieldError } from '../../resource-definition.js';
import { filled, oneOf } from '../checks.js';
import {
  duplicate,
  goStrings,
  invalid,
  invalidEach,
  notSupported,
  required,
  tooMany,
} from '../field-errors.js';
import type { LabelSelector } from '../../selectors/match-labels.js';
import { validateLabelSelector } from '../labels.js';
import { dnsSubdomain, portNumber, qualifiedName } from '../names.js';
import { validateMeta } from '../object-meta.js';

/** As they come, before validation. */
export interface WebhookConfiguration extends KubeObject {
  webhooks?: Webhook[];
}

export interface Webhook {
  name?: string;
  clientConfig?: ClientConfig;
  rules?: Rule[];
  failurePolicy?: string;
  matchPolicy?: string;
  namespaceSelector?: LabelSelector;
  objectSelector?: LabelSelector;
  sideEffects?: string;
  timeoutSeconds?: number;
  admissionReviewVersions?: string[];
  matchConditions?: { name?: string; expression?: string }[];
  reinvocationPolicy?: string;
}

interface ClientConfig {
  url?: string;
  service?: { name?: string; namespace?: string; path?: string; port?: number };
}

interface Rule {
  operations?: string[];
  apiGroups?: string[];
  apiVersions?: string[];
  resources?: string[];
  scope?: string;
}

const MAX_TIMEOUT_S = 30;
const FEWEST_NAME_PARTS = 3;
const MOST_CONDITIONS = 64;
const REVIEW_VERSIONS: readonly string[] = ['v1', 'v1beta1'];
const OPERATIONS: readonly string[] = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];
const URL_FORM = '; desired format: https://host[/path]';

/** All faults of a configuration, in the real server's order. */
export function validateWebhooks(configuration: WebhookConfiguration): FieldError[] {
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
  const { name = '', sideEffects, timeoutSeconds = 10, reinvocationPolicy } = webhook;
  const errors: FieldError[] = [];
  if (name.split('.').length < FEWEST_NAME_PARTS) {
    const why = 'should be a domain with at least three segments separated by dots';
    errors.push(invalid(`${path}.name`, name, why));
  }
  for (const [index, rule] of (webhook.rules ?? []).entries()) {
    errors.push(...validateRule(`${path}.rules[${index}]`, rule));
  }
  errors.push(...oneOf(`${path}.failurePolicy`, webhook.failurePolicy, ['Fail', 'Ignore']));
  errors.push(...oneOf(`${path}.matchPolicy`, webhook.matchPolicy, ['Equivalent', 'Exact']));
  errors.push(
    ...(sideEffects === undefined
      ? [required(`${path}.sideEffects`, 'must specify one of None, NoneOnDryRun')]
      : oneOf(`${path}.sideEffects`, sideEffects, ['None', 'NoneOnDryRun'])),
  );
  if (timeoutSeconds < 1 || timeoutSeconds > MAX_TIMEOUT_S) {
    const why = 'the timeout value must be between 1 and 30 seconds';
    errors.push(invalid(`${path}.timeoutSeconds`, timeoutSeconds, why));
  }
  if (reinvocationPolicy !== undefined) {
    const policies = ['IfNeeded', 'Never'];
    errors.push(...oneOf(`${path}.reinvocationPolicy`, reinvocationPolicy, policies));
  }
  errors.push(...validateLabelSelector(`${path}.namespaceSelector`, webhook.namespaceSelector));
  errors.push(...validateLabelSelector(`${path}.objectSelector`, webhook.objectSelector));
  errors.push(...validateClient(`${path}.clientConfig`, webhook.clientConfig ?? {}));
  errors.push(...validateConditions(`${path}.matchConditions`, webhook.matchConditions ?? []));
  errors.push(
    ...validateVersions(`${path}.admissionReviewVersions`, webhook.admissionReviewVersions ?? []),
  );
  return errors;
}

function validateRule(path: string, rule: Rule): FieldError[] {
  const { operations = [], apiGroups = [], apiVersions = [], resources = [], scope } = rule;
  return [
    ...alone(`${path}.operations`, operations, 'operations'),
    ...operations.flatMap((operation, index) =>
      OPERATIONS.includes(operation)
        ? []
        : [notSupported(`${path}.operations[${index}]`, operation, OPERATIONS)],
    ),
    ...alone(`${path}.apiGroups`, apiGroups, 'API groups'),
    ...alone(`${path}.apiVersions`, apiVersions, 'API versions'),
    ...apiVersions.flatMap((version, index) => filled(`${path}.apiVersions[${index}]`, version)),
    ...validateResources(`${path}.resources`, resources),
    ...(scope === undefined ? [] : oneOf(`${path}.scope`, scope, ['*', 'Cluster', 'Namespaced'])),
  ];
}

/** At least one, and nothing beside a `*`. */
function alone(path: string, list: readonly string[], what: string): FieldError[] {
  if (list.length === 0) return [required(path)];
  if (list.length === 1 || !list.includes('*')) return [];
  return [invalid(path, goStrings(list), `if '*' is present, must not specify other ${what}`)];
}

function validateResources(path: string, resources: readonly string[]): FieldError[] {
  if (resources.length === 0) return [required(path)];
  const errors = resources.flatMap((resource, index) => filled(`${path}[${index}]`, resource));
  if (resources.length > 1 && resources.includes('*/*')) {
    errors.push(
      invalid(path, goStrings(resources), "if '*/*' is present, must not specify other resources"),
    );
  }
  const isPlain = (resource: string): boolean => resource !== '*' && !resource.includes('/');
  if (resources.includes('*') && resources.some(isPlain)) {
    const why = "if '*' is present, must not specify other resources without subresources";
    errors.push(invalid(path, goStrings(resources), why));
  }
  return errors;
}

function validateClient(path: string, { url, service }: ClientConfig): FieldError[] {
  if ((url === undefined) === (service === undefined)) {
    return [required(path, 'exactly one of url or service is required')];
  }
  if (url !== undefined) return validateUrl(`${path}.url`, url);
  const { name, namespace, port = 443, path: urlPath = '' } = service ?? {};
  return [
    ...(filled(`${path}.service.name`, name).length === 0
      ? []
      : [required(`${path}.service.name`, 'service name is required')]),
    ...(filled(`${path}.service.namespace`, namespace).length === 0
      ? []
      : [required(`${path}.service.namespace`, 'service namespace is required')]),
    ...portNumber(port).map((why) =>
      invalid(`${path}.service.port`, port, `port is not valid: ${why}`),
    ),
    ...validatePath(`${path}.service.path`, urlPath),
  ];
}

function validateUrl(path: string, text: string): FieldError[] {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return [
      required(
        path,
        `url must be a valid URL: parse ${JSON.stringify(text)}: invalid URI for request${URL_FORM}`,
      ),
    ];
  }
  const errors: FieldError[] = [];
  if (url.protocol !== 'https:') {
    const why = `'https' is the only allowed URL scheme${URL_FORM}`;
    errors.push(invalid(path, url.protocol.slice(0, -1), why));
  }
  if (url.hostname === '') errors.push(invalid(path, '', `host must be provided${URL_FORM}`));
  const forbidden = [
    [
      [url.username, url.password].filter((part) => part !== '').join(':'),
      'user information is not permitted in the URL',
    ],
    [url.hash.slice(1), 'fragments are not permitted in the URL'],
    [url.search.slice(1), 'query parameters are not permitted in the URL'],
  ] as const;
  for (const [part, why] of forbidden) if (part !== '') errors.push(invalid(path, part, why));
  return errors;
}

function validatePath(path: string, urlPath: string): FieldError[] {
  if (urlPath === '' || urlPath === '/') return [];
  if (urlPath === '//') return [invalid(path, urlPath, 'segment[0] may not be empty')];
  const errors = urlPath.startsWith('/') ? [] : [invalid(path, urlPath, "must start with a '/'")];
  for (const [index, step] of urlPath.slice(1).replace(/\/$/, '').split('/').entries()) {
    const faults = step === '' ? ['may not be empty'] : dnsSubdomain(step).map((why) => `: ${why}`);
    for (const fault of faults) {
      const text = `segment[${index}]${fault.startsWith(':') ? '' : ' '}${fault}`;
      errors.push(invalid(path, urlPath, text));
    }
  }
  return errors;
}

function validateConditions(
  path: string,
  conditions: readonly { name?: string; expression?: string }[],
): FieldError[] {
  if (conditions.length > MOST_CONDITIONS) {
    return [tooMany(path, conditions.length, MOST_CONDITIONS)];
  }
  const names = new Set<string>();
  return conditions.flatMap(({ name = '', expression = '' }, index) => {
    const at = `${path}[${index}]`;
    const source = expression.trim();
    const program = source === '' ? undefined : compileWebhookCondition(source);
    const errors = [
      ...filled(`${at}.expression`, source),
      ...(program instanceof CelError
        ? [invalid(`${at}.expression`, source, program.message)]
        : []),
      ...(name === ''
        ? [required(`${at}.name`)]
        : invalidEach(`${at}.name`, name, qualifiedName(name))),
    ];
    if (name !== '' && names.has(name)) errors.push(duplicate(`${at}.name`, name));
    names.add(name);
    return errors;
  });
}

function validateVersions(path: string, versions: readonly string[]): FieldError[] {
  if (versions.length === 0) return [required(path, 'must specify one of v1, v1beta1')];
  if (versions.some((version) => REVIEW_VERSIONS.includes(version))) return [];
  return [invalid(path, goStrings(versions), 'must include at least one of v1, v1beta1')];
}
