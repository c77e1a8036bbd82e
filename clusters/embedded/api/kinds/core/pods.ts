import { AGE, column, NAME, wideColumn } from '../columns.js';
import { defineResource, statusSubresource } from '../define-resource.js';
import { validateMeta } from '../object-meta.js';
import { defaultPod } from '../pod-spec/defaults.js';
import { validatePodSpec } from '../pod-spec/validate.js';
import type { Pod } from './pod.js';
import { preparePod, qosClassOf } from './pod-admission.js';
import { podReady, podRestarts, podStatus, readinessGates } from './pod-columns.js';
import { validatePodUpdate } from './pod-update.js';

const STREAM = ['create', 'get'] as const;
const DEFAULT_GRACE_S = 30;

export const PODS = defineResource({
  group: '',
  version: 'v1',
  kind: 'Pod',
  plural: 'pods',
  shortNames: ['po'],
  categories: ['all'],
  subresources: [
    { name: 'attach', kind: 'PodAttachOptions', verbs: STREAM },
    { name: 'binding', kind: 'Binding', verbs: ['create'] },
    { name: 'ephemeralcontainers', kind: 'Pod', verbs: ['get', 'patch', 'update'] },
    { name: 'eviction', group: 'policy', version: 'v1', kind: 'Eviction', verbs: ['create'] },
    { name: 'exec', kind: 'PodExecOptions', verbs: STREAM },
    { name: 'log', kind: 'Pod', verbs: ['get'] },
    { name: 'portforward', kind: 'PodPortForwardOptions', verbs: STREAM },
    {
      name: 'proxy',
      kind: 'PodProxyOptions',
      verbs: ['create', 'delete', 'get', 'patch', 'update'],
    },
    statusSubresource('Pod'),
  ],
  selectableFields: {
    'spec.nodeName': ({ spec }) => textAt(spec, 'nodeName'),
    'spec.restartPolicy': ({ spec }) => textAt(spec, 'restartPolicy'),
    'spec.schedulerName': ({ spec }) => textAt(spec, 'schedulerName'),
    'spec.serviceAccountName': ({ spec }) => textAt(spec, 'serviceAccountName'),
    'spec.hostNetwork': ({ spec }) => String(fieldOf(spec, 'hostNetwork') === true),
    'status.phase': ({ status }) => textAt(status, 'phase'),
    'status.podIP': ({ status }) => textAt(status, 'podIP'),
    'status.nominatedNodeName': ({ status }) => textAt(status, 'nominatedNodeName'),
  },
  gracefulDeletion: (pod) => {
    const phase = textAt(pod['status'], 'phase');
    // A pod that no node has, or that has ended, has nobody to wait for.
    if (textAt(pod['spec'], 'nodeName') === '' || phase === 'Succeeded' || phase === 'Failed')
      return 0;
    const seconds = fieldOf(pod['spec'], 'terminationGracePeriodSeconds');
    if (typeof seconds !== 'number') return DEFAULT_GRACE_S;
    return seconds < 0 ? 1 : seconds;
  },
  applyDefaults(pod: Pod) {
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- not yet before defaulting
    pod.spec ??= {};
    defaultPod(pod.spec);
  },
  prepareForCreate(pod: Pod, context) {
    preparePod(pod, context);
    pod.status = { phase: 'Pending', qosClass: qosClassOf(pod.spec) };
  },
  prepareForUpdate(pod: Pod, old: Pod) {
    if (pod.status === undefined && old.status !== undefined) pod.status = old.status;
  },
  validate(pod: Pod) {
    return [...validateMeta(pod), ...validatePodSpec('spec', pod.spec)];
  },
  validateUpdate: (pod: Pod, old: Pod) => validatePodUpdate(pod, old),
  columns: [
    NAME,
    column<Pod>('Ready', 'Ready containers of all containers.', podReady),
    column<Pod>('Status', 'What the pod is doing, in a word.', podStatus),
    column<Pod>('Restarts', 'Restarts of all containers, and when the last was.', podRestarts),
    AGE,
    wideColumn<Pod>('IP', 'Address of the pod.', ({ status }) =>
      filledOr(status?.podIPs?.[0]?.ip ?? status?.podIP, '<none>'),
    ),
    wideColumn<Pod>('Node', 'Node that runs the pod.', ({ spec }) =>
      filledOr(spec.nodeName, '<none>'),
    ),
    wideColumn<Pod>('Nominated Node', 'Node where room is being made.', ({ status }) =>
      filledOr(status?.nominatedNodeName, '<none>'),
    ),
    wideColumn<Pod>('Readiness Gates', 'Gates that are open, of all gates.', readinessGates),
  ],
});

function filledOr(text: string | undefined, fallback: string): string {
  return text === undefined || text === '' ? fallback : text;
}

function fieldOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}

function textAt(value: unknown, key: string): string {
  const text = fieldOf(value, key);
  return typeof text === 'string' ? text : '';
}
