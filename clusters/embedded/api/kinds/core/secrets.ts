import type { KubeObject } from '../../cluster-api.js';
import type { FieldError } from '../../resource-definition.js';
import { AGE, column, NAME } from '../columns.js';
import { defineResource } from '../define-resource.js';
import {
  GoText,
  immutableValue,
  invalid,
  invalidEach,
  required,
  tooLong,
} from '../field-errors.js';
import { configKey } from '../names.js';
import { validateMeta } from '../object-meta.js';
import { validateImmutable } from './configmaps.js';

export interface Secret extends KubeObject {
  type?: string;
  data?: Record<string, string>;
  stringData?: Record<string, string>;
  immutable?: boolean;
}

const MAX_BYTES = 1024 * 1024;
const ACCOUNT_ANNOTATION = 'kubernetes.io/service-account.name';

export const SECRETS = defineResource({
  group: '',
  version: 'v1',
  kind: 'Secret',
  plural: 'secrets',
  selectableFields: {
    type: (secret) => (typeof secret['type'] === 'string' ? secret['type'] : ''),
  },
  applyDefaults(secret: Secret) {
    secret.type ??= 'Opaque';
    const { stringData } = secret;
    if (stringData === undefined) return;
    secret.data = { ...secret.data };
    for (const [key, text] of Object.entries(stringData)) {
      secret.data[key] = Buffer.from(text).toString('base64');
    }
    delete secret.stringData;
  },
  validate(secret: Secret) {
    const { data = {} } = secret;
    const errors: FieldError[] = validateMeta(secret);
    let size = 0;
    for (const [key, value] of Object.entries(data)) {
      errors.push(...invalidEach(`data[${key}]`, key, configKey(key)));
      size += Buffer.byteLength(value, 'base64');
    }
    if (size > MAX_BYTES) errors.push(tooLong('data', MAX_BYTES));
    return [...errors, ...validateType(secret, data)];
  },
  validateUpdate(secret: Secret, old: Secret) {
    const errors = secret.type === old.type ? [] : [immutableValue('type', secret.type)];
    return [...errors, ...validateImmutable(secret, old, ['data'])];
  },
  columns: [
    NAME,
    column<Secret>('Type', 'What it is for.', ({ type = '' }) => type),
    column<Secret>('Data', 'Number of keys.', ({ data = {} }) => Object.keys(data).length),
    AGE,
  ],
});

/** Some types promise certain keys. */
function validateType(secret: Secret, data: Readonly<Record<string, string>>): FieldError[] {
  const missing = (...keys: string[]): FieldError[] =>
    keys.filter((key) => !Object.hasOwn(data, key)).map((key) => required(`data[${key}]`));
  switch (secret.type) {
    case 'kubernetes.io/service-account-token': {
      const account = secret.metadata.annotations?.[ACCOUNT_ANNOTATION] ?? '';
      return account === '' ? [required(`metadata.annotations[${ACCOUNT_ANNOTATION}]`)] : [];
    }
    case 'kubernetes.io/dockercfg':
      return missing('.dockercfg').concat(jsonFault(data, '.dockercfg'));
    case 'kubernetes.io/dockerconfigjson':
      return missing('.dockerconfigjson').concat(jsonFault(data, '.dockerconfigjson'));
    case 'kubernetes.io/basic-auth':
      if ('username' in data || 'password' in data) return [];
      return missing('username', 'password');
    case 'kubernetes.io/ssh-auth':
      return (data['ssh-privatekey'] ?? '') === '' ? [required('data[ssh-privatekey]')] : [];
    case 'kubernetes.io/tls':
      return missing('tls.crt', 'tls.key');
    case undefined:
    default:
      return [];
  }
}

function jsonFault(data: Readonly<Record<string, string>>, key: string): FieldError[] {
  const text = data[key];
  if (text === undefined) return [];
  try {
    JSON.parse(Buffer.from(text, 'base64').toString());
    return [];
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return [invalid(`data[${key}]`, new GoText('"<secret contents redacted>"'), why)];
  }
}
