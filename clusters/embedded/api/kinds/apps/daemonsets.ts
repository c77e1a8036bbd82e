import type { DaemonSetSpec, DaemonSetStatus } from 'kubernetes-types/apps/v1.js';
import type { FieldError } from '../../resource-definition.js';
import { goIntOrString, notMoreThanWhole, notNegative, positiveIntOrPercent } from '../checks.js';
import { AGE, column, integerColumn, NAME } from '../columns.js';
import { defineResource, statusSubresource } from '../define-resource.js';
import { invalid, notSupported, required } from '../field-errors.js';
import { formatLabels } from '../labels.js';
import type { ObjectOf } from '../loose.js';
import { validateMeta } from '../object-meta.js';
import { defaultPodTemplate } from '../pod-spec/defaults.js';
import {
  selectorUnchanged,
  validateControllerSelector,
  validateControllerTemplate,
} from './replicas.js';
import { CONTAINERS, IMAGES, selectorColumn } from './workload-columns.js';

export type DaemonSet = ObjectOf<DaemonSetSpec, DaemonSetStatus>;

export const DAEMON_SETS = defineResource({
  group: 'apps',
  version: 'v1',
  kind: 'DaemonSet',
  plural: 'daemonsets',
  shortNames: ['ds'],
  categories: ['all'],
  subresources: [statusSubresource('DaemonSet')],
  hasGeneration: true,
  applyDefaults(set: DaemonSet) {
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- not yet before defaulting
    const spec = (set.spec ??= {});
    spec.template = defaultPodTemplate(spec.template ?? {});
    spec.updateStrategy ??= {};
    spec.updateStrategy.type ??= 'RollingUpdate';
    if (spec.updateStrategy.type === 'RollingUpdate') {
      const rolling = (spec.updateStrategy.rollingUpdate ??= {});
      rolling.maxUnavailable ??= 1;
      rolling.maxSurge ??= 0;
    }
    spec.revisionHistoryLimit ??= 10;
  },
  prepareForCreate(set: DaemonSet) {
    set.status = {
      currentNumberScheduled: 0,
      numberMisscheduled: 0,
      desiredNumberScheduled: 0,
      numberReady: 0,
    };
  },
  validate: (set: DaemonSet) => [
    ...validateMeta(set),
    ...validateControllerSelector(set.spec, 'invalid for daemonset'),
    ...validateControllerTemplate(set.spec),
    ...notNegative('spec.minReadySeconds', set.spec.minReadySeconds),
    ...validateStrategy(set),
    ...notNegative('spec.revisionHistoryLimit', set.spec.revisionHistoryLimit),
  ],
  validateUpdate: (set: DaemonSet, old: DaemonSet) => selectorUnchanged(set.spec, old.spec),
  columns: [
    NAME,
    integerColumn<DaemonSet>(
      'Desired',
      'Nodes that should have a pod.',
      ({ status }) => status?.desiredNumberScheduled ?? 0,
    ),
    integerColumn<DaemonSet>(
      'Current',
      'Nodes that have one.',
      ({ status }) => status?.currentNumberScheduled ?? 0,
    ),
    integerColumn<DaemonSet>('Ready', 'Ready pods.', ({ status }) => status?.numberReady ?? 0),
    integerColumn<DaemonSet>(
      'Up-to-date',
      'Pods of the current template.',
      ({ status }) => status?.updatedNumberScheduled ?? 0,
    ),
    integerColumn<DaemonSet>(
      'Available',
      'Pods that have been ready long enough.',
      ({ status }) => status?.numberAvailable ?? 0,
    ),
    column<DaemonSet>('Node Selector', 'Labels of the nodes.', ({ spec }) =>
      formatLabels(spec.template?.spec?.nodeSelector),
    ),
    AGE,
    CONTAINERS,
    IMAGES,
    selectorColumn<DaemonSet>(({ spec }) => spec.selector),
  ],
});

function validateStrategy({ spec }: DaemonSet): FieldError[] {
  const path = 'spec.updateStrategy';
  const { type = '', rollingUpdate } = spec.updateStrategy ?? {};
  if (type === 'OnDelete') return [];
  if (type !== 'RollingUpdate') return [notSupported(path, type, ['RollingUpdate', 'OnDelete'])];
  if (rollingUpdate === undefined) return [required(`${path}.rollingUpdate`)];
  const { maxUnavailable = 0, maxSurge = 0 } = rollingUpdate;
  const errors = [
    ...positiveIntOrPercent(`${path}.rollingUpdate.maxUnavailable`, maxUnavailable),
    ...positiveIntOrPercent(`${path}.rollingUpdate.maxSurge`, maxSurge),
    ...notMoreThanWhole(`${path}.rollingUpdate.maxUnavailable`, maxUnavailable),
    ...notMoreThanWhole(`${path}.rollingUpdate.maxSurge`, maxSurge),
  ];
  const surges = parseInt(String(maxSurge), 10) !== 0;
  const lacks = parseInt(String(maxUnavailable), 10) !== 0;
  if (surges && lacks) {
    const why = 'may not be set when maxUnavailable is non-zero';
    errors.push(invalid(`${path}.rollingUpdate.maxSurge`, goIntOrString(maxSurge), why));
  } else if (!surges && !lacks) {
    errors.push(required(`${path}.rollingUpdate.maxUnavailable`, 'cannot be 0 when maxSurge is 0'));
  }
  return errors;
}
