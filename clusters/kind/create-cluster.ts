import { setMaxListeners } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parse, stringify } from 'yaml';
import { GatehouseError, messageOf } from '../../common/errors.js';
import { Cleanup } from '../../system/cleanup.js';
import type { ClusterSpec, CreateOptions } from '../provider.js';
import { proveEnforcement } from './canary.js';
import { filesOf, type KindContext } from './context.js';
import { learnEstimates, readEstimates } from './estimates.js';
import { ensureImage, imagesOfSpec, loadImages } from './images.js';
import { installPlugin } from './install-plugin.js';
import { KubeApi } from '../client/kube-api.js';
import { hostsToml, kindConfigOf } from './kind-config.js';
import { newMaker } from '../../system/maker.js';
import { LABEL, estimatesFile, kindNameOf, networkName, workstationName } from './names.js';
import { nodeImage } from './node-image.js';
import { applyAll, listAll } from '../client/objects.js';
import { lineReader, parseKindLine, PhaseTracker, STEPS, type StepId } from './phases.js';
import { PLUGINS, pluginManifest } from './plugins.js';
import { throwIfAborted } from './programs.js';
import { findClusters, nodeNames } from './records.js';
import {
  deleteNodes,
  noteDoing,
  removeCluster,
  removeContainers,
  removeNetwork,
} from './remove-cluster.js';
import { createRecord, fillWorkstation, pluginFiles, startWorkstation } from './workstation.js';
import { waitReady } from '../client/wait-ready.js';

const NODES_MS = 120_000;
const PLUGIN_MS = 300_000;
const WORKLOADS_MS = 300_000;

export interface Work {
  context: KindContext;
  spec: ClusterSpec;
  kindName: string;
  phases: PhaseTracker;
  signal: AbortSignal;
}

/** Makes a cluster, or leaves nothing behind. See `ClusterProvider.create`. */
export async function createCluster(
  context: KindContext,
  spec: ClusterSpec,
  options: CreateOptions & { pool?: string } = {},
): Promise<void> {
  throwIfAborted(options.signal);
  const late = AbortSignal.timeout(context.settings.createTimeoutMinutes * 60_000);
  const signal = options.signal === undefined ? late : AbortSignal.any([options.signal, late]);
  // A snapshot asks for some sixty kinds at once.
  setMaxListeners(0, signal);
  const shape = `${spec.nodes}-${spec.cni}`;
  const estimates = await readEstimates(estimatesFile(context.stateDir), shape);
  const steps = stepsOf(spec);
  const tell = options.onPhase;
  const phases = new PhaseTracker(steps, { estimates, ...(tell === undefined ? {} : { tell }) });
  const work: Work = { context, spec, kindName: kindNameOf(spec.name), phases, signal };
  const undo = new Cleanup();
  try {
    await makeRecord(work, undo, options.pool);
    await makeNodes(work, undo);
    await furnish(work);
    await handOver(work);
    await rm(filesOf(context, spec.name).doing, { force: true });
    context.containers.forget();
    throwIfAborted(signal);
  } catch (error) {
    await undo[Symbol.asyncDispose]();
    throw failureOf(error, {
      spec,
      isCancelled: options.signal?.aborted === true,
      isLate: late.aborted,
    });
  }
  await learnEstimates(estimatesFile(context.stateDir), shape, phases.end()).catch(
    (error: unknown) => {
      // The cluster is there and handed over: only the next one's progress bar is the poorer.
      context.logger.warn('what the steps took could not be written down', { error });
    },
  );
}

export function stepsOf({ cni, manifests }: Pick<ClusterSpec, 'cni' | 'manifests'>): StepId[] {
  const left = new Set<StepId>();
  if (cni === 'none')
    for (const step of ['plugin', 'plugin-ready', 'canary'] as const) left.add(step);
  else if (!PLUGINS[cni].enforces) left.add('canary');
  if (manifests.length === 0) left.add('workloads');
  // Ours is disabled always; the step is there for kinds that say something about it all the same.
  left.add('kind-cni');
  return STEPS.map(({ id }) => id).filter((id) => !left.has(id));
}

