import type {
  AgentProbe,
  ExecSpec,
  NetworkOperation,
  ProcessLimits,
  ProcessSpec,
} from './agent.js';
import { environmentFields, listFields, type Field } from './protocol.js';

/** Fields of requests, in the order in which the agent reads them. */

export function networkFields(operation: NetworkOperation): Field[] {
  const { op } = operation;
  switch (op) {
    case 'netns-add':
      return [op, operation.name, operation.packetLog ?? false, operation.ipv6 ?? false];
    case 'netns-delete':
      return [op, operation.name];
    case 'veth': {
      const { a, b } = operation;
      return [op, a.netns, a.name, a.mac ?? '', b.netns, b.name, b.mac ?? ''];
    }
    case 'bridge':
    case 'link-delete':
      return [op, operation.netns, operation.name];
    case 'enslave':
      return [op, operation.netns, operation.link, operation.bridge];
    case 'address':
      return [op, operation.netns, operation.link, operation.cidr];
    case 'route': {
      const { netns, cidr, via = '', link = '', onlink = false, type } = operation;
      return [op, netns, cidr, via, link, onlink, type === 'blackhole'];
    }
    case 'route-delete':
      return [op, operation.netns, operation.cidr];
    case 'neighbour':
      return [op, operation.netns, operation.link, operation.address, operation.mac];
    case 'sysctl':
      return [op, operation.netns, operation.key, operation.value];
  }
}

export function processFields(spec: ProcessSpec): Field[] {
  return [
    spec.id,
    spec.netns,
    spec.logPath,
    spec.logBytes,
    spec.tty ?? false,
    spec.stdin ?? false,
    spec.filterFd ?? -1,
    ...limitFields(spec.limits),
    ...listFields(spec.argv),
    ...environmentFields(spec.env),
  ];
}

export function execFields(spec: ExecSpec): Field[] {
  return [
    ...listFields(spec.argv),
    ...environmentFields(spec.env),
    spec.cwd ?? '',
    spec.tty !== undefined,
    spec.tty?.columns ?? 0,
    spec.tty?.rows ?? 0,
    ...limitFields(spec.limits),
    ...(spec.target === 'process'
      ? ['process', spec.id, spec.confined ?? true]
      : ['netns', spec.netns, false]),
  ];
}

export function probeFields(probe: AgentProbe): Field[] {
  const { netns, protocol, address } = probe;
  const timeoutMs = Math.round(probe.timeoutMs);
  if (probe.protocol === 'ICMP') {
    const { type, code } = probe.icmp;
    return [netns, protocol, address, type * 256 + code, timeoutMs, ''];
  }
  return [netns, protocol, address, probe.port, timeoutMs, probe.payload ?? ''];
}

/** -1: no limit. */
export function limitFields(limits: ProcessLimits = {}): number[] {
  return [
    limits.addressSpaceBytes ?? -1,
    limits.processes ?? -1,
    limits.fileBytes ?? -1,
    limits.openFiles ?? -1,
    limits.memoryBytes ?? -1,
    limits.nice ?? 0,
  ];
}
