import { randomInt } from 'node:crypto';
import { invalid as refuse } from '../../api-error.js';
import type { FieldError, StrategyContext } from '../../resource-definition.js';
import { addressFamily, contains, formatIpv4, parseAddress, parseCidr } from '../addresses.js';
import { goStrings, invalid } from '../field-errors.js';
import { isHeadless, needsClusterIp, needsHealthPort, needsNodePort } from './service-defaults.js';
import type { Service } from './service.js';

const CLUSTER_RANGE = '10.96.0.0/16';
/** Below this offset lie addresses that people choose themselves. */
const CHOSEN_ADDRESSES = 256;
const FIRST_NODE_PORT = 30000;
const LAST_NODE_PORT = 32767;
/** Node ports that people choose themselves, likewise. */
const CHOSEN_PORTS = 86;

const OUT_OF_RANGE = `provided port is not in the valid range. The range of valid ports is ${FIRST_NODE_PORT}-${LAST_NODE_PORT}`;

/** Gives a new Service its addresses and node ports. Nothing is set aside: what is taken, the Services tell. */
export function allocateForCreate(service: Service, context: StrategyContext): void {
  setFamilies(service);
  if (needsClusterIp(service) && !isHeadless(service)) allocateAddress(service, context);
  allocateNodePorts(service, context);
}

export function allocateForUpdate(service: Service, old: Service, context: StrategyContext): void {
  if (needsClusterIp(service) && !needsClusterIp(old)) setFamilies(service);
  const same =
    service.spec.clusterIP !== undefined && service.spec.clusterIP === old.spec.clusterIP;
  if (needsClusterIp(service) && !isHeadless(service) && !same) allocateAddress(service, context);
  allocateNodePorts(service, context);
}

/** This cluster speaks IPv4; only a headless service without a selector may claim both. */
function setFamilies(service: Service): void {
  const { spec } = service;
  if (!needsClusterIp(service)) return;
  const open = isHeadless(service) && Object.keys(spec.selector ?? {}).length === 0;
  if (open) {
    spec.ipFamilyPolicy ??= 'RequireDualStack';
    spec.ipFamilies ??= spec.ipFamilyPolicy === 'SingleStack' ? ['IPv4'] : ['IPv4', 'IPv6'];
    return;
  }
  const errors: FieldError[] = [];
  spec.ipFamilyPolicy ??= 'SingleStack';
  if (spec.ipFamilyPolicy === 'RequireDualStack') {
    const why = 'this cluster is not configured for dual-stack services';
    errors.push(invalid('spec.ipFamilyPolicy', spec.ipFamilyPolicy, why));
  }
  spec.ipFamilies ??= [addressFamily(spec.clusterIP ?? '') ?? 'IPv4'];
  for (const [index, family] of spec.ipFamilies.entries()) {
    if (family === 'IPv4') continue;
    errors.push(invalid(`spec.ipFamilies[${index}]`, family, 'not configured on this cluster'));
  }
  throwIfAny(service, errors);
}

function allocateAddress(service: Service, { api }: StrategyContext): void {
  const range = parseCidr(CLUSTER_RANGE);
  if (range === undefined) throw new Error(`${CLUSTER_RANGE} is no range`);
  const taken = new Set<string>();
  for (const other of api.list<Service>('services')) {
    if (other.metadata.uid !== service.metadata.uid) taken.add(other.spec.clusterIP ?? '');
  }
  const { spec } = service;
  const wanted = spec.clusterIP ?? spec.clusterIPs?.[0] ?? '';
  if (wanted !== '') {
    const address = parseAddress(wanted);
    const inside = address?.family === 4 && contains(range, address.address);
    const fault = !inside
      ? `the provided IP (${wanted}) is not in the valid range. The range of valid IPs is ${CLUSTER_RANGE}`
      : taken.has(wanted)
        ? 'provided IP is already allocated'
        : '';
    if (fault !== '') {
      const why = `failed to allocate IP ${wanted}: ${fault}`;
      throwIfAny(service, [invalid('spec.clusterIPs', goStrings([wanted]), why)]);
    }
    spec.clusterIP = wanted;
    spec.clusterIPs = [wanted];
    return;
  }
  const size = 2 ** (32 - range.prefix);
  // Without the network's own address and its last.
  const free = pickFree({ first: CHOSEN_ADDRESSES, last: size - 2, lowest: 1 }, (offset) =>
    taken.has(formatIpv4(range.address + BigInt(offset))),
  );
  if (free === undefined) {
    throwIfAny(service, [
      invalid(
        'spec.clusterIPs',
        goStrings(undefined),
        'failed to allocate a serviceIP: range is full',
      ),
    ]);
    return;
  }
  spec.clusterIP = formatIpv4(range.address + BigInt(free));
  spec.clusterIPs = [spec.clusterIP];
}

