import path from 'node:path';
import type { Container, EphemeralContainer, Volume } from 'kubernetes-types/core/v1.js';
import type { PodObject } from '../network/objects.js';
import { podFolder } from './container-starter.js';
import { partKey, type KubeletContext, type NodeIdentity } from './context.js';
import { ContainerConfigError } from './environment.js';
import { VolumeError, followsObjects, prepareVolume } from './volumes.js';

/** The volumes of one pod, each a folder on this machine from the time it was first mounted. */
export class PodVolumes {
  readonly #context: KubeletContext;
  readonly #node: NodeIdentity;
  readonly #folders = new Map<string, string>();

  constructor(context: KubeletContext, node: NodeIdentity) {
    this.#context = context;
    this.#node = node;
  }

  /** By volume, and by `partKey` for parts of one. */
  get folders(): ReadonlyMap<string, string> {
    return this.#folders;
  }

  /** Mounts what is not mounted yet. Rejects with a VolumeError that says what is missing. */
  async mount(pod: PodObject): Promise<void> {
    for (const volume of pod.spec.volumes ?? []) {
      if (this.#folders.has(volume.name)) continue;
      this.#folders.set(volume.name, await this.#folderOf(pod, volume));
    }
  }

  /** The parts of volumes that a container mounts, as they are when it starts. Rejects with ContainerConfigError. */
  async mountParts(pod: PodObject, spec: Container | EphemeralContainer): Promise<void> {
    for (const { name, subPath = '' } of spec.volumeMounts ?? []) {
      const folder = this.#folders.get(name);
      const volume = pod.spec.volumes?.find((one) => one.name === name);
      if (subPath === '' || folder === undefined || volume === undefined) continue;
      if (followsObjects(volume)) continue;
      try {
        const part = await this.#context.scratch.part(pod, { volume: name, folder, subPath });
        this.#folders.set(partKey(name, subPath), part);
      } catch (error) {
        if (!(error instanceof VolumeError)) throw error;
        throw new ContainerConfigError(
          `failed to prepare subPath for volumeMount "${name}" of container "${spec.name}"`,
        );
      }
    }
  }

  /** Brings what follows config maps, secrets and the pod itself up to date; what could not be is told. */
  refresh(pod: PodObject, complain: (message: string) => void): void {
    if (this.#folders.size === 0) return;
    for (const volume of pod.spec.volumes ?? []) {
      if (!followsObjects(volume) || !this.#folders.has(volume.name)) continue;
      try {
        prepareVolume(volume, this.#contextFor(pod));
      } catch (error) {
        if (!(error instanceof VolumeError)) throw error;
        complain(error.message);
      }
    }
  }

  #folderOf(pod: PodObject, volume: Volume): Promise<string> | string {
    const { scratch } = this.#context;
    if (volume.emptyDir !== undefined) return scratch.take(pod, volume.name);
    if (volume.hostPath !== undefined) {
      const { path: place, type = '' } = volume.hostPath;
      return scratch.hostPath(this.#node.name, { volume: volume.name, path: place, type });
    }
    return prepareVolume(volume, this.#contextFor(pod));
  }

  #contextFor(pod: PodObject): Parameters<typeof prepareVolume>[1] {
    const { api, ownerUid } = this.#context;
    return {
      api,
      pod,
      ownerUid,
      folder: path.join(podFolder(this.#context, pod), 'volumes'),
      hostIP: this.#node.address,
      podIP: '',
      token: (request) => this.#context.serviceAccountToken({ pod, ...request }),
    };
  }
}
