import type { NodeSpec, NodeStatus } from 'kubernetes-types/core/v1.js';
import { equalJson } from '../../json/json-values.js';
import type { FieldError } from '../../resource-definition.js';
import { oneOf } from '../checks.js';
import { AGE, column, NAME, wideColumn } from '../columns.js';
import { defineResource, statusSubresource } from '../define-resource.js';
import { duplicate, forbidden, invalid, invalidEach, required } from '../field-errors.js';
import { validCidr } from '../addresses.js';
import type { ObjectOf } from '../loose.js';
import { labelValue, qualifiedName } from '../names.js';
import { validateMeta } from '../object-meta.js';

export type Node = ObjectOf<NodeSpec, NodeStatus>;

const ROLE_PREFIX = 'node-role.kubernetes.io/';
const ROLE_LABEL = 'kubernetes.io/role';

export const NODES = defineResource({
  group: '',
  version: 'v1',
  kind: 'Node',
  plural: 'nodes',
  shortNames: ['no'],
  namespaced: false,
  subresources: [
    {
      name: 'proxy',
      kind: 'NodeProxyOptions',
      verbs: ['create', 'delete', 'get', 'patch', 'update'],
    },
    statusSubresource('Node'),
  ],
  selectableFields: { 'spec.unschedulable': ({ spec }) => String(isTrue(spec, 'unschedulable')) },
  applyDefaults(node: Node) {
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- not yet before defaulting
    node.spec ??= {};
    const { spec } = node;
    if (spec.podCIDR !== undefined && spec.podCIDRs === undefined) spec.podCIDRs = [spec.podCIDR];
    if (node.status?.capacity !== undefined)
      node.status.allocatable ??= { ...node.status.capacity };
  },
  validate(node: Node) {
    return [
      ...validateMeta(node),
      ...validateTaints(node),
      ...(node.spec.podCIDRs ?? []).flatMap((cidr, index) =>
        validCidr(`spec.podCIDRs[${index}]`, cidr),
      ),
    ];
  },
  validateUpdate(node: Node, old: Node) {
    const errors: FieldError[] = [];
    if (old.spec.podCIDR !== undefined && !equalJson(node.spec.podCIDRs, old.spec.podCIDRs)) {
      errors.push(
        forbidden('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid'),
      );
    }
    if ((old.spec.providerID ?? '') !== '' && node.spec.providerID !== old.spec.providerID) {
      errors.push(
        forbidden(
          'spec.providerID',
          'node updates may not change providerID except from "" to valid',
        ),
      );
    }
    return errors;
  },
  columns: [
    NAME,
    column<Node>('Status', 'Whether the node takes pods.', nodeStatus),
    column<Node>('Roles', 'Roles, from labels.', nodeRoles),
    AGE,
    column<Node>(
      'Version',
      'Version of the kubelet.',
      ({ status }) => status?.nodeInfo?.kubeletVersion ?? '',
    ),
    wideColumn<Node>('Internal-IP', 'Address on the cluster network.', (node) =>
      address(node, 'InternalIP'),
    ),
    wideColumn<Node>('External-IP', 'Address outside.', (node) => address(node, 'ExternalIP')),
    wideColumn<Node>('OS-Image', 'Operating system.', ({ status }) =>
      known(status?.nodeInfo?.osImage),
    ),
    wideColumn<Node>('Kernel-Version', 'Kernel.', ({ status }) =>
      known(status?.nodeInfo?.kernelVersion),
    ),
    wideColumn<Node>('Container-Runtime', 'What runs containers.', ({ status }) =>
      known(status?.nodeInfo?.containerRuntimeVersion),
    ),
  ],
});

function nodeStatus({ spec, status }: Node): string {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  const words = [ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady'];
  if (spec.unschedulable === true) words.push('SchedulingDisabled');
  return words.join(',');
}

function nodeRoles({ metadata }: Node): string {
  const roles = new Set<string>();
  for (const [key, value] of Object.entries(metadata.labels ?? {})) {
    if (key.startsWith(ROLE_PREFIX) && key.length > ROLE_PREFIX.length)
      roles.add(key.slice(ROLE_PREFIX.length));
    else if (key === ROLE_LABEL && value !== '') roles.add(value);
  }
  return roles.size === 0 ? '<none>' : [...roles].sort().join(',');
}

function address({ status }: Node, wanted: string): string {
  return status?.addresses?.find(({ type }) => type === wanted)?.address ?? '<none>';
}

function known(text: string | undefined): string {
  return text === undefined || text === '' ? '<unknown>' : text;
}

function validateTaints({ spec }: Node): FieldError[] {
  const seen = new Set<string>();
  return (spec.taints ?? []).flatMap(({ key = '', value = '', effect = '' }, index) => {
    const path = `spec.taints[${index}]`;
    const errors = invalidEach(`${path}.key`, key, qualifiedName(key));
    const [fault] = labelValue(value);
    if (fault !== undefined) errors.push(invalid(`${path}.value`, value, fault));
    if (effect === '') errors.push(required(`${path}.effect`));
    else
      errors.push(
        ...oneOf(`${path}.effect`, effect, ['NoSchedule', 'PreferNoSchedule', 'NoExecute']),
      );
    const pair = `${effect}/${key}`;
    if (seen.has(pair)) errors.push(duplicate(path, `${key}=${value}:${effect}`));
    seen.add(pair);
    return errors;
  });
}

function isTrue(value: unknown, key: string): boolean {
  return typeof value === 'object' && value !== null && Reflect.get(value, key) === true;
}
