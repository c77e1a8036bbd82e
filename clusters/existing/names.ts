/** Our mark on objects in a cluster that is not ours. */
export const LABEL = {
  /** On everything that belongs to one learner's lab: its name. */
  cluster: 'gatehouse.dev/cluster',
  /** Which state folder it belongs to. */
  installation: 'gatehouse.dev/installation',
} as const;
/** Read by Kubernetes' own admission of pods; a learner may not change labels of namespaces. */
export const POD_SECURITY = 'pod-security.kubernetes.io/enforce';
export const ANNOTATION = {
  /** What was asked for, as JSON, without manifests and files: those are in the ConfigMap. */
  record: 'gatehouse.dev/record',
  state: 'gatehouse.dev/state',
  /** `HOST/PID/START` of the process at work: what a dead one left is removed. */
  maker: 'gatehouse.dev/maker',
} as const;

/** The namespace of the workstation and the learner's account; also the record of the whole. */
export function homeNamespace(name: string): string {
  return `gatehouse-${name}`;
}
export const WORKSTATION = 'workstation';
export const LEARNER = 'learner';
/** Holds the spec with its manifests and files, for resets. */
export const SPEC_MAP = 'gatehouse-spec';
export const PROBER = 'gatehouse-prober';
