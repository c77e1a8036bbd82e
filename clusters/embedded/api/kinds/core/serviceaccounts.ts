import type { KubeObject } from '../../cluster-api.js';
import { AGE, column, NAME } from '../columns.js';
import { defineResource } from '../define-resource.js';
import { validateMeta } from '../object-meta.js';

export interface ServiceAccount extends KubeObject {
  secrets?: { name?: string }[];
  imagePullSecrets?: { name?: string }[];
  automountServiceAccountToken?: boolean;
}

export const SERVICE_ACCOUNTS = defineResource({
  group: '',
  version: 'v1',
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  shortNames: ['sa'],
  subresources: [
    {
      name: 'token',
      group: 'authentication.k8s.io',
      version: 'v1',
      kind: 'TokenRequest',
      verbs: ['create'],
    },
  ],
  validate: (account) => validateMeta(account),
  columns: [
    NAME,
    column<ServiceAccount>(
      'Secrets',
      'Number of its Secrets.',
      ({ secrets = [] }) => secrets.length,
    ),
    AGE,
  ],
});