function allocateNodePorts(service: Service, { api }: StrategyContext): void {
  const { spec } = service;
  if (!needsNodePort(service) && !needsHealthPort(service)) return;
  const taken = new Set<string>();
  for (const other of api.list<Service>('services')) {
    if (other.metadata.uid === service.metadata.uid) continue;
    for (const { nodePort = 0, protocol = 'TCP' } of other.spec.ports ?? [])
      taken.add(`${nodePort}/${protocol}`);
    if (other.spec.healthCheckNodePort !== undefined)
      taken.add(`${other.spec.healthCheckNodePort}/TCP`);
  }
  const errors: FieldError[] = [];
  if (needsNodePort(service)) {
    for (const [index, port] of (spec.ports ?? []).entries()) {
      const { nodePort = 0, protocol = 'TCP' } = port;
      const path = `spec.ports[${index}].nodePort`;
      if (nodePort === 0) continue;
      if (nodePort < FIRST_NODE_PORT || nodePort > LAST_NODE_PORT)
        errors.push(invalid(path, nodePort, OUT_OF_RANGE));
      else if (taken.has(`${nodePort}/${protocol}`)) {
        errors.push(invalid(path, nodePort, 'provided port is already allocated'));
      }
      taken.add(`${nodePort}/${protocol}`);
    }
    throwIfAny(service, errors);
    for (const port of spec.ports ?? []) {
      if ((port.nodePort ?? 0) !== 0) continue;
      // One number serves both protocols of a port, as DNS needs it.
      const twin = (spec.ports ?? []).find(
        (one) => one !== port && one.port === port.port && (one.nodePort ?? 0) !== 0,
      );
      const number = twin?.nodePort ?? pickPort(taken, port.protocol ?? 'TCP');
      taken.add(`${number}/${port.protocol ?? 'TCP'}`);
      port.nodePort = number;
    }
  }
  if (needsHealthPort(service)) spec.healthCheckNodePort ??= pickPort(taken, 'TCP');
}

function pickPort(taken: ReadonlySet<string>, protocol: string): number {
  const range = {
    first: FIRST_NODE_PORT + CHOSEN_PORTS,
    last: LAST_NODE_PORT,
    lowest: FIRST_NODE_PORT,
  };
  const port = pickFree(range, (candidate) => taken.has(`${candidate}/${protocol}`));
  if (port === undefined) throw new Error('failed to allocate a nodePort: range is full');
  return port;
}

/** A random free number of the upper part, else any free one. */
function pickFree(
  { first, last, lowest }: { first: number; last: number; lowest: number },
  isTaken: (candidate: number) => boolean,
): number | undefined {
  for (let tries = 0; tries < 16; tries += 1) {
    const candidate = randomInt(first, last + 1);
    if (!isTaken(candidate)) return candidate;
  }
  for (let candidate = last; candidate >= lowest; candidate -= 1)
    if (!isTaken(candidate)) return candidate;
  return undefined;
}

function throwIfAny(service: Service, errors: FieldError[]): void {
  if (errors.length > 0)
    throw refuse({ group: '', kind: 'Service' }, service.metadata.name, errors);
}
