import { GatehouseError } from '../../common/errors.js';
import type { JsonObject } from '../../common/json.js';
import type { Phase } from '../../common/progress.js';
import type { ProbeRequest, ProbeResult } from '../../common/probe.js';
import { textAt } from '../client/kube-api.js';
import { applyAll, listAll, withoutSecrets } from '../client/objects.js';
import type {
  Cluster,
  ClusterInfo,
  ClusterSnapshot,
  ClusterTrouble,
  RunResult,
  ShellCommand,
  ShellTarget,
} from '../provider.js';
import type { ExistingContext } from './context.js';
import { away } from '../trouble.js';
import { removeSet, resetSet } from './create.js';
import { learnerKubeconfig } from './learner-kubeconfig.js';
import { homeNamespace } from './names.js';
import { probeExisting } from './probe.js';
import { getRecord, type Found } from './records.js';
import { execShell, runInWorkstation, workstationShell } from './workstation.js';

/** An API server that needs longer is away for people who type. */
const ANSWER_MS = 3_000;

/** One learner's namespaces in a cluster that is not ours. */
export class ExistingCluster implements Cluster {
  readonly info: ClusterInfo;
  readonly #context: ExistingContext;

  constructor(context: ExistingContext, info: ClusterInfo) {
    this.#context = context;
    this.info = info;
  }

  async kubeconfig(role: 'learner' | 'platform'): Promise<string> {
    await this.#find();
    return role === 'platform'
      ? this.#context.kubeconfig()
      : learnerKubeconfig(this.#context, this.info.name);
  }

  async shell(target: ShellTarget): Promise<ShellCommand> {
    const { namespaces } = await this.#find();
    switch (target.type) {
      case 'workstation':
        return workstationShell(this.#context, this.info.name);
      case 'pod': {
        const { namespace, name, container } = target;
        if (!namespaces.includes(namespace)) {
          throw new GatehouseError('FORBIDDEN', `the namespace ${namespace} is not of this lab`);
        }
        return execShell(this.#context, {
          namespace,
          pod: name,
          ...(container === undefined ? {} : { container }),
          command: ['sh', '-c', 'command -v bash >/dev/null 2>&1 && exec bash; exec sh'],
        });
      }
      case 'node':
        throw new GatehouseError('FORBIDDEN', 'nodes of an existing cluster are not the learner’s');
    }
  }

  async probe(
    requests: readonly ProbeRequest[],
    { signal }: { signal?: AbortSignal } = {},
  ): Promise<ProbeResult[]> {
    return probeExisting(this.#context, {
      requests,
      ...(signal === undefined ? {} : { signal }),
    });
  }

  async trouble(): Promise<ClusterTrouble | undefined> {
    try {
      await (await this.#context.api()).ask('GET', '/version', { timeoutMs: ANSWER_MS });
      return undefined;
    } catch (error) {
      if (!(error instanceof GatehouseError)) throw error;
      return away(`${error.message}.`);
    }
  }

  /** What is the learner's, and what every pod meets: kinds of the whole cluster and `kube-system`. Not our own beside it. */
  async snapshot(): Promise<ClusterSnapshot> {
    const { namespaces } = await this.#find();
    const shown = new Set(['', 'kube-system', ...namespaces]);
    shown.delete(homeNamespace(this.info.name));
    return snapshotOf(this.#context, (object) =>
      shown.has(textAt(object, ['metadata', 'namespace'])),
    );
  }

  async apply(objects: readonly JsonObject[]): Promise<void> {
    await applyAll(await this.#context.api(), objects);
  }

  async run(
    script: string,
    options: { signal?: AbortSignal; timeoutMs?: number } = {},
  ): Promise<RunResult> {
    return runInWorkstation(this.#context, this.info.name, { script, ...options });
  }

  async reset(
    options: { signal?: AbortSignal; onPhase?: (phase: Phase) => void } = {},
  ): Promise<void> {
    await this.#find();
    await resetSet(this.#context, this.info.name, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await removeSet(this.#context, this.info.name);
  }

  #find(): Promise<Found> {
    return getRecord(this.#context, this.info.name);
  }
}

export async function snapshotOf(
  context: ExistingContext,
  isShown: (object: JsonObject) => boolean,
): Promise<ClusterSnapshot> {
  const { objects, ...listing } = await listAll(await context.api());
  return { ...listing, objects: withoutSecrets(objects.filter(isShown)) };
}
