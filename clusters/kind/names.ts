import { createHash } from 'node:crypto';
import path from 'node:path';

/** Our mark on containers and networks. kind gives its nodes no labels of ours, so a record container carries them. */
export const LABEL = {
  cluster: 'dev.gatehouse.cluster',
  /** Which state folder it belongs to: two installations on one Docker leave each other alone. */
  installation: 'dev.gatehouse.installation',
  /** `record` (the workstation), `client` (outside), `network`. */
  role: 'dev.gatehouse.role',
  /** kind's own name of the cluster; differs from ours where it came out of the warm pool. */
  kindName: 'dev.gatehouse.kind',
  nodes: 'dev.gatehouse.nodes',
  cni: 'dev.gatehouse.cni',
  nodeShell: 'dev.gatehouse.node-shell',
  createdAt: 'dev.gatehouse.created-at',
  /** `HOST/PID/START` of the process that makes it: a record of a dead maker is a leftover. */
  maker: 'dev.gatehouse.maker',
  /** The caller's own labels, as JSON. */
  labels: 'dev.gatehouse.labels',
  /** On clusters in stock: the shape they have. */
  pool: 'dev.gatehouse.pool',
} as const;
export const KIND_CLUSTER_LABEL = 'io.x-k8s.kind.cluster';
export const KIND_ROLE_LABEL = 'io.x-k8s.kind.role';

const PREFIX = 'gh-';

export function kindNameOf(name: string): string {
  return `${PREFIX}${name}`;
}

export function workstationName(name: string): string {
  return `${PREFIX}${name}-workstation`;
}

export function clientName(name: string): string {
  return `${PREFIX}${name}-client`;
}

export function networkName(kindName: string): string {
  return kindName;
}

export function installationOf(stateDir: string): string {
  return createHash('sha256').update(path.resolve(stateDir)).digest('hex').slice(0, 12);
}

export interface ClusterFiles {
  dir: string;
  /** What the cluster was asked to be. */
  spec: string;
  /** kind's configuration. */
  kindConfig: string;
  /** For this machine: the cluster's own administrator, and ours. */
  learner: string;
  platform: string;
  /** For the workstation, which reaches the API server by its container's name. */
  internal: string;
  /** Every object at the time of hand-over. */
  baseline: string;
  /** What is being done with it now, and by whom. */
  doing: string;
  /** Touched whenever somebody uses the cluster. */
  used: string;
}

export function clusterFiles(stateDir: string, name: string): ClusterFiles {
  const dir = path.join(stateDir, 'kind', name);
  const file = (own: string): string => path.join(dir, own);
  return {
    dir,
    spec: file('spec.json'),
    kindConfig: file('kind.yaml'),
    learner: file('kubeconfig'),
    platform: file('platform.kubeconfig'),
    internal: file('internal.kubeconfig'),
    baseline: file('baseline.json'),
    doing: file('doing.json'),
    used: file('used'),
  };
}

/** Beside the clusters' folders; a cluster's name has no dot. */
export function estimatesFile(stateDir: string): string {
  return path.join(stateDir, 'kind', 'estimates.v1.json');
}

export function pluginsDir(stateDir: string): string {
  return path.join(stateDir, 'kind', 'plugins.cache');
}
