import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { GatehouseError } from '../../common/errors.js';
import { SILENT } from '../../common/logger.js';
import { applyAll } from '../client/objects.js';
import { NODES } from '../client/wait-ready.js';
import type { Cluster } from '../provider.js';
import { snapshotOf } from './cluster.js';
import { ExistingContext } from './context.js';
import { probeExisting } from './probe.js';
import { ExistingSettings } from './settings.js';

/**
 * A cluster of any origin as it is, to be graded: nothing is claimed, nothing of it is ours. Disposing lets go of it. Rejects
 * with CLUSTER_UNREACHABLE where it does not answer.
 */
export async function openWholeCluster(options: {
  stateDir: string;
  kubeconfig: string;
  environment: Readonly<Record<string, string>>;
}): Promise<Cluster> {
  const { kubeconfig, environment } = options;
  const stateDir = path.join(options.stateDir, `grade-${randomBytes(4).toString('hex')}`);
  const context = new ExistingContext({
    stateDir,
    environment,
    settings: ExistingSettings.parse({ kubeconfig: path.resolve(kubeconfig) }),
    logger: SILENT,
  });
  const close = async (): Promise<void> => {
    context[Symbol.dispose]();
    await rm(stateDir, { recursive: true, force: true });
  };
  try {
    const api = await context.api();
    const nodes = (await api.list(NODES)).items.length;
    return {
      info: {
        name: api.server,
        provider: 'existing',
        state: 'ready',
        nodes,
        cni: 'none',
        labels: {},
        createdAt: new Date(0).toISOString(),
        server: api.server,
      },
      kubeconfig: () => context.kubeconfig(),
      probe: (requests, { signal } = {}) =>
        probeExisting(context, { requests, ...(signal === undefined ? {} : { signal }) }),
      snapshot: () => snapshotOf(context, () => true),
      apply: async (objects) => applyAll(await context.api(), objects),
      shell: () => Promise.reject(onlyGraded()),
      run: () => Promise.reject(onlyGraded()),
      reset: () => Promise.reject(onlyGraded()),
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function onlyGraded(): GatehouseError {
  return new GatehouseError('NOT_AVAILABLE', 'this cluster is not ours: it can only be graded');
}
