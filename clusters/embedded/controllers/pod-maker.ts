import type { ClusterApi, KubeObject, NewObject } from '../api/cluster-api.js';
import type { UserInfo } from '../api/registry/admission.js';
import { namespaceOf } from './keys.js';
import type { Pod } from './objects.js';
import { RetryError } from './work-queue.js';

/** Creates an object as a user about whose writes webhooks are asked; undefined where there is nobody to ask. */
export type CreateAsked = (
  user: UserInfo,
  resource: string,
  object: NewObject,
) => Promise<KubeObject> | undefined;

/** Webhooks are being asked about a pod; its owner is looked at again when they have answered. */
export class StillAskedError extends RetryError {}

interface Asked {
  refusal?: unknown;
}

/** A refusal that nobody came back for is forgotten: its owner is gone. Owners come back within a minute. */
const REMEMBER_MS = 120_000;

/**
 * Makes pods for controllers. Where webhooks are asked that takes time, which controllers have not: one pod of an owner is asked about
 * at a time, and a refusal is thrown when the owner tries again.
 */
export class PodMaker {
  readonly #api: ClusterApi;
  readonly #createAsked: CreateAsked | undefined;
  readonly #retry: (namespace: string) => void;
  readonly #asked = new Map<string, Asked>();

  /** `retry` has what failed in a namespace tried again. */
  constructor(parts: {
    api: ClusterApi;
    createAsked: CreateAsked | undefined;
    retry: (namespace: string) => void;
  }) {
    this.#api = parts.api;
    this.#createAsked = parts.createAsked;
    this.#retry = parts.retry;
  }

  /** Throws StillAskedError where the pod is not made yet. `made` is called with its name once it is. */
  make(
    pod: NewObject,
    by: { owner: KubeObject; component: string; made: (name: string) => void },
  ): Pod {
    const { owner, component, made } = by;
    const key = `${owner.metadata.uid}/${pod.metadata.name ?? ''}`;
    const before = this.#asked.get(key);
    if (before !== undefined) {
      if (!('refusal' in before)) throw new StillAskedError('webhooks are being asked');
      this.#asked.delete(key);
      throw before.refusal;
    }
    const asking = this.#createAsked?.(controllerUser(component), 'pods', pod);
    if (asking === undefined) {
      const created = this.#api.create<Pod>('pods', pod);
      made(created.metadata.name);
      return created;
    }
    const asked: Asked = {};
    this.#asked.set(key, asked);
    asking.then(
      (created) => {
        this.#asked.delete(key);
        made(created.metadata.name);
      },
      (refusal: unknown) => {
        asked.refusal = refusal;
        this.#forgetLater(key, asked);
        this.#retry(namespaceOf(owner));
      },
    );
    throw new StillAskedError('webhooks are being asked');
  }

  #forgetLater(key: string, asked: Asked): void {
    setTimeout(() => {
      if (this.#asked.get(key) === asked) this.#asked.delete(key);
    }, REMEMBER_MS).unref();
  }
}

/** Controllers have an account each. */
function controllerUser(component: string): UserInfo {
  return {
    username: `system:serviceaccount:kube-system:${component}`,
    groups: [
      'system:serviceaccounts',
      'system:serviceaccounts:kube-system',
      'system:authenticated',
    ],
  };
}
