import { readFileSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { CNIS, type ClusterInfo, type ClusterState } from '../provider.js';
import { filesOf, type KindContext } from './context.js';
import { isMakerAlive } from '../../system/maker.js';
import { listContainers, type Container } from './list-containers.js';
import { KIND_CLUSTER_LABEL, LABEL, kindNameOf } from './names.js';

/** All that Docker has of one cluster. */
export interface Found {
  name: string;
  kindName: string;
  /** Our own container of it, which carries the labels; absent where a crash or a hand removed it. */
  record: Container | undefined;
  nodes: readonly Container[];
  info: ClusterInfo;
  /** Whether it is a half-made or half-deleted thing whose maker is gone. */
  isLeftover: boolean;
}

/** Clusters of this installation: those with a record, and nodes without one whose folder is ours. */
export async function findClusters(context: KindContext, signal?: AbortSignal): Promise<Found[]> {
  return clustersAmong(context, await listContainers(context.programs, signal));
}

/** As `findClusters`, of containers that are known. */
export async function clustersAmong(
  context: KindContext,
  containers: readonly Container[],
): Promise<Found[]> {
  const records = containers.filter(
    ({ labels }) =>
      labels[LABEL.role] === 'record' && labels[LABEL.installation] === context.installation,
  );
  const nodesOf = (kindName: string): Container[] =>
    containers
      .filter(({ labels }) => labels[KIND_CLUSTER_LABEL] === kindName)
      .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const found = records.map((record) => {
    const name = record.labels[LABEL.cluster] ?? '';
    const kindName = record.labels[LABEL.kindName] ?? kindNameOf(name);
    return foundOf(context, { name, kindName, record, nodes: nodesOf(kindName) });
  });
  const names = new Set(found.map(({ name }) => name));
  for (const name of await folderNames(context)) {
    if (names.has(name)) continue;
    const kindName = kindNameOf(name);
    const isElsewhere = containers.some(
      ({ labels }) => labels[LABEL.role] === 'record' && labels[LABEL.kindName] === kindName,
    );
    const nodes = isElsewhere ? [] : nodesOf(kindName);
    found.push(foundOf(context, { name, kindName, record: undefined, nodes }));
  }
  return found.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** The containers that are a kind cluster's nodes. */
export async function nodeNames({ containers }: KindContext, kindName: string): Promise<string[]> {
  return (await containers.list())
    .filter(({ labels }) => labels[KIND_CLUSTER_LABEL] === kindName)
    .map(({ name }) => name)
    .toSorted();
}

async function folderNames(context: KindContext): Promise<string[]> {
  try {
    const entries = await readdir(path.join(context.stateDir, 'kind'), { withFileTypes: true });
    return entries.flatMap((entry) =>
      entry.isDirectory() && !entry.name.includes('.') ? [entry.name] : [],
    );
  } catch {
    return [];
  }
}

const Doing = z.object({ what: z.enum(['creating', 'resetting', 'deleting']), maker: z.string() });
export type Doing = z.infer<typeof Doing>;

function readDoing(file: string): Doing | undefined {
  try {
    return Doing.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}

function foundOf(
  context: KindContext,
  parts: Pick<Found, 'name' | 'kindName' | 'record' | 'nodes'>,
): Found {
  const { name, record, nodes } = parts;
  const files = filesOf(context, name);
  const labels = record?.labels ?? {};
  const doing = readDoing(files.doing);
  const wanted = Number(labels[LABEL.nodes] ?? nodes.length);
  const cni = CNIS.find((one) => one === labels[LABEL.cni]) ?? 'none';
  const port = nodes.map(({ ports }) => /127\.0\.0\.1:(\d+)->6443/.exec(ports)?.[1]).find(Boolean);
  return {
    ...parts,
    isLeftover: isLeftover(record, doing) && !isBeingMade(files.dir, record),
    info: {
      name,
      provider: 'kind',
      state: stateOf({ record, nodes, doing, wanted }),
      nodes: wanted,
      cni,
      labels: parseLabels(labels[LABEL.labels]),
      createdAt: labels[LABEL.createdAt] ?? new Date(0).toISOString(),
      ...(port === undefined ? {} : { server: `https://127.0.0.1:${port}` }),
    },
  };
}

/** The record is created first and started last: what Docker says of it is the state of the creation. */
export function stateOf(seen: {
  record: Pick<Container, 'state'> | undefined;
  nodes: readonly Pick<Container, 'state'>[];
  doing: Doing | undefined;
  wanted: number;
}): ClusterState {
  const { record, nodes, doing, wanted } = seen;
  if (doing?.what === 'deleting') return 'deleting';
  if (doing?.what === 'resetting' && isMakerAlive(doing.maker)) return 'resetting';
  if (record === undefined) return 'broken';
  if (record.state === 'created') return 'creating';
  // What rests is woken when somebody uses it: nothing is lost.
  const isThere = ({ state }: Pick<Container, 'state'>): boolean =>
    ['running', 'paused', 'exited', 'restarting'].includes(state);
  return isThere(record) && nodes.length === wanted && nodes.every(isThere) ? 'ready' : 'broken';
}

function isLeftover(record: Container | undefined, doing: Doing | undefined): boolean {
  if (record === undefined) return true;
  if (doing?.what === 'deleting') return !isMakerAlive(doing.maker);
  return record.state === 'created' && !isMakerAlive(record.labels[LABEL.maker] ?? '');
}

/** A folder is older than its record by a moment. */
function isBeingMade(dir: string, record: Container | undefined): boolean {
  const folder = statSync(dir, { throwIfNoEntry: false });
  if (record !== undefined || folder === undefined) return false;
  const doing = readDoing(path.join(dir, 'doing.json'));
  if (doing !== undefined) return isMakerAlive(doing.maker);
  return Date.now() - folder.mtimeMs < 60_000;
}

function parseLabels(text: string | undefined): Record<string, string> {
  try {
    return z.record(z.string(), z.string()).parse(JSON.parse(text ?? '{}'));
  } catch {
    return {};
  }
}
