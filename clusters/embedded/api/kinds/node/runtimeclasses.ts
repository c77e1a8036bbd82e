import type { KubeObject } from '../../cluster-api.js';
import { named } from '../checks.js';
import { AGE, column, NAME } from '../columns.js';
import { defineResource } from '../define-resource.js';
import { immutableValue } from '../field-errors.js';
import { dnsLabel } from '../names.js';
import { validateMeta } from '../object-meta.js';

interface RuntimeClass extends KubeObject {
  handler?: string;
}

export const RUNTIME_CLASSES = defineResource({
  group: 'node.k8s.io',
  version: 'v1',
  kind: 'RuntimeClass',
  plural: 'runtimeclasses',
  namespaced: false,
  validate: (runtime: RuntimeClass) => [
    ...validateMeta(runtime),
    ...named('handler', runtime.handler, dnsLabel),
  ],
  validateUpdate: (runtime: RuntimeClass, old: RuntimeClass) =>
    runtime.handler === old.handler ? [] : [immutableValue('handler', runtime.handler)],
  columns: [
    NAME,
    column<RuntimeClass>('Handler', 'Who runs the containers.', ({ handler = '' }) => handler),
    AGE,
  ],
});
