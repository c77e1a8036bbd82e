import type { KeptProcess } from '../agent/agent.js';
import type { KubeObject } from '../api/cluster-api.js';
import type { PodObject } from '../network/objects.js';
import type { KubeletContext } from './context.js';
import { PodWorker } from './pod-worker.js';

/** The kubelets of all nodes of one cluster: a worker per pod that is bound to one of them. */
export class Kubelet {
  readonly #context: KubeletContext;
  readonly #workers = new Map<string, PodWorker>();
  readonly #ending = new Set<Promise<void>>();
  readonly #stops: (() => void)[] = [];
  #stopped = false;

  private constructor(context: KubeletContext) {
    this.#context = context;
  }

  /**
   * Begins. With `processes`, the agent's kept ones, pods that an earlier run of the host started are taken over
   * where they still run, and built again where they do not.
   */
  static start(context: KubeletContext, processes?: readonly KeptProcess[]): Kubelet {
    const kubelet = new Kubelet(context);
    const byId = new Map((processes ?? []).map((process) => [process.id, process]));
    const { api, agent } = context;
    agent.on('exit', (exit) => {
      if (!kubelet.#stopped) kubelet.#workers.get(exit.id.split('/')[0] ?? '')?.exited(exit);
    });
    let adopting = processes !== undefined;
    kubelet.#stops.push(
      api.watch<PodObject>('pods', (event) => {
        if (event.type === 'DELETED') kubelet.#removed(event.object);
        else kubelet.#seen(event.object, adopting ? byId : undefined);
      }),
    );
    adopting = false;
    for (const [resource, kind] of [
      ['configmaps', 'configMap'],
      ['secrets', 'secret'],
    ] as const) {
      kubelet.#stops.push(
        api.watch<KubeObject>(resource, ({ object }) => {
          kubelet.#objectChanged(object, kind);
        }),
      );
    }
    if (processes !== undefined) kubelet.#sweep(processes);
    return kubelet;
  }

  /** By namespace and name, where it has been bound to a node. */
  find(namespace: string, name: string): PodWorker | undefined {
    for (const worker of this.#workers.values()) {
      const { metadata } = worker.pod;
      if (metadata.name === name && metadata.namespace === namespace) return worker;
    }
    return undefined;
  }

  /** Something that pods wait for (a node's network) may have come. */
  nudge(): void {
    for (const worker of this.#workers.values()) worker.nudge();
  }

  /** Lets go without ending anything: processes live on under the agent. */
  stop(): void {
    this.#stopped = true;
    for (const stop of this.#stops.splice(0)) stop();
    for (const worker of this.#workers.values()) worker[Symbol.dispose]();
    this.#workers.clear();
  }

  #seen(pod: PodObject, processes: ReadonlyMap<string, KeptProcess> | undefined): void {
    const node = this.#context.nodes.get(pod.spec.nodeName ?? '');
    if (node === undefined) return;
    const { uid } = pod.metadata;
    const known = this.#workers.get(uid);
    if (known !== undefined) {
      known.update(pod);
      return;
    }
    const worker = new PodWorker(this.#context, node, pod);
    this.#workers.set(uid, worker);
    void worker.finished.then(() => {
      if (this.#workers.get(uid) === worker) this.#workers.delete(uid);
    });
    if (processes !== undefined) worker.adopt(processes);
    worker.sync();
  }

  #removed(pod: PodObject): void {
    const worker = this.#workers.get(pod.metadata.uid);
    if (worker === undefined) return;
    const ending = worker.removed();
    this.#ending.add(ending);
    void ending.finally(() => this.#ending.delete(ending));
  }

  #objectChanged(object: KubeObject, kind: 'configMap' | 'secret'): void {
    for (const worker of this.#workers.values()) {
      if (worker.pod.metadata.namespace !== object.metadata.namespace) continue;
      worker.objectChanged(kind, object.metadata.name);
    }
  }

  /** Processes of pods that are no more: their objects went while nobody was there to see. */
  #sweep(processes: readonly KeptProcess[]): void {
    const { agent } = this.#context;
    for (const { id, exit } of processes) {
      const [uid = ''] = id.split('/');
      if (this.#workers.has(uid) || !id.includes('/')) continue;
      if (exit === undefined) void agent.signal(id, 9);
      void agent.forget(id).catch(() => undefined);
    }
  }
}
