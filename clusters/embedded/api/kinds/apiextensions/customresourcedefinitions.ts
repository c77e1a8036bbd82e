import type { KubeObject } from '../../cluster-api.js';
import type { FieldError } from '../../resource-definition.js';
import { CREATED_AT, NAME } from '../columns.js';
import { defineResource, statusSubresource } from '../define-resource.js';
import {
  duplicate,
  immutableValue,
  invalid,
  invalidEach,
  notSupported,
  required,
} from '../field-errors.js';
import { dns1035Label, dnsSubdomain } from '../names.js';
import { validateMeta } from '../object-meta.js';
import { validateCustomSchemas, type CustomVersion } from './custom-schema.js';

interface Names {
  plural?: string;
  singular?: string;
  kind?: string;
  listKind?: string;
  shortNames?: string[];
  categories?: string[];
}

export interface CustomResourceDefinition extends KubeObject {
  spec: {
    group?: string;
    scope?: string;
    names?: Names;
    versions?: CustomVersion[];
    conversion?: { strategy?: string; webhook?: unknown };
    preserveUnknownFields?: boolean;
  };
}

export const CUSTOM_RESOURCE_DEFINITIONS = defineResource({
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  shortNames: ['crd', 'crds'],
  categories: ['api-extensions'],
  namespaced: false,
  subresources: [statusSubresource('CustomResourceDefinition')],
  hasGeneration: true,
  applyDefaults(definition: CustomResourceDefinition) {
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- not yet before defaulting
    const spec = (definition.spec ??= {});
    const names = (spec.names ??= {});
    if (names.kind !== undefined) {
      names.singular ??= names.kind.toLowerCase();
      names.listKind ??= `${names.kind}List`;
    }
    spec.conversion ??= {};
    spec.conversion.strategy ??= 'None';
  },
  validate: (definition: CustomResourceDefinition) => [
    ...validateMeta(definition),
    ...validateName(definition),
    ...validateSpec(definition),
  ],
  validateUpdate({ spec }: CustomResourceDefinition, { spec: before }: CustomResourceDefinition) {
    return [
      ...(spec.group === before.group ? [] : [immutableValue('spec.group', spec.group)]),
      ...(spec.names?.plural === before.names?.plural
        ? []
        : [immutableValue('spec.names.plural', spec.names?.plural)]),
      ...(spec.scope === before.scope ? [] : [immutableValue('spec.scope', spec.scope)]),
      ...(spec.names?.kind === before.names?.kind
        ? []
        : [immutableValue('spec.names.kind', spec.names?.kind)]),
    ];
  },
  columns: [NAME, CREATED_AT],
});

function validateName({ metadata, spec }: CustomResourceDefinition): FieldError[] {
  const expected = `${spec.names?.plural ?? ''}.${spec.group ?? ''}`;
  if (metadata.name === expected) return [];
  return [invalid('metadata.name', metadata.name, 'must be spec.names.plural+"."+spec.group')];
}

function validateSpec({ spec }: CustomResourceDefinition): FieldError[] {
  const { group = '', scope = '', versions = [], names = {} } = spec;
  const errors: FieldError[] = [];
  if (group === '') errors.push(required('spec.group'));
  else {
    errors.push(...invalidEach('spec.group', group, dnsSubdomain(group)));
    if (!group.includes('.')) {
      errors.push(invalid('spec.group', group, 'should be a domain with at least one dot'));
    }
  }
  if (scope === '') errors.push(required('spec.scope'));
  else if (scope !== 'Cluster' && scope !== 'Namespaced') {
    errors.push(notSupported('spec.scope', scope, ['Cluster', 'Namespaced']));
  }
  const seen = new Set<string>();
  for (const [index, { name = '' }] of versions.entries()) {
    const path = `spec.versions[${index}].name`;
    errors.push(...invalidEach(path, name, dns1035Label(name)));
    if (seen.has(name)) errors.push(duplicate(path, name));
    seen.add(name);
  }
  if (versions.filter(({ storage }) => storage === true).length !== 1) {
    const why = 'must have exactly one version marked as storage version';
    errors.push(invalid('spec.versions', '', why));
  }
  return [...errors, ...validateNames(names), ...validateCustomSchemas(versions)];
}

function validateNames(names: Names): FieldError[] {
  const { plural = '', singular = '', kind = '', listKind = '' } = names;
  const path = 'spec.names';
  const errors: FieldError[] = [];
  if (plural === '') errors.push(required(`${path}.plural`));
  if (singular === '') errors.push(required(`${path}.singular`));
  if (kind === '') errors.push(required(`${path}.kind`));
  if (listKind === '') errors.push(required(`${path}.listKind`));
  if (plural !== '') errors.push(...invalidEach(`${path}.plural`, plural, dns1035Label(plural)));
  if (singular !== '')
    errors.push(...invalidEach(`${path}.singular`, singular, dns1035Label(singular)));
  if (kind !== '') {
    errors.push(
      ...invalidEach(`${path}.kind`, kind, dns1035Label(kind.toLowerCase()).map(mixedCase)),
    );
  }
  if (listKind !== '') {
    errors.push(
      ...invalidEach(
        `${path}.listKind`,
        listKind,
        dns1035Label(listKind.toLowerCase()).map(mixedCase),
      ),
    );
  }
  for (const [index, name] of (names.shortNames ?? []).entries()) {
    errors.push(...invalidEach(`${path}.shortNames[${index}]`, name, dns1035Label(name)));
  }
  for (const [index, name] of (names.categories ?? []).entries()) {
    errors.push(...invalidEach(`${path}.categories[${index}]`, name, dns1035Label(name)));
  }
  if (kind !== '' && kind === listKind) {
    errors.push(invalid(`${path}.listKind`, listKind, 'kind and listKind may not be the same'));
  }
  return errors;
}

function mixedCase(fault: string): string {
  return `may have mixed case, but should otherwise match: ${fault}`;
}
