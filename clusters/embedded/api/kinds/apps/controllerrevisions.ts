import type { KubeObject } from '../../cluster-api.js';
import { equalJson } from '../../json/json-values.js';
import { notNegative } from '../checks.js';
import { AGE, column, NAME } from '../columns.js';
import { defineResource } from '../define-resource.js';
import { GoText, immutableValue, required } from '../field-errors.js';
import { validateMeta } from '../object-meta.js';

interface ControllerRevision extends KubeObject {
  data?: unknown;
  revision?: number;
}

export const CONTROLLER_REVISIONS = defineResource({
  group: 'apps',
  version: 'v1',
  kind: 'ControllerRevision',
  plural: 'controllerrevisions',
  validate: (revision: ControllerRevision) => [
    ...validateMeta(revision),
    ...(revision.data === undefined ? [required('data', 'data is mandatory')] : []),
    ...notNegative('revision', revision.revision),
  ],
  validateUpdate: (revision: ControllerRevision, old: ControllerRevision) =>
    equalJson(revision.data, old.data)
      ? []
      : [immutableValue('data', new GoText('runtime.RawExtension{…}'))],
  columns: [
    NAME,
    column<ControllerRevision>('Controller', 'Whose revision it is.', controller),
    column<ControllerRevision>('Revision', 'Its number.', ({ revision = 0 }) => revision),
    AGE,
  ],
});

function controller({ metadata }: ControllerRevision): string {
  const owner = metadata.ownerReferences?.find((one) => one.controller === true);
  if (owner === undefined) return '<none>';
  const [group = ''] = owner.apiVersion.includes('/') ? owner.apiVersion.split('/') : [''];
  const kind = owner.kind.toLowerCase();
  return `${group === '' ? kind : `${kind}.${group}`}/${owner.name}`;
}
