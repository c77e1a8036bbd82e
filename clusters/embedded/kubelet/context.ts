import type { Logger } from '../../../common/logger.js';
import type { Agent } from '../agent/agent.js';
import type { ClusterApi } from '../api/cluster-api.js';
import type { CatalogueImage } from '../images/catalogue.js';
import type { PodObject } from '../network/objects.js';
import type { Mount } from './sandbox.js';
import type { NetworkReadiness } from '../plugins/node-network.js';

/** A pod's place in the network. */
export interface PodNetwork {
  /** Whether pods can have addresses on the node, and a kubelet's words where not. */
  readiness(node: string): NetworkReadiness;
  /** Gives the pod a namespace and an address; resolves when its policies are in force. Safe to repeat. */
  setUp(pod: PodObject): Promise<Sandbox>;
  /** What an earlier run of the host set up, or undefined. */
  adopt(pod: PodObject): Sandbox | undefined;
  tearDown(pod: PodObject): Promise<void>;
}

export interface Sandbox {
  netns: string;
  address: string;
}

/** Finds what stands in for an image, or says what is known. */
export interface ImageSource {
  find(image: string): CatalogueImage | undefined;
  /** Why there is no such image, for the event of a failed pull. */
  explain(image: string): string;
}

/** Folders of this machine that sandboxes are built from. */
export interface SharedFolders {
  bwrap: string;
  /** The folder that becomes /bin of an image with these programs, where it has busybox. */
  busybox(programs: Readonly<Record<string, string>>): string;
  /** The machine's settings that become /usr/local/etc of the `debian` userland. */
  settings: string;
  /** An /etc whose hosts, hostname and resolv.conf are empty. */
  etc(userland: CatalogueImage['userland']): string;
  /** The folder that becomes /usr/local of an image with these programs. */
  local(programs: Readonly<Record<string, string>>): string;
}

/** Folders for volumes that pods write to, bounded together. */
export interface ScratchFolders {
  /** An emptyDir: the same folder for the same pod and name, also after a restart of the host. */
  take(pod: PodObject, name: string): Promise<string>;
  /**
   * A folder inside of one, made where it is missing, at a place of its own that no pod can bend elsewhere with a link.
   * Rejects with VolumeError where it is no folder of the volume.
   */
  part(
    pod: PodObject,
    options: { volume: string; folder: string; subPath: string },
  ): Promise<string>;
  /** A hostPath: one folder per node and path. Rejects with VolumeError where it is not of the type asked for. */
  hostPath(node: string, options: { volume: string; path: string; type: string }): Promise<string>;
  giveBack(pod: PodObject): void;
}

/** In a map of volumes' folders: the part of a volume that a subPath means. */
export const partKey = (volume: string, subPath: string): string => `${volume}/${subPath}`;

export interface NodeIdentity {
  name: string;
  address: string;
  netns: string;
}

export interface TokenRequest {
  pod: PodObject;
  audience?: string;
  expirationSeconds: number;
}

/** What every pod worker of one cluster is given. */
export interface KubeletContext {
  api: ClusterApi;
  agent: Agent;
  network: PodNetwork;
  images: ImageSource;
  shared: SharedFolders;
  nodes: ReadonlyMap<string, NodeIdentity>;
  /** Where pods keep their volumes, settings and logs: a folder each. */
  podsFolder: string;
  /** The cluster's user on this machine, where it is not the user of this process. */
  ownerUid: number | undefined;
  serviceAccountToken(request: TokenRequest): string;
  scratch: ScratchFolders;
  /** What the platform itself gives to containers of an image. */
  extraMounts(image: CatalogueImage): readonly Mount[];
  logger: Logger;
}
