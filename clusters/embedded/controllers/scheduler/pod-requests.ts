import { parseQuantity } from '../../api/kinds/quantity.js';
import type { Container, PodSpec } from '../objects.js';

/** Amounts by resource: cpu in thousandths of a core, everything else in whole units. */
export type Amounts = ReadonlyMap<string, number>;

export interface HostPort {
  ip: string;
  port: number;
  protocol: string;
}

/** What a pod takes from its node. */
export interface PodRequests {
  amounts: Amounts;
  hostPorts: readonly HostPort[];
  /** For scoring: pods that ask for nothing are not free. */
  scoredCpu: number;
  scoredMemory: number;
}

const SCORED_CPU = 100;
const SCORED_MEMORY = 200 * 1024 * 1024;

const known = new WeakMap<PodSpec, PodRequests>();
const NONE: PodRequests = {
  amounts: new Map(),
  hostPorts: [],
  scoredCpu: SCORED_CPU,
  scoredMemory: SCORED_MEMORY,
};

/** Containers add up; an init container counts where it alone needs more. Kept per stored spec. */
export function requestsOf(spec: PodSpec | undefined): PodRequests {
  if (spec === undefined) return NONE;
  const before = known.get(spec);
  if (before !== undefined) return before;
  const requests = compute(spec);
  known.set(spec, requests);
  return requests;
}

export function parseAmount(resource: string, quantity: string | number): number {
  const nano = parseQuantity(quantity)?.nano ?? 0n;
  return resource === 'cpu' ? Number(nano / 1_000_000n) : Number(nano / 1_000_000_000n);
}

function compute(spec: PodSpec): PodRequests {
  const amounts = new Map<string, number>();
  const add = (from: Container): void => {
    for (const [resource, amount] of amountsOf(from)) {
      amounts.set(resource, (amounts.get(resource) ?? 0) + amount);
    }
  };
  for (const container of spec.containers) add(container);
  for (const container of spec.initContainers ?? []) {
    if (container.restartPolicy === 'Always') add(container);
  }
  for (const container of spec.initContainers ?? []) {
    for (const [resource, amount] of amountsOf(container)) {
      amounts.set(resource, Math.max(amounts.get(resource) ?? 0, amount));
    }
  }
  for (const [resource, quantity] of Object.entries(spec.overhead ?? {})) {
    amounts.set(resource, (amounts.get(resource) ?? 0) + parseAmount(resource, quantity));
  }
  return {
    amounts,
    hostPorts: hostPortsOf(spec),
    scoredCpu: amounts.get('cpu') ?? SCORED_CPU * spec.containers.length,
    scoredMemory: amounts.get('memory') ?? SCORED_MEMORY * spec.containers.length,
  };
}

function amountsOf(container: Container): [string, number][] {
  return Object.entries(container.resources?.requests ?? {}).map(([resource, quantity]) => [
    resource,
    parseAmount(resource, quantity),
  ]);
}

function hostPortsOf(spec: PodSpec): HostPort[] {
  return spec.containers.flatMap((container) =>
    (container.ports ?? []).flatMap((port) => {
      const hostPort = port.hostPort ?? (spec.hostNetwork === true ? port.containerPort : 0);
      if (hostPort === 0) return [];
      return [{ ip: port.hostIP ?? '0.0.0.0', port: hostPort, protocol: port.protocol ?? 'TCP' }];
    }),
  );
}
