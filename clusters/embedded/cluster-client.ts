import { GatehouseError } from '../../common/errors.js';
import type { Cluster, ClusterInfo } from '../provider.js';
import type { HostLink } from './host-link.js';
import { SnapshotMirror } from './snapshot-mirror.js';

/** What the embedded provider can tell beyond the contract, for measurements. */
export interface EmbeddedCluster extends Cluster {
  /** Resolves when all that was acknowledged so far is in force in the kernel. */
  settled(): Promise<void>;
}

/** A cluster as the provider hands it out: every method is a request to the host. */
export function embeddedCluster(link: HostLink, info: ClusterInfo): EmbeddedCluster {
  const { name } = info;
  const mirror = new SnapshotMirror();
  return {
    async settled() {
      await link.request('settle', { name });
    },
    info,
    kubeconfig: (role) => link.request('kubeconfig', { name, role }),
    shell: (target) => link.request('shell', { name, target }),
    async probe(requests, { signal } = {}) {
      const answers = link.request('probe', { name, requests: [...requests] }, signalOf(signal));
      if (signal === undefined) return answers;
      // Probes end by themselves soon; nobody has to wait for them.
      return Promise.race([answers, cancelled(signal)]);
    },
    flows: ({ onFlow, signal } = {}) =>
      link.request(
        'flows',
        { name, follow: onFlow !== undefined },
        { ...signalOf(signal), ...(onFlow === undefined ? {} : { onFlow }) },
      ),
    trouble: async () => (await link.request('trouble', { name })) ?? undefined,
    snapshot: () => mirror.take((known) => link.request('snapshot', { name, known })),
    async apply(objects) {
      await link.request('apply', { name, objects: [...objects] });
    },
    run: (script, { signal, timeoutMs } = {}) =>
      link.request(
        'run',
        { name, script, ...(timeoutMs === undefined ? {} : { timeoutMs }) },
        signalOf(signal),
      ),
    async reset({ signal, onPhase } = {}) {
      await link.request(
        'reset',
        { name },
        { ...signalOf(signal), ...(onPhase === undefined ? {} : { onPhase }) },
      );
    },
    async [Symbol.asyncDispose]() {
      await link.request('delete', { name });
    },
  };
}

function signalOf(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

function cancelled(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = (): void => {
      reject(new GatehouseError('CANCELLED', 'the probes were cancelled'));
    };
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}