/** The name is ours from here on: Docker gives a container's name only once. */
async function makeRecord(work: Work, undo: Cleanup, pool: string | undefined): Promise<void> {
  const { context, spec, kindName, phases, signal } = work;
  const { settings, programs } = context;
  phases.begin('record');
  const files = filesOf(context, spec.name);
  if (existsSync(files.dir)) await removeLeftover(work);
  phases.begin('image');
  await ensureImage(context, await nodeImage(context), signal);
  throwIfAborted(signal);
  await reserveFolder(files.dir, spec.name);
  await noteDoing(context, spec.name, 'creating');
  undo.add('folder', () => rm(files.dir, { recursive: true, force: true }));
  await writeFile(files.spec, JSON.stringify(spec), { mode: 0o600 });
  const maker = newMaker();
  // Short steps that are not cut off in the middle: afterwards it is known whether there is something to undo.
  if (settings.network === 'own') {
    const labels = { [LABEL.installation]: context.installation, [LABEL.role]: 'network' };
    const args = Object.entries(labels).flatMap(([name, value]) => ['--label', `${name}=${value}`]);
    await programs.docker(['network', 'create', ...args, networkName(kindName)]);
    undo.add('network', () => removeNetwork(context, kindName));
  } else if ((await programs.try('docker', ['network', 'inspect', 'kind'])).exitCode !== 0) {
    await programs.try('docker', ['network', 'create', 'kind']);
  }
  const createdAt = new Date().toISOString();
  await createRecord(context, spec, {
    kindName,
    maker,
    createdAt,
    ...(pool === undefined ? {} : { pool }),
  });
  undo.add('record', () => removeContainers(context, [workstationName(spec.name)]));
}

async function removeLeftover({ context, spec, signal }: Work): Promise<void> {
  const existing = (await findClusters(context, signal)).find(({ name }) => name === spec.name);
  if (existing?.isLeftover === true) await removeCluster(context, existing);
  else if (existing !== undefined) throw existsError(spec.name);
}

/** Of several at once only one makes the folder; Docker does the same with names for other installations. */
async function reserveFolder(dir: string, name: string): Promise<void> {
  await mkdir(path.dirname(dir), { recursive: true, mode: 0o700 });
  try {
    await mkdir(dir, { mode: 0o700 });
  } catch (error) {
    // Not `instanceof Error`: Node's own errors come from another realm under jest.
    const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : '';
    throw code === 'EEXIST' ? existsError(name) : error;
  }
}

async function makeNodes(work: Work, undo: Cleanup): Promise<void> {
  const { context, spec, kindName, phases, signal } = work;
  const { settings, programs } = context;
  const files = filesOf(context, spec.name);
  await writeFile(files.kindConfig, kindConfigOf(spec, settings), { mode: 0o600 });
  undo.add('nodes', () => deleteNodes(context, { name: spec.name, kindName }));
  const image = await nodeImage(context);
  const args = ['--name', kindName, '--image', image, '--config', files.kindConfig];
  const begin = lineReader((line) => {
    const told = parseKindLine(line);
    if (told?.state === 'begun' && told.step !== undefined) phases.begin(told.step);
  });
  await programs.run('kind', ['create', 'cluster', ...args, '--kubeconfig', files.learner], {
    signal,
    timeoutMs: settings.createTimeoutMinutes * 60_000,
    onStderr: begin,
    env:
      settings.network === 'own' ? { KIND_EXPERIMENTAL_DOCKER_NETWORK: networkName(kindName) } : {},
  });
  context.containers.forget();
  phases.begin('nodes');
  await writeKubeconfigs(work);
}

/** Files that only this user reads, beside kind's own; the person's `~/.kube/config` is never touched. */
async function writeKubeconfigs({ context, spec, kindName, signal }: Work): Promise<void> {
  const { programs } = context;
  const files = filesOf(context, spec.name);
  const [learner, admin] = await Promise.all([
    readFile(files.learner, 'utf8'),
    // No binding binds this one, so the learner cannot take its rights away; kubeadm makes it since 1.29.
    programs.try(
      'docker',
      ['exec', `${kindName}-control-plane`, 'cat', '/etc/kubernetes/super-admin.conf'],
      { signal },
    ),
  ]);
  const isThere = admin.exitCode === 0;
  const platform = isThere ? withServerOf(admin.stdout, learner) : learner;
  // The nodes' own files name the API server as it is reached from beside them.
  const internal = isThere
    ? withServerOf(learner, admin.stdout)
    : (
        await programs.run('kind', ['get', 'kubeconfig', '--name', kindName, '--internal'], {
          signal,
        })
      ).stdout;
  for (const [file, text] of [
    [files.internal, internal],
    [files.platform, platform],
  ] as const) {
    await writeFile(file, text, { mode: 0o600 });
  }
}

/** The same user, reached where another kubeconfig says. */
export function withServerOf(text: string, other: string): string {
  const server = /^\s*server:\s*(\S+)\s*$/m.exec(other)?.[1];
  if (server === undefined) return text;
  return stringify(
    parse(text.replace(/^(\s*server:\s*)\S+\s*$/m, (_, key: string) => `${key}${server}`)),
  );
}

