import type { ObservedFlow } from '../common/flow.js';
import type { Phase } from '../common/progress.js';
import type { ProbeRequest, ProbeResult } from '../common/probe.js';
import type { JsonObject } from '../common/json.js';

/** What a lab needs of its cluster. */
export interface ClusterSpec {
  /** Unique per provider: lower case letters, digits and `-`, at most 40 characters. */
  name: string;
  /** How many nodes, the first one the control plane. 1 to 7. */
  nodes: number;
  /** The network plugin present at the start; `none` leaves the nodes NotReady. */
  cni: Cni;
  /** The lab's own objects, applied in order when the nodes are up: the baseline that reset returns to. */
  manifests: readonly JsonObject[];
  /** Files to put into the learner's home: path relative to the home, and text. Also restored by reset. */
  files?: readonly HomeFile[];
  /** Images that later steps want, beside those of the manifests: fetched beforehand where images are fetched at all. */
  images?: readonly string[];
  /** Whether node shells may be opened. */
  nodeShell: boolean;
  /** Free labels: `lab`, `session`, `owner`; listed again by `list()`. */
  labels: Readonly<Record<string, string>>;
}

export interface HomeFile {
  path: string;
  text: string;
  /** It is this plugin's manifest: where nodes are real ones, the official one lies in its place. */
  plugin?: Exclude<Cni, 'none'>;
}

export const CNIS = [
  'none',
  'calico',
  'flannel',
  'canal',
  'kube-router',
  'weave',
  'cilium',
] as const;
export type Cni = (typeof CNIS)[number];

export type ClusterState = 'creating' | 'ready' | 'resetting' | 'broken' | 'deleting';

export interface ClusterInfo {
  name: string;
  provider: string;
  state: ClusterState;
  nodes: number;
  cni: Cni;
  labels: Readonly<Record<string, string>>;
  /** ISO 8601. */
  createdAt: string;
  /** The API server as seen from this machine, `https://127.0.0.1:PORT`. */
  server?: string;
}

/** What keeps a cluster that was handed out from being what it should be, in words for its learner. */
export interface ClusterTrouble {
  /**
   * `resting`: starts again when it is used; `away`: cannot be reached, and may come back by itself; `damaged`: only a reset
   * brings it back; `restarted`: broke down lately and runs again.
   */
  state: 'resting' | 'away' | 'damaged' | 'restarted';
  message: string;
  fix: string;
}

/** A program to run in a terminal of the caller's choice. Ending it ends the shell. */
export interface ShellCommand {
  file: string;
  args: string[];
  env: Record<string, string>;
}

export type ShellTarget =
  | { type: 'workstation' }
  | { type: 'node'; name: string }
  | { type: 'pod'; namespace: string; name: string; container?: string };

/** Kubernetes objects as the API server shows them, by `apiVersion/kind`, at one moment. */
export interface ClusterSnapshot {
  takenAt: string;
  resourceVersion: string;
  objects: JsonObject[];
}

export interface Cluster extends AsyncDisposable {
  readonly info: ClusterInfo;
  /** Works from this machine. `platform` is ours: learners never see it, and no RBAC of theirs binds it. */
  kubeconfig(role: 'learner' | 'platform'): Promise<string>;
  shell(target: ShellTarget): Promise<ShellCommand>;
  /** Sends real packets; answers in the order of the requests. Never throws for one bad request. */
  probe(
    requests: readonly ProbeRequest[],
    options?: { signal?: AbortSignal },
  ): Promise<ProbeResult[]>;
  /**
   * Connections seen lately, the last one last. With `onFlow` it tells those instead, and every one from then on,
   * until the signal, or until a reset ends it. Absent where a provider cannot see packets.
   */
  flows?(options?: {
    onFlow?: (flow: ObservedFlow) => void;
    signal?: AbortSignal;
  }): Promise<readonly ObservedFlow[]>;
  /** What ails it now, asked of the machine and waking nothing. Absent where nothing can be told. */
  trouble?(): Promise<ClusterTrouble | undefined>;
  /** Every stored object, Secrets' data left out. */
  snapshot(): Promise<ClusterSnapshot>;
  /** Applies objects with server-side defaults, as the learner's admin would; ends when stored. */
  apply(objects: readonly JsonObject[]): Promise<void>;
  /** Runs a bash script in the workstation, as the learner would type it. For solutions and tests. */
  run(script: string, options?: { signal?: AbortSignal; timeoutMs?: number }): Promise<RunResult>;
  /** Back to the start: baseline objects, the learner's home, shells ended. */
  reset(options?: { signal?: AbortSignal; onPhase?: (phase: Phase) => void }): Promise<void>;
  /** Deletes the cluster and all that belongs to it. */
  [Symbol.asyncDispose](): Promise<void>;
}

export interface RunResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

export interface DoctorCheck {
  id: string;
  title: string;
  status: 'ok' | 'warning' | 'missing';
  detail: string;
  /** A command or a sentence; set unless the status is `ok`. */
  fix?: string;
}

export interface CreateOptions {
  signal?: AbortSignal;
  onPhase?: (phase: Phase) => void;
}

/** Where clusters come from. Everything outside `clusters/` knows only this. */
export interface ClusterProvider extends AsyncDisposable {
  readonly name: string;
  /**
   * Resolves when every node is Ready (or, with `cni: none`, registered) and every baseline workload is
   * available. Rejects with CLUSTER_EXISTS, MACHINE_NOT_READY, CLUSTER_FAILED or CANCELLED and leaves
   * nothing behind.
   */
  create(spec: ClusterSpec, options?: CreateOptions): Promise<Cluster>;
  /** Clusters that exist now, ready or not, asked of the machine and not of memory. */
  list(): Promise<ClusterInfo[]>;
  /** Rejects with CLUSTER_NOT_FOUND, naming those that exist. */
  open(name: string): Promise<Cluster>;
  /** Tries the real thing and says what to run where something is missing, for these clusters too where any are named. */
  doctor(wanted?: readonly ClusterSpec[]): Promise<DoctorCheck[]>;
  /** Lets go of connections; clusters live on. */
  [Symbol.asyncDispose](): Promise<void>;
}
