import type { KubeObject } from '../../cluster-api.js';
import { NAME } from '../columns.js';
import { defineResource } from '../define-resource.js';
import { notSupported, required } from '../field-errors.js';

interface Binding extends KubeObject {
  target?: { kind?: string; name?: string };
}

/** Assigns a pod to a node; nothing is stored. */
export const BINDINGS = defineResource({
  group: '',
  version: 'v1',
  kind: 'Binding',
  plural: 'bindings',
  verbs: ['create'],
  validate: ({ target }: Binding) => [
    ...((target?.kind ?? 'Node') === 'Node' || target?.kind === ''
      ? []
      : [notSupported('target.kind', target?.kind, ['Node', '<empty>'])]),
    ...((target?.name ?? '') === '' ? [required('target.name')] : []),
  ],
  columns: [NAME],
});
