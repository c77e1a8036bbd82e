import { cpus, totalmem } from 'node:os';
import type { Container, ResourceFieldSelector } from 'kubernetes-types/core/v1.js';
import type { PodObject } from '../network/objects.js';

/** What a pod may learn of itself: `fieldRef` and `resourceFieldRef`, in the environment and in files. */

export function fieldOf(
  pod: PodObject,
  path: string,
  addresses: { hostIP: string; podIP: string },
): string {
  const subscript = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(path);
  if (subscript !== null) {
    const map = subscript[1] === 'labels' ? pod.metadata.labels : pod.metadata.annotations;
    return map?.[subscript[2] ?? ''] ?? '';
  }
  switch (path) {
    case 'metadata.name':
      return pod.metadata.name;
    case 'metadata.namespace':
      return pod.metadata.namespace ?? '';
    case 'metadata.uid':
      return pod.metadata.uid;
    case 'metadata.labels':
      return mapText(pod.metadata.labels);
    case 'metadata.annotations':
      return mapText(pod.metadata.annotations);
    case 'spec.nodeName':
      return pod.spec.nodeName ?? '';
    case 'spec.serviceAccountName':
      return pod.spec.serviceAccountName ?? '';
    case 'status.hostIP':
    case 'status.hostIPs':
      return addresses.hostIP;
    case 'status.podIP':
    case 'status.podIPs':
      return addresses.podIP;
    default:
      return '';
  }
}

function mapText(map: Readonly<Record<string, string>> | undefined): string {
  return Object.entries(map ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join('\n');
}

export function resourceFieldOf(
  pod: PodObject,
  selector: ResourceFieldSelector,
  container: Container,
): string {
  const all = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])];
  const owner = all.find((one) => one.name === selector.containerName) ?? container;
  const [kind, name] = splitOnce(selector.resource);
  const list = kind === 'limits' ? owner.resources?.limits : owner.resources?.requests;
  const text = list?.[name] ?? (kind === 'limits' ? machineLimit(name) : '0');
  const divisor = parseQuantity(selector.divisor ?? '0') || 1;
  return String(Math.ceil(parseQuantity(text) / divisor));
}

function splitOnce(text: string): [string, string] {
  const dot = text.indexOf('.');
  return [text.slice(0, dot), text.slice(dot + 1)];
}

function machineLimit(resource: string): string {
  if (resource === 'cpu') return String(cpus().length);
  if (resource === 'memory') return String(totalmem());
  return '0';
}

const SUFFIXES: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** A Kubernetes quantity as a number: `100m` is 0.1, `1Ki` is 1024; 0 where it is none. */
export function parseQuantity(text: string | number): number {
  const match = /^([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)([a-zA-Z]*)$/.exec(String(text));
  if (match === null) return 0;
  const factor = match[2] === '' ? 1 : (SUFFIXES[match[2] ?? ''] ?? 0);
  return Number(match[1]) * factor;
}
