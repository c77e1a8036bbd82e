import type { FieldSchema } from '../schema-catalogue.js';
import { splitTypeName } from './packages.js';

/**
 * Fields whose Go type is a named string, as decoding errors show it: `Type.field` (or `field` wherever it
 * appears) to the name within the package of its type.
 */
const NAMED_STRINGS: Readonly<Record<string, string>> = {
  'AppArmorProfile.type': 'AppArmorProfileType',
  'Capabilities.add': 'Capability',
  'Capabilities.drop': 'Capability',
  'Container.restartPolicy': 'ContainerRestartPolicy',
  'EphemeralContainer.restartPolicy': 'ContainerRestartPolicy',
  'ContainerResizePolicy.resourceName': 'ResourceName',
  'ContainerResizePolicy.restartPolicy': 'ResourceResizeRestartPolicy',
  'CronJobSpec.concurrencyPolicy': 'ConcurrencyPolicy',
  'DaemonSetUpdateStrategy.type': 'DaemonSetUpdateStrategyType',
  'DeploymentStrategy.type': 'DeploymentStrategyType',
  'EmptyDirVolumeSource.medium': 'StorageMedium',
  'EndpointSlice.addressType': 'AddressType',
  'HTTPGetAction.scheme': 'URIScheme',
  'HTTPIngressPath.pathType': 'PathType',
  'HostPathVolumeSource.type': 'HostPathType',
  'JobSpec.completionMode': 'CompletionMode',
  'LabelSelectorRequirement.operator': 'LabelSelectorOperator',
  'LimitRangeItem.type': 'LimitType',
  'NetworkPolicySpec.policyTypes': 'PolicyType',
  'NodeSelectorRequirement.operator': 'NodeSelectorOperator',
  'PersistentVolumeClaimSpec.accessModes': 'PersistentVolumeAccessMode',
  'PersistentVolumeClaimSpec.volumeMode': 'PersistentVolumeMode',
  'PersistentVolumeSpec.accessModes': 'PersistentVolumeAccessMode',
  'PersistentVolumeSpec.persistentVolumeReclaimPolicy': 'PersistentVolumeReclaimPolicy',
  'PersistentVolumeSpec.volumeMode': 'PersistentVolumeMode',
  'PodSpec.dnsPolicy': 'DNSPolicy',
  'PodSpec.preemptionPolicy': 'PreemptionPolicy',
  'PodSpec.restartPolicy': 'RestartPolicy',
  'ResourceQuotaSpec.scopes': 'ResourceQuotaScope',
  'SeccompProfile.type': 'SeccompProfileType',
  'Secret.type': 'SecretType',
  'ServiceSpec.externalTrafficPolicy': 'ServiceExternalTrafficPolicy',
  'ServiceSpec.internalTrafficPolicy': 'ServiceInternalTrafficPolicy',
  'ServiceSpec.ipFamilies': 'IPFamily',
  'ServiceSpec.ipFamilyPolicy': 'IPFamilyPolicy',
  'ServiceSpec.sessionAffinity': 'ServiceAffinity',
  'ServiceSpec.type': 'ServiceType',
  'StatefulSetSpec.podManagementPolicy': 'PodManagementPolicyType',
  'StatefulSetUpdateStrategy.type': 'StatefulSetUpdateStrategyType',
  'Taint.effect': 'TaintEffect',
  'Toleration.effect': 'TaintEffect',
  'Toleration.operator': 'TolerationOperator',
  'TopologySpreadConstraint.whenUnsatisfiable': 'UnsatisfiableConstraintAction',
  'VolumeMount.mountPropagation': 'MountPropagationMode',
  imagePullPolicy: 'PullPolicy',
  protocol: 'Protocol',
  terminationMessagePolicy: 'TerminationMessagePolicy',
};

/** How Go names the type of a field in `cannot unmarshal … into Go struct field … of type X`. */
export function goTypeOf(ownerType: string, fieldName: string, field: FieldSchema): string {
  const { packageName, name } = splitTypeName(ownerType);
  const element = field.ref === undefined ? scalarType(field) : goNameOf(field.ref);
  const named = NAMED_STRINGS[`${name}.${fieldName}`] ?? NAMED_STRINGS[fieldName];
  const item =
    named !== undefined && element === 'string' ? goNameOf(`${packageName}.${named}`) : element;
  if (field.kind === 'array') return `[]${item}`;
  if (field.kind !== 'map') return item;
  return item === 'resource.Quantity' ? 'v1.ResourceList' : `map[string]${item}`;
}

/** Go's name of the items of an array or the values of a map. */
export function goItemTypeOf(ownerType: string, fieldName: string, field: FieldSchema): string {
  return goTypeOf(ownerType, fieldName, field).replace(/^(\[\]|map\[string\])/, '');
}

/** `io.k8s.api.core.v1.Container` -> `v1.Container`. */
export function goNameOf(typeName: string): string {
  return typeName.split('.').slice(-2).join('.');
}

function scalarType(field: FieldSchema): string {
  const kind = field.items ?? field.kind;
  switch (kind) {
    case 'string':
      return 'string';
    case 'integer':
      return field.format ?? 'int32';
    case 'number':
      return 'float64';
    case 'boolean':
      return 'bool';
    case 'bytes':
      return '[]uint8';
    case 'any':
      return field.format === 'string-list' ? 'v1.ExtraValue' : 'interface {}';
    case 'ref':
    case 'array':
    case 'map':
      return 'interface {}';
  }
}
