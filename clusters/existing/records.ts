import { z } from 'zod';
import { GatehouseError } from '../../common/errors.js';
import type { JsonObject } from '../../common/json.js';
import { isMakerAlive } from '../../system/maker.js';
import { pathOf, textAt, type KubeApi, type Resource } from '../client/kube-api.js';
import { CNIS, type ClusterInfo, type ClusterState } from '../provider.js';
import type { ExistingContext } from './context.js';
import { ANNOTATION, LABEL, homeNamespace } from './names.js';

const resource = (group: string, plural: string, kind: string): Resource => ({
  group,
  version: 'v1',
  plural,
  kind,
  namespaced: kind !== 'Namespace' && !kind.startsWith('ClusterRole'),
  verbs: [],
});
export const NAMESPACES = resource('', 'namespaces', 'Namespace');
export const CLUSTER_ROLES = resource('rbac.authorization.k8s.io', 'clusterroles', 'ClusterRole');
export const CLUSTER_ROLE_BINDINGS = resource(
  'rbac.authorization.k8s.io',
  'clusterrolebindings',
  'ClusterRoleBinding',
);

const Record = z.object({
  nodes: z.number(),
  cni: z.enum(CNIS),
  labels: z.record(z.string(), z.string()),
  createdAt: z.string(),
});
export type Record = z.infer<typeof Record>;

export interface Found {
  info: ClusterInfo;
  /** The namespaces of it that are there, its home included. */
  namespaces: readonly string[];
  /** Half made or half removed by a process that is gone. */
  isLeftover: boolean;
}

/** Asks the cluster for what carries our labels: each home namespace is a record, the others of its name belong to it. */
export async function findRecords(context: ExistingContext): Promise<Found[]> {
  const api = await context.api();
  const query = `?labelSelector=${encodeURIComponent(`${LABEL.installation}=${context.installation}`)}`;
  const { items } = await api.list(NAMESPACES, { query });
  const names = new Set(items.map((item) => labelOf(item, LABEL.cluster)));
  return [...names].toSorted().map((name) => {
    const own = items.filter((item) => labelOf(item, LABEL.cluster) === name);
    const home = own.find((item) => nameOf(item) === homeNamespace(name));
    return {
      info: infoOf(name, { home, server: api.server }),
      namespaces: own.map(nameOf),
      isLeftover: isLeftover(home),
    };
  });
}

function infoOf(
  name: string,
  { home, server }: { home: JsonObject | undefined; server: string },
): ClusterInfo {
  const record = parseRecord(textAt(home, ['metadata', 'annotations', ANNOTATION.record]));
  return {
    name,
    provider: 'existing',
    state: stateOf(home),
    nodes: record?.nodes ?? 0,
    cni: record?.cni ?? 'none',
    labels: record?.labels ?? {},
    createdAt: record?.createdAt ?? new Date(0).toISOString(),
    server,
  };
}

function parseRecord(text: string): Record | undefined {
  try {
    return Record.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function stateOf(home: JsonObject | undefined): ClusterState {
  if (home === undefined) return 'broken';
  if (textAt(home, ['metadata', 'deletionTimestamp']) !== '') return 'deleting';
  const state = textAt(home, ['metadata', 'annotations', ANNOTATION.state]);
  const known = (['creating', 'ready', 'resetting', 'deleting'] as const).find((s) => s === state);
  return known ?? 'broken';
}

function isLeftover(home: JsonObject | undefined): boolean {
  const state = stateOf(home);
  if (state === 'ready' || state === 'resetting') return false;
  const maker = textAt(home, ['metadata', 'annotations', ANNOTATION.maker]);
  return home === undefined || !isMakerAlive(maker);
}

/** Says in the cluster what is being done, and by whom. */
export async function noteState(
  api: KubeApi,
  name: string,
  note: { state: ClusterState; maker: string },
): Promise<void> {
  const annotations = { [ANNOTATION.state]: note.state, [ANNOTATION.maker]: note.maker };
  await api.ask('PATCH', pathOf(NAMESPACES, undefined, homeNamespace(name)), {
    body: { metadata: { annotations } },
    type: 'application/merge-patch+json',
  });
}

export async function getRecord(context: ExistingContext, name: string): Promise<Found> {
  const all = (await findRecords(context)).filter(({ info }) => info.state !== 'deleting');
  const found = all.find(({ info }) => info.name === name);
  if (found !== undefined) return found;
  const names = all.map(({ info }) => info.name);
  const exist = names.length === 0 ? 'there are none' : `there are: ${names.join(', ')}`;
  throw new GatehouseError('CLUSTER_NOT_FOUND', `there is no cluster "${name}"; ${exist}`, {
    fix: 'scripts/gatehouse cluster list --provider existing',
  });
}

export function nameOf(object: JsonObject): string {
  return textAt(object, ['metadata', 'name']);
}

function labelOf(object: JsonObject, label: string): string {
  return textAt(object, ['metadata', 'labels', label]);
}
