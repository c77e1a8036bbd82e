import { readFile } from 'node:fs/promises';
import { GatehouseError } from '../../common/errors.js';
import type { JsonObject } from '../../common/json.js';
import type { Phase } from '../../common/progress.js';
import type { ProbeRequest, ProbeResult } from '../../common/probe.js';
import type {
  Cluster,
  ClusterInfo,
  ClusterSnapshot,
  ClusterTrouble,
  RunResult,
  ShellCommand,
  ShellTarget,
} from '../provider.js';
import { filesOf, type KindContext } from './context.js';
import { KubeApi } from '../client/kube-api.js';
import { LABEL } from './names.js';
import { applyAll, listAll, withoutSecrets } from '../client/objects.js';
import { touch } from './pause.js';
import { probeCluster } from './probe.js';
import { clustersAmong, type Found } from './records.js';
import { removeCluster } from './remove-cluster.js';
import { resetCluster, type ResetDepth } from './reset-cluster.js';
import { findTrouble } from './trouble.js';
import { wake } from './wake.js';
import { podShell, runInWorkstation, shellCommand, workstationShell } from './workstation.js';

/** A cluster as the provider hands it out: names and files, and a connection once it is needed. */
export class KindCluster implements Cluster {
  readonly #context: KindContext;
  #found: Found;
  #api: { config: string; api: KubeApi } | undefined;

  constructor(context: KindContext, found: Found) {
    this.#context = context;
    this.#found = found;
  }

  get info(): ClusterInfo {
    return this.#found.info;
  }

  async kubeconfig(role: 'learner' | 'platform'): Promise<string> {
    return this.#read(filesOf(this.#context, this.info.name)[role]);
  }

  async shell(target: ShellTarget): Promise<ShellCommand> {
    await this.#wake();
    const { name } = this.info;
    switch (target.type) {
      case 'workstation':
        return workstationShell(this.#context, name);
      case 'pod':
        return podShell(this.#context, name, target);
      case 'node':
        return this.#nodeShell(target.name);
    }
  }

  async #nodeShell(node: string): Promise<ShellCommand> {
    if (this.#found.record?.labels[LABEL.nodeShell] !== 'true') {
      throw new GatehouseError('FORBIDDEN', 'this lab has no shells on nodes', {
        fix: 'Labs that want them say needs.nodeShell in lab.yaml; by hand: cluster create NAME --node-shell',
      });
    }
    // Of kind and not of the API server, where a learner may name anybody's container.
    const args = ['get', 'nodes', '--name', this.#found.kindName];
    const { stdout } = await this.#context.programs.run('kind', args);
    const nodes = stdout.split('\n').filter((line) => line !== '');
    if (!nodes.includes(node)) {
      throw new GatehouseError(
        'NOT_FOUND',
        `there is no node ${node}; there are: ${nodes.join(', ')}`,
      );
    }
    const env = { HOME: '/root', KUBECONFIG: '/etc/kubernetes/admin.conf' };
    return shellCommand(this.#context, {
      container: node,
      user: '0',
      home: '/root',
      env,
      argv: ['bash'],
    });
  }

  async probe(
    requests: readonly ProbeRequest[],
    { signal }: { signal?: AbortSignal } = {},
  ): Promise<ProbeResult[]> {
    await this.#wake();
    const api = await this.#open();
    const { name } = this.info;
    return probeCluster(
      this.#context,
      { name, kindName: this.#found.kindName, api },
      { requests, ...(signal === undefined ? {} : { signal }) },
    );
  }

  trouble(): Promise<ClusterTrouble | undefined> {
    return findTrouble(this.#context, this.info.name, () => this.#open());
  }

  async snapshot(): Promise<ClusterSnapshot> {
    await this.#wake();
    const { objects, ...listing } = await listAll(await this.#open());
    return { ...listing, objects: withoutSecrets(objects) };
  }

  async apply(objects: readonly JsonObject[]): Promise<void> {
    await this.#wake();
    await applyAll(await this.#open(), objects);
  }

  async run(
    script: string,
    options: { signal?: AbortSignal; timeoutMs?: number } = {},
  ): Promise<RunResult> {
    await this.#wake();
    return runInWorkstation(this.#context, this.info.name, { script, ...options });
  }

  async reset(
    options: { signal?: AbortSignal; onPhase?: (phase: Phase) => void; depth?: ResetDepth } = {},
  ): Promise<void> {
    try {
      await this.#wake();
    } catch (error) {
      if (options.signal?.aborted === true) throw error;
      // What does not wake is built anew.
      if (!(error instanceof GatehouseError) || error.code !== 'CLUSTER_UNREACHABLE') throw error;
    }
    await this.#lookAgain();
    const { info, kindName } = this.#found;
    const api = await this.#open();
    if ((await resetCluster(this.#context, { info, kindName, api, ...options })) === 'rebuild') {
      this.#close();
      await this.#lookAgain();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#close();
    await removeCluster(this.#context, { name: this.info.name, kindName: this.#found.kindName });
  }

  async #wake(): Promise<void> {
    const { name } = this.info;
    await this.#read(filesOf(this.#context, name).platform);
    await touch(this.#context, name);
    await wake(this.#context, { name, kindName: this.#found.kindName }, () => this.#open());
  }

  async #lookAgain(): Promise<void> {
    const { containers } = this.#context;
    const all = await clustersAmong(this.#context, await containers.list());
    this.#found = all.find(({ name }) => name === this.info.name) ?? this.#found;
  }

  async #open(): Promise<KubeApi> {
    const config = await this.kubeconfig('platform');
    // A rebuilt cluster has another address and other keys, perhaps built by another process.
    if (this.#api?.config !== config) {
      this.#close();
      this.#api = { config, api: await KubeApi.connect(config) };
    }
    return this.#api.api;
  }

  #close(): void {
    this.#api?.api[Symbol.dispose]();
    this.#api = undefined;
  }

  async #read(file: string): Promise<string> {
    try {
      return await readFile(file, 'utf8');
    } catch (cause) {
      const { name } = this.info;
      throw new GatehouseError('CLUSTER_NOT_FOUND', `there is no cluster "${name}" any more`, {
        cause,
      });
    }
  }
}
