import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { GatehouseError } from '../../common/errors.js';
import type { Logger } from '../../common/logger.js';
import { runCommand, type CommandOptions, type CommandResult } from '../../system/run-command.js';
import { KubeApi } from '../client/kube-api.js';
import type { ExistingSettings } from './settings.js';

/** Credentials of a context may come from a program and end soon. */
const ACCESS_MS = 5 * 60_000;

export interface ExistingOptions {
  stateDir: string;
  settings: ExistingSettings;
  logger: Logger;
  /** PATH and HOME for kubectl, and what signs in to the cluster. */
  environment: Readonly<Record<string, string>>;
  /** Told each command of kubectl before it runs. */
  onCommand?: (line: string) => void;
}

interface Access {
  api: KubeApi;
  kubeconfig: string;
  openedAt: number;
}

/** The cluster that is there, as the operator's context reaches it. */
export class ExistingContext implements Disposable {
  readonly settings: ExistingSettings;
  readonly logger: Logger;
  /** Which state folder namespaces belong to: two installations leave each other alone. */
  readonly installation: string;
  /** Where kubectl reads the operator's context from: a file of ours, mode 0600. */
  readonly file: string;
  readonly #options: ExistingOptions;
  #access: Access | undefined;

  constructor(options: ExistingOptions) {
    this.#options = options;
    this.settings = options.settings;
    this.logger = options.logger;
    const { stateDir } = options;
    this.installation = createHash('sha256')
      .update(path.resolve(stateDir))
      .digest('hex')
      .slice(0, 12);
    this.file = path.join(stateDir, 'existing', `${process.pid}.kubeconfig`);
  }

  get environment(): Record<string, string> {
    return { ...this.#options.environment };
  }

  async api(): Promise<KubeApi> {
    return (await this.#open()).api;
  }

  /** The operator's context alone, with everything it needs. */
  async kubeconfig(): Promise<string> {
    return (await this.#open()).kubeconfig;
  }

  /** kubectl as the operator. Never rejects for its exit code. */
  async kubectl(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    await this.#open();
    return this.#run(['--kubeconfig', this.file, ...args], options);
  }

  async #open(): Promise<Access> {
    const known = this.#access;
    if (known !== undefined && performance.now() - known.openedAt < ACCESS_MS) return known;
    const kubeconfig = await this.#read();
    const api = await KubeApi.connect(kubeconfig);
    await mkdir(path.dirname(this.file), { recursive: true, mode: 0o700 });
    await writeFile(this.file, kubeconfig, { mode: 0o600 });
    known?.api[Symbol.dispose]();
    this.#access = { api, kubeconfig, openedAt: performance.now() };
    return this.#access;
  }

  /** kubectl itself puts files together and embeds what they name. */
  async #read(): Promise<string> {
    const { kubeconfig, context } = this.settings;
    const args = [
      ...(kubeconfig === undefined ? [] : ['--kubeconfig', kubeconfig]),
      ...['config', 'view', '--raw', '--minify', '--flatten'],
      ...(context === undefined ? [] : ['--context', context]),
    ];
    const result = await this.#run(args, { timeoutMs: 15_000 });
    if (result.exitCode === 0 && /^\s*server:/m.test(result.stdout)) return result.stdout;
    const isMissing = result.exitCode === 127;
    throw new GatehouseError(
      'MACHINE_NOT_READY',
      isMissing
        ? 'kubectl is not installed'
        : `no cluster to use: ${result.stderr.trim() || 'the kubeconfig has no current context'}`,
      {
        fix: isMissing
          ? 'sudo apt-get install kubernetes-client   # or https://kubernetes.io/docs/tasks/tools/#kubectl'
          : 'kubectl config get-contexts   # then: kubectl config use-context NAME, or kubeconfig and context in existing.yaml',
      },
    );
  }

  #run(args: readonly string[], options: CommandOptions): Promise<CommandResult> {
    this.#options.onCommand?.(['kubectl', ...args].join(' '));
    return runCommand('kubectl', args, {
      timeoutMs: 60_000,
      ...options,
      env: { ...this.environment, ...options.env },
    });
  }

  [Symbol.dispose](): void {
    this.#access?.api[Symbol.dispose]();
    this.#access = undefined;
  }
}
