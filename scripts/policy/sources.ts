/** Where objects come from: files, folders, standard input, or a live cluster. */
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import { GatehouseError, messageOf } from '../../common/errors.js';
import { isJsonObject, valueAt, type JsonObject } from '../../common/json.js';
import { parseManifests } from '../../common/kube-yaml.js';
import { runCommand } from '../../system/run-command.js';
import { note } from '../output.js';

/** An object and where it was written. */
export interface Sourced {
  object: JsonObject;
  /** `web.yaml`, or `cluster` for one that was read live. */
  file: string;
  /** 0 where there are no lines. */
  lineOf: (path: readonly (string | number)[]) => number;
}

/** Stands where the others have a file. */
export const LIVE = 'cluster';

export interface SourceOptions {
  kubeconfig?: string;
  context?: string;
}

/** Namespaced kinds without a namespace are put into `default`, as kubectl does. */
export async function readSources(
  paths: readonly string[],
  options: SourceOptions = {},
): Promise<Sourced[]> {
  const isLive = options.kubeconfig !== undefined || options.context !== undefined;
  if (paths.length === 0 && !isLive) {
    throw new GatehouseError('BAD_REQUEST', 'nothing to read', {
      fix: 'Name YAML files or folders, "-" for standard input, or --kubeconfig FILE.',
    });
  }
  const files = (await Promise.all(paths.map(filesOf))).flat();
  const sourced = (await Promise.all(files.map(readOne))).flat();
  return [...sourced, ...(isLive ? await readLive(options) : [])];
}

async function filesOf(given: string): Promise<string[]> {
  if (given === '-') return [given];
  const found = await stat(given).catch((error: unknown) => {
    throw new GatehouseError('NOT_FOUND', `${given} cannot be read: ${messageOf(error)}`, {
      fix: 'Name a file or folder that exists.',
      cause: error,
    });
  });
  if (!found.isDirectory()) return [given];
  const entries = await readdir(given, { recursive: true });
  return entries
    .filter((entry) => /\.(ya?ml|json)$/.test(entry))
    .toSorted()
    .map((entry) => path.join(given, entry));
}

async function readOne(file: string): Promise<Sourced[]> {
  const text = file === '-' ? await readAll(process.stdin) : await readFile(file, 'utf8');
  const { objects, lineOf, problems } = parseManifests(text);
  const [first, ...more] = problems;
  if (first !== undefined) {
    for (const { message, line } of more) note(`${file}:${line}: ${message}`);
    throw new GatehouseError(
      'BAD_REQUEST',
      `${file}:${first.line}:${first.column}: ${first.message}`,
      {
        fix: 'Correct the file; nothing was judged.',
      },
    );
  }
  return objects.map((object, i) => ({
    object: placed(object),
    file,
    lineOf: lineOf[i] ?? (() => 1),
  }));
}

const CLUSTER_WIDE =
  /^(Namespace|Node|Tier|Profile|HostEndpoint|FelixConfiguration|Global.*|Cluster.*|AdminNetworkPolicy|BaselineAdminNetworkPolicy)$/;

function placed(object: JsonObject): JsonObject {
  const metadata = isJsonObject(object['metadata']) ? object['metadata'] : {};
  if (metadata['namespace'] !== undefined || CLUSTER_WIDE.test(String(valueAt(object, ['kind'])))) {
    return object;
  }
  return { ...object, metadata: { ...metadata, namespace: 'default' } };
}

/** Kinds that have a say; those that a cluster does not know are left out. */
const LIVE_KINDS = [
  'namespaces',
  'pods',
  'serviceaccounts',
  'networkpolicies.networking.k8s.io',
  'networkpolicies.crd.projectcalico.org',
  'globalnetworkpolicies.crd.projectcalico.org',
  'tiers.crd.projectcalico.org',
  'profiles.crd.projectcalico.org',
  'hostendpoints.crd.projectcalico.org',
  'felixconfigurations.crd.projectcalico.org',
  'networksets.crd.projectcalico.org',
  'globalnetworksets.crd.projectcalico.org',
  'clusternetworkpolicies.policy.networking.k8s.io',
  'adminnetworkpolicies.policy.networking.k8s.io',
  'baselineadminnetworkpolicies.policy.networking.k8s.io',
];

async function readLive({ kubeconfig, context }: SourceOptions): Promise<Sourced[]> {
  const flags = [
    ...(kubeconfig === undefined ? [] : ['--kubeconfig', kubeconfig]),
    ...(context === undefined ? [] : ['--context', context]),
  ];
  const lists = await Promise.all(
    LIVE_KINDS.map(async (kind) => {
      const { exitCode, stdout, stderr } = await runCommand(
        'kubectl',
        [...flags, 'get', kind, '--all-namespaces', '--output', 'json', '--request-timeout', '15s'],
        { timeoutMs: 30_000 },
      );
      if (exitCode === 0) return parseManifests(stdout).objects;
      if (stderr.includes("doesn't have a resource type")) return [];
      throw new GatehouseError(
        'CLUSTER_UNREACHABLE',
        `kubectl could not list ${kind}: ${stderr.trim()}`,
        {
          fix: 'Check the kubeconfig and its context: kubectl config get-contexts',
        },
      );
    }),
  );
  return lists.flat().map((object) => ({ object, file: LIVE, lineOf: () => 0 }));
}

/** `prod.yaml:12`, or `cluster`. */
export function placeOf(
  { file, lineOf }: Sourced,
  field: readonly (string | number)[] = [],
): string {
  const line = lineOf(field);
  return line === 0 ? file : `${file}:${line}`;
}

/** `NetworkPolicy prod/web` */
export function nameOf(object: JsonObject): string {
  const at = (key: string): string => {
    const value = valueAt(object, ['metadata', key]);
    return typeof value === 'string' ? value : '';
  };
  const kind = object['kind'];
  const namespace = at('namespace');
  return `${typeof kind === 'string' ? kind : ''} ${namespace === '' ? '' : `${namespace}/`}${at('name')}`;
}
