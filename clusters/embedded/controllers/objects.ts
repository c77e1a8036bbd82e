/** The Kubernetes objects that controllers read and write, with the store's guarantees on metadata. */
import type {
  DaemonSet as DaemonSetShape,
  ControllerRevision as ControllerRevisionShape,
  Deployment as DeploymentShape,
  ReplicaSet as ReplicaSetShape,
  StatefulSet as StatefulSetShape,
} from 'kubernetes-types/apps/v1.js';
import type { HorizontalPodAutoscaler as HorizontalPodAutoscalerShape } from 'kubernetes-types/autoscaling/v2.js';
import type { CronJob as CronJobShape, Job as JobShape } from 'kubernetes-types/batch/v1.js';
import type {
  ConfigMap as ConfigMapShape,
  Endpoints as EndpointsShape,
  Namespace as NamespaceShape,
  Node as NodeShape,
  PersistentVolumeClaim as PersistentVolumeClaimShape,
  Pod as PodShape,
  PodTemplateSpec as PodTemplateSpecShape,
  ReplicationController as ReplicationControllerShape,
  ResourceQuota as ResourceQuotaShape,
  Service as ServiceShape,
  ServiceAccount as ServiceAccountShape,
} from 'kubernetes-types/core/v1.js';
import type { EndpointSlice as EndpointSliceShape } from 'kubernetes-types/discovery/v1.js';
import type { PodDisruptionBudget as PodDisruptionBudgetShape } from 'kubernetes-types/policy/v1.js';
import type { KubeObject } from '../api/cluster-api.js';

export type { Container, PodSpec, Taint, Toleration } from 'kubernetes-types/core/v1.js';
export type { LabelSelector } from 'kubernetes-types/meta/v1.js';

/** The status is ours to write. */
type Stored<Shape> = KubeObject & { -readonly [Field in keyof Shape]: Shape[Field] };

export type ConfigMap = Stored<ConfigMapShape>;
export type ControllerRevision = Stored<ControllerRevisionShape>;
export type CronJob = Stored<CronJobShape>;
export type DaemonSet = Stored<DaemonSetShape>;
export type Deployment = Stored<DeploymentShape>;
export type Endpoints = Stored<EndpointsShape>;
export type EndpointSlice = Stored<EndpointSliceShape>;
export type HorizontalPodAutoscaler = Stored<HorizontalPodAutoscalerShape>;
export type Job = Stored<JobShape>;
export type Namespace = Stored<NamespaceShape>;
export type Node = Stored<NodeShape>;
export type PersistentVolumeClaim = Stored<PersistentVolumeClaimShape>;
export type Pod = Stored<PodShape>;
export type PodDisruptionBudget = Stored<PodDisruptionBudgetShape>;
export type PodTemplateSpec = PodTemplateSpecShape;
export type ReplicaSet = Stored<ReplicaSetShape>;
export type ReplicationController = Stored<ReplicationControllerShape>;
export type ResourceQuota = Stored<ResourceQuotaShape>;
export type Service = Stored<ServiceShape>;
export type ServiceAccount = Stored<ServiceAccountShape>;
export type StatefulSet = Stored<StatefulSetShape>;
