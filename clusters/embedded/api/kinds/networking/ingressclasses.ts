import type { IngressClassSpec } from 'kubernetes-types/networking/v1.js';
import type { FieldError } from '../../resource-definition.js';
import { filled, oneOf } from '../checks.js';
import { AGE, column, NAME } from '../columns.js';
import { defineResource } from '../define-resource.js';
import {
  forbidden,
  immutableValue,
  invalid,
  invalidEach,
  required,
  tooLong,
} from '../field-errors.js';
import type { ObjectOf } from '../loose.js';
import { dnsSubdomain } from '../names.js';
import { validateMeta } from '../object-meta.js';

type IngressClass = ObjectOf<IngressClassSpec>;

const MAX_CONTROLLER_BYTES = 250;

export const INGRESS_CLASSES = defineResource({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'IngressClass',
  plural: 'ingressclasses',
  namespaced: false,
  hasGeneration: true,
  applyDefaults(ingressClass: IngressClass) {
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- not yet before defaulting
    ingressClass.spec ??= {};
    const { parameters } = ingressClass.spec;
    if (parameters !== undefined) parameters.scope ??= 'Cluster';
  },
  validate: (ingressClass: IngressClass) => [
    ...validateMeta(ingressClass),
    ...validateSpec(ingressClass),
  ],
  validateUpdate: (ingressClass: IngressClass, old: IngressClass) =>
    ingressClass.spec.controller === old.spec.controller
      ? []
      : [immutableValue('spec.controller', ingressClass.spec.controller)],
  columns: [
    NAME,
    column<IngressClass>('Controller', 'Who implements it.', ({ spec }) => spec.controller ?? ''),
    column<IngressClass>('Parameters', 'Where its settings are.', ({ spec }) => {
      const { parameters } = spec;
      if (parameters === undefined) return '<none>';
      const { apiGroup, kind = '', name = '' } = parameters;
      return apiGroup === undefined ? `${kind}/${name}` : `${kind}.${apiGroup}/${name}`;
    }),
    AGE,
  ],
});

function validateSpec({ spec }: IngressClass): FieldError[] {
  const { controller = '', parameters } = spec;
  const errors: FieldError[] = [];
  if (Buffer.byteLength(controller) > MAX_CONTROLLER_BYTES) {
    errors.push(tooLong('spec.controller', MAX_CONTROLLER_BYTES));
  }
  if (controller === '') errors.push(required('spec.controller'));
  else errors.push(...domainPrefixed('spec.controller', controller));
  if (parameters === undefined) return errors;
  const path = 'spec.parameters';
  errors.push(
    ...filled(`${path}.kind`, parameters.kind),
    ...filled(`${path}.name`, parameters.name),
  );
  errors.push(...oneOf(`${path}.scope`, parameters.scope, ['Cluster', 'Namespace']));
  if (parameters.scope === 'Namespace') {
    if (parameters.namespace === undefined) {
      errors.push(required(`${path}.namespace`, "`parameters.scope` is set to 'Namespace'"));
    }
  } else if (parameters.namespace !== undefined) {
    errors.push(forbidden(`${path}.namespace`, "`parameters.scope` is set to 'Cluster'"));
  }
  return errors;
}

function domainPrefixed(path: string, text: string): FieldError[] {
  const [domain = '', rest] = text.split(/\/(.*)/s);
  if (rest === undefined || rest === '' || domain === '') {
    return [invalid(path, text, 'must be a domain-prefixed path (such as "acme.io/foo")')];
  }
  return invalidEach(path, domain, dnsSubdomain(domain));
}
