import { createHash } from 'node:crypto';
import {
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { CNIS } from '../../../provider.js';
import type { JsonObject } from '../../../../common/json.js';
import { isJsonObject } from '../../../../common/json.js';
import { replaceFile } from '../../../../system/replace-file.js';

export const ClusterName = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/, 'lower case letters, digits and "-", at most 40');

export const JsonObjectSchema = z.custom<JsonObject>(isJsonObject, 'a JSON object');

export const ClusterSpecSchema = z.object({
  name: ClusterName,
  nodes: z.number().int().min(1).max(7),
  cni: z.enum(CNIS),
  manifests: z.array(JsonObjectSchema),
  files: z.array(z.object({ path: z.string(), text: z.string() })).optional(),
  nodeShell: z.boolean(),
  labels: z.record(z.string(), z.string()),
});
export type StoredSpec = z.infer<typeof ClusterSpecSchema>;

/** What is remembered of a cluster beside its objects. */
export const ClusterRecord = z.object({
  spec: ClusterSpecSchema,
  createdAt: z.string(),
  /** The user on this machine whose namespaces the cluster lives in; absent: the host's own. */
  uid: z.number().int().optional(),
  /** Where the API server listens; kept over restarts and resets. */
  port: z.number().int(),
  /** False until the first start came to its end: what a crash leaves half-made is swept. */
  isComplete: z.boolean(),
  /** Rises with every reset: the agents of before and after must not share a socket. */
  generation: z.number().int().default(0),
  /** A reset was begun and has not come to its end. */
  isResetting: z.boolean().optional(),
});
export type ClusterRecord = z.infer<typeof ClusterRecord>;

/** Below the state directory: what lasts no longer than the agents, in memory where there is a place for it. */
export const RUN = 'run';

/**
 * A cluster's folders: `private` is the host's alone (objects, keys) and lasts; `run` belongs to the cluster's user
 * (sockets, pods' files, logs).
 */
export interface ClusterFolder {
  root: string;
  private: string;
  run: string;
  recordFile: string;
  /** Elsewhere, because a socket's path may only have 107 bytes. */
  sockets: string;
  agentSocket: string;
  apiSocket: string;
  pods: string;
  logs: string;
  /** A file system in memory with a size, mounted by the agent: homes and empty volumes. */
  volatile: string;
}

export function clusterFolder(stateDir: string, name: string, generation = 0): ClusterFolder {
  const root = path.join(stateDir, 'clusters', name);
  const run = path.join(stateDir, RUN, name);
  const id = createHash('sha256').update(name).digest('hex').slice(0, 10);
  const sockets = path.join(stateDir, RUN, `s-${id}`);
  return {
    root,
    private: path.join(root, 'private'),
    run,
    recordFile: path.join(root, 'private', 'cluster.json'),
    sockets,
    agentSocket: path.join(sockets, `agent-${generation}`),
    apiSocket: path.join(sockets, 'api'),
    pods: path.join(run, 'pods'),
    logs: path.join(run, 'logs'),
    volatile: path.join(run, 'volatile'),
  };
}

/** Makes the folder's parts; the files in `run` are readable for the cluster's user and the host only. */
export function makeClusterFolder(folder: ClusterFolder, uid: number | undefined): void {
  for (const part of [folder.root, path.dirname(folder.sockets)]) {
    mkdirSync(part, { recursive: true, mode: 0o711 });
  }
  mkdirSync(folder.private, { recursive: true, mode: 0o700 });
  mkdirSync(folder.run, { recursive: true, mode: 0o700 });
  mkdirSync(folder.sockets, { recursive: true, mode: 0o700 });
  for (const part of [folder.pods, folder.logs, folder.volatile]) {
    mkdirSync(part, { recursive: true, mode: 0o777 });
  }
  if (uid === undefined) return;
  for (const part of [folder.run, folder.sockets, folder.pods, folder.logs, folder.volatile])
    chownSync(part, uid, uid);
}

/** Moves what runs out of the way of a successor; returns the folders, to be removed when it has ended. */
export function setAside(folder: ClusterFolder): string[] {
  return [folder.run, folder.sockets].flatMap((part) => {
    if (!existsSync(part)) return [];
    const aside = `${part}.old`;
    rmSync(aside, { recursive: true, force: true });
    renameSync(part, aside);
    return [aside];
  });
}

/** Replaced as a whole, so that a crash leaves the old one or the new one. */
export function writeRecord(folder: ClusterFolder, record: ClusterRecord): void {
  replaceFile(folder.recordFile, JSON.stringify(record), { mode: 0o600 });
}

export function readRecord(folder: ClusterFolder): ClusterRecord | undefined {
  if (!existsSync(folder.recordFile)) return undefined;
  return ClusterRecord.parse(JSON.parse(readFileSync(folder.recordFile, 'utf8')));
}

/** Removes what a cluster's folder holds on disk. Nothing of it may run any more. */
export async function removeClusterFolder(folder: ClusterFolder): Promise<void> {
  await Promise.all(
    [folder.root, folder.run, folder.sockets, `${folder.run}.old`, `${folder.sockets}.old`].map(
      (part) => rm(part, { recursive: true, force: true }),
    ),
  );
}

/** Names of the clusters whose folders exist. */
export function clusterNames(stateDir: string): string[] {
  const root = path.join(stateDir, 'clusters');
  return existsSync(root) ? readdirSync(root) : [];
}