/** From bare nodes to a cluster with images and network, proven. */
async function furnish(work: Work): Promise<void> {
  const { context, spec, kindName, phases, signal } = work;
  const files = filesOf(context, spec.name);
  using api = await KubeApi.connect(await readFile(files.platform, 'utf8'));
  await context.programs.account.track('kubernetes', () =>
    waitReady(
      api,
      { nodes: { count: spec.nodes, ready: false }, workloads: 'none' },
      { timeoutMs: NODES_MS, signal },
    ),
  );
  await writeMirrors(work);
  phases.begin('images');
  const plugins = (await pluginFiles(context, spec, signal)).flatMap(({ images }) => images);
  if (spec.cni !== 'none')
    plugins.push(...(await pluginManifest(context, spec.cni, signal)).images);
  const images = new Set([...imagesOfSpec(spec), ...context.settings.preload, ...plugins]);
  await loadImages(context, { kindName, images: [...images], signal });
  if (spec.cni !== 'none') {
    phases.begin('plugin');
    await installPlugin(
      context,
      { kindName, kubeconfig: files.platform },
      { cni: spec.cni, signal },
    );
    phases.begin('plugin-ready');
    await context.programs.account.track('kubernetes', () =>
      waitReady(
        api,
        { nodes: { count: spec.nodes, ready: true }, workloads: 'all' },
        { timeoutMs: PLUGIN_MS, signal },
      ),
    );
    if (PLUGINS[spec.cni].enforces) {
      phases.begin('canary');
      await proveEnforcement(context, { name: spec.name, kindName, cni: spec.cni, api }, signal);
    }
  }
}

/** From a cluster with its network to the lab as the learner meets it: also the second half for one out of stock. */
export async function handOver(work: Work): Promise<void> {
  const { context, spec, phases, signal } = work;
  const files = filesOf(context, spec.name);
  using api = await KubeApi.connect(await readFile(files.platform, 'utf8'));
  phases.begin('workstation');
  await fillWorkstation(context, spec, signal);
  phases.begin('workloads');
  await applyAll(api, spec.manifests, { patient: true, signal });
  if (spec.cni !== 'none') {
    await context.programs.account.track('kubernetes', () =>
      waitReady(
        api,
        { nodes: { count: spec.nodes, ready: true }, workloads: 'all' },
        { timeoutMs: WORKLOADS_MS, signal },
      ),
    );
  }
  phases.begin('baseline');
  await writeFile(files.baseline, JSON.stringify(await listAll(api, { signal })), { mode: 0o600 });
  // Last: a record that has been started is a cluster that has been handed over.
  await startWorkstation(context, spec.name, signal);
}

async function writeMirrors({ context, kindName, signal }: Work): Promise<void> {
  const byRegistry = Object.entries(context.settings.mirrors);
  const nodes = byRegistry.length === 0 ? [] : await nodeNames(context, kindName);
  for (const [registry, mirrors] of byRegistry) {
    for (const node of nodes) {
      const folder = `/etc/containerd/certs.d/${registry}`;
      const script = `mkdir -p "$0" && cat > "$0/hosts.toml"`;
      await context.programs.docker(['exec', '-i', node, 'sh', '-c', script, folder], {
        input: hostsToml(registry, mirrors),
        signal,
      });
    }
  }
}

function existsError(name: string): GatehouseError {
  return new GatehouseError('CLUSTER_EXISTS', `there is a cluster "${name}" already`, {
    fix: `scripts/gatehouse cluster delete ${name} --provider kind`,
  });
}

/** What the caller is told: cancelled, too late, or why. A refused manifest is a failed creation. */
function failureOf(
  error: unknown,
  { spec, isCancelled, isLate }: { spec: ClusterSpec; isCancelled: boolean; isLate: boolean },
): unknown {
  if (isCancelled) {
    return new GatehouseError('CANCELLED', `the creation of cluster "${spec.name}" was cancelled`);
  }
  if (isLate) {
    return new GatehouseError(
      'CLUSTER_FAILED',
      `the cluster "${spec.name}" was not ready in time`,
      {
        fix: 'raise createTimeoutMinutes in kind.yaml, or preload the images',
        cause: error,
      },
    );
  }
  const isOurs = error instanceof GatehouseError;
  if (
    isOurs &&
    !['BAD_REQUEST', 'NOT_FOUND', 'CLUSTER_NOT_FOUND', 'CANCELLED'].includes(error.code)
  ) {
    return error;
  }
  if (!isOurs) return error;
  return new GatehouseError(
    'CLUSTER_FAILED',
    `the cluster "${spec.name}" could not be made: ${messageOf(error)}`,
    { cause: error, ...(error.fix === undefined ? {} : { fix: error.fix }) },
  );
}
