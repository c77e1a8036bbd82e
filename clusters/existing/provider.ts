import { rm } from 'node:fs/promises';
import { GatehouseError } from '../../common/errors.js';
import { SILENT, type Logger } from '../../common/logger.js';
import type { Cluster, ClusterProvider } from '../provider.js';
import { ExistingCluster } from './cluster.js';
import { ExistingContext } from './context.js';
import { createSet, removeSet } from './create.js';
import { doctor } from './doctor.js';
import { findRecords, getRecord } from './records.js';
import { readExistingSettings, type ExistingSettings } from './settings.js';

export interface ExistingProviderOptions {
  stateDir: string;
  /** For kubectl and what signs in: PATH, HOME, KUBECONFIG, credentials of a cloud. */
  environment: Readonly<Record<string, string>>;
  /** Instead of `existing.yaml` in the state folder. */
  settings?: ExistingSettings;
  servesOthers?: boolean;
  onCommand?: (line: string) => void;
  logger?: Logger;
}

/** Namespaces in a cluster that somebody runs already: see `docs/existing.md`. */
export function createExistingProvider(options: ExistingProviderOptions): ClusterProvider {
  const { stateDir, environment, logger = SILENT } = options;
  const settings = options.settings ?? readExistingSettings(stateDir);
  const context = new ExistingContext({
    stateDir,
    settings,
    environment,
    logger,
    ...(options.onCommand === undefined ? {} : { onCommand: options.onCommand }),
  });
  let swept: Promise<void> | undefined;
  const ready = (): Promise<void> => {
    swept ??= sweep(context).catch((error: unknown) => {
      swept = undefined;
      throw error;
    });
    return swept;
  };
  const open = async (name: string): Promise<Cluster> =>
    new ExistingCluster(context, (await getRecord(context, name)).info);
  return {
    name: 'existing',
    async create(spec, createOptions = {}) {
      refuseStrangers(options.servesOthers === true, settings);
      await ready();
      await createSet(context, spec, createOptions);
      return open(spec.name);
    },
    async list() {
      await ready();
      return (await findRecords(context)).map(({ info }) => info);
    },
    async open(name) {
      await ready();
      return open(name);
    },
    doctor: (wanted = []) => doctor(context, wanted),
    async [Symbol.asyncDispose]() {
      context[Symbol.dispose]();
      await rm(context.file, { force: true });
    },
  };
}

/** Removes what a crash left: half made, half removed. */
async function sweep(context: ExistingContext): Promise<void> {
  for (const { info, isLeftover } of await findRecords(context)) {
    if (!isLeftover) continue;
    context.logger.info('removing what is left of a cluster', { cluster: info.name });
    await removeSet(context, info.name);
  }
}

function refuseStrangers(servesOthers: boolean, { allowStrangers }: ExistingSettings): void {
  if (!servesOthers || allowStrangers) return;
  throw new GatehouseError(
    'FORBIDDEN',
    'learners get pods in the network of your cluster, so people from elsewhere get none',
    {
      fix: 'use --provider embedded; or, where nothing in the cluster trusts its network, put "allowStrangers: true" into existing.yaml in the state folder',
    },
  );
}
