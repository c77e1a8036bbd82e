import type { KubeObject } from '../../cluster-api.js';
import { equalJson } from '../../json/json-values.js';
import type { FieldError, PrinterColumn } from '../../resource-definition.js';
import { AGE, column, NAME, wideColumn } from '../columns.js';
import { defineResource } from '../define-resource.js';
import { GoText, invalid, invalidEach, notSupported, required } from '../field-errors.js';
import { dnsSubdomain, pathSegment } from '../names.js';
import { validateMeta } from '../object-meta.js';

interface Subject {
  kind?: string;
  apiGroup?: string;
  name?: string;
  namespace?: string;
}

interface RoleBinding extends KubeObject {
  subjects?: Subject[];
  roleRef?: { apiGroup?: string; kind?: string; name?: string };
}

const RBAC = 'rbac.authorization.k8s.io';
const GROUP = { group: RBAC, version: 'v1' } as const;

const COLUMNS: readonly PrinterColumn[] = [
  NAME,
  column<RoleBinding>(
    'Role',
    'The role it gives.',
    ({ roleRef }) => `${roleRef?.kind ?? ''}/${roleRef?.name ?? ''}`,
  ),
  AGE,
  wideColumn<RoleBinding>('Users', 'Users that get it.', (binding) => names(binding, 'User')),
  wideColumn<RoleBinding>('Groups', 'Groups that get it.', (binding) => names(binding, 'Group')),
  wideColumn<RoleBinding>('ServiceAccounts', 'Accounts that get it.', (binding) =>
    names(binding, 'ServiceAccount'),
  ),
];

export const ROLE_BINDINGS = defineResource({
  ...GROUP,
  kind: 'RoleBinding',
  plural: 'rolebindings',
  applyDefaults: (binding: RoleBinding) => {
    defaultBinding(binding);
  },
  validate: (binding: RoleBinding) => validateBinding(binding, ['ClusterRole', 'Role']),
  validateUpdate: (binding: RoleBinding, old: RoleBinding) => sameRole(binding, old),
  columns: COLUMNS,
});

export const CLUSTER_ROLE_BINDINGS = defineResource({
  ...GROUP,
  kind: 'ClusterRoleBinding',
  plural: 'clusterrolebindings',
  namespaced: false,
  applyDefaults: (binding: RoleBinding) => {
    defaultBinding(binding);
  },
  validate: (binding: RoleBinding) => validateBinding(binding, ['ClusterRole']),
  validateUpdate: (binding: RoleBinding, old: RoleBinding) => sameRole(binding, old),
  columns: COLUMNS,
});

function names({ subjects = [] }: RoleBinding, wanted: string): string {
  return subjects
    .filter(({ kind }) => kind === wanted)
    .map(({ name = '', namespace }) => (namespace === undefined ? name : `${namespace}/${name}`))
    .join(', ');
}

function defaultBinding(binding: RoleBinding): void {
  binding.roleRef ??= {};
  binding.roleRef.apiGroup ??= RBAC;
  for (const subject of binding.subjects ?? []) {
    if (subject.kind === 'User' || subject.kind === 'Group') subject.apiGroup ??= RBAC;
  }
}

function validateBinding(binding: RoleBinding, kinds: readonly string[]): FieldError[] {
  const { roleRef = {}, subjects = [] } = binding;
  const errors = validateMeta(binding, pathSegment);
  if (roleRef.apiGroup !== RBAC)
    errors.push(notSupported('roleRef.apiGroup', roleRef.apiGroup, [RBAC]));
  if (!kinds.includes(roleRef.kind ?? ''))
    errors.push(notSupported('roleRef.kind', roleRef.kind ?? '', kinds));
  if ((roleRef.name ?? '') === '') errors.push(required('roleRef.name'));
  else errors.push(...invalidEach('roleRef.name', roleRef.name, pathSegment(roleRef.name ?? '')));
  const cluster = !kinds.includes('Role');
  return [
    ...errors,
    ...subjects.flatMap((subject, index) =>
      validateSubject(`subjects[${index}]`, subject, cluster),
    ),
  ];
}

function validateSubject(path: string, subject: Subject, cluster: boolean): FieldError[] {
  const { kind = '', apiGroup = '', name = '', namespace = '' } = subject;
  const errors: FieldError[] = [];
  if (name === '') errors.push(required(`${path}.name`));
  switch (kind) {
    case 'ServiceAccount':
      if (name !== '') errors.push(...invalidEach(`${path}.name`, name, dnsSubdomain(name)));
      if (apiGroup !== '') errors.push(notSupported(`${path}.apiGroup`, apiGroup, ['']));
      if (cluster && namespace === '') errors.push(required(`${path}.namespace`));
      break;
    case 'User':
    case 'Group':
      if (apiGroup !== RBAC) errors.push(notSupported(`${path}.apiGroup`, apiGroup, [RBAC]));
      break;
    default:
      errors.push(notSupported(`${path}.kind`, kind, ['ServiceAccount', 'User', 'Group']));
  }
  return errors;
}

function sameRole({ roleRef }: RoleBinding, old: RoleBinding): FieldError[] {
  if (equalJson(roleRef, old.roleRef)) return [];
  const { apiGroup = '', kind = '', name = '' } = roleRef ?? {};
  const shown = [apiGroup, kind, name].map((text) => JSON.stringify(text));
  const value = new GoText(
    `rbac.RoleRef{APIGroup:${shown[0] ?? ''}, Kind:${shown[1] ?? ''}, Name:${shown[2] ?? ''}}`,
  );
  return [invalid('roleRef', value, 'cannot change roleRef')];
}
