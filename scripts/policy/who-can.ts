import { GatehouseError } from '../../common/errors.js';
import { decide } from '../../policy/decide.js';
import type { Flow, FlowEnd, World, WorldPod } from '../../policy/model.js';
import type { Graph } from './graph.js';

export interface Reach {
  /** `prod/web`, or `outside the cluster`. */
  from: string;
  to: string;
  port: number;
  protocol: Protocol;
  allowed: boolean;
  /** Why, naming the deciding rule. */
  explanation: string;
}

type Protocol = 'TCP' | 'UDP' | 'SCTP';
export interface Port {
  port: number;
  protocol: Protocol;
}

/** `80`, `53/UDP` */
export function parsePort(text: string): Port {
  const match = /^(\d{1,5})(?:\/(TCP|UDP|SCTP))?$/i.exec(text);
  const port = Number(match?.[1]);
  if (match === null || port < 1 || port > 65_535) {
    throw new GatehouseError('BAD_REQUEST', `"${text}" is no port`, {
      fix: 'Write a number from 1 to 65535, or 53/UDP.',
    });
  }
  const asked = match[2]?.toUpperCase();
  return { port, protocol: asked === 'UDP' || asked === 'SCTP' ? asked : 'TCP' };
}

const OUTSIDE = '203.0.113.10';

/** Every pod of the world, and the world outside, towards the target. */
export function whoCan(world: World, target: string, asked: Port | undefined): Reach[] {
  const pods = findTargets(world, target);
  return pods.flatMap((pod) => {
    const declared = asked === undefined ? pod.ports : [asked];
    const ports = declared.length === 0 ? [{ port: 80, protocol: 'TCP' as const }] : declared;
    const to = endOf(pod);
    const sources: { name: string; end: FlowEnd }[] = [
      ...world.pods
        .filter((other) => other !== pod)
        .map((other) => ({ name: idOf(other), end: endOf(other) })),
      { name: 'outside the cluster', end: { type: 'address', address: OUTSIDE } },
    ];
    return sources.flatMap(({ name, end }) =>
      ports.map(({ port, protocol }) => {
        const flow: Flow = { from: end, to, port, protocol };
        const { allowed, explanation } = decide(world, flow);
        return { from: name, to: idOf(pod), port, protocol, allowed, explanation };
      }),
    );
  });
}

export const graphOf = (reaches: readonly Reach[]): Graph => ({
  edges: reaches
    .filter(({ allowed }) => allowed)
    .map(({ from, to, port, protocol }) => ({ from, to, label: `${protocol} ${port}` })),
});

/** `prod/web` a pod or workload by name, `prod/{app=web}` by labels. */
function findTargets(world: World, target: string): WorldPod[] {
  const match = /^([^/{}]+)\/(?:\{(.*)\}|([^/{}]+))$/.exec(target);
  if (match === null) {
    throw new GatehouseError('BAD_REQUEST', `"${target}" names no pod`, {
      fix: 'Write NAMESPACE/NAME or NAMESPACE/{label=value}.',
    });
  }
  const [, namespace, labels, name] = match;
  const wanted = (labels ?? '').split(',').filter((part) => part.trim() !== '');
  const found = world.pods.filter(
    (pod) =>
      pod.namespace === namespace &&
      (name === undefined ? wanted.every((part) => hasLabel(pod, part.trim())) : pod.name === name),
  );
  if (found.length > 0) return found;
  const there = world.pods.map(idOf).slice(0, 10);
  throw new GatehouseError('NOT_FOUND', `no pod or workload is ${target}`, {
    fix:
      there.length === 0
        ? 'Name the files that hold the pods or Deployments as well, or --kubeconfig.'
        : `There are: ${there.join(', ')}${world.pods.length > there.length ? ', and more' : ''}.`,
  });
}

function hasLabel(pod: WorldPod, written: string): boolean {
  const [key = '', value] = written.split('=');
  return Object.hasOwn(pod.labels, key) && (value === undefined || pod.labels[key] === value);
}

const endOf = ({ namespace, name }: WorldPod): FlowEnd => ({ type: 'pod', namespace, name });
const idOf = ({ namespace, name }: WorldPod): string => `${namespace}/${name}`;
