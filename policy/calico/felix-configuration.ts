/** The settings of Calico's agent that policies' meaning depends on. */
import { isJsonObject, valueAt, type JsonObject } from '../../common/json.js';
import type { FailsafePort, FailsafeSettings } from '../failsafe.js';
import { PROTOCOL, readProtocol, WITH_PORTS } from '../protocols.js';
import { readNet } from './parse-rule.js';

/** Fields of the specification, by the direction they are about. */
export const FAILSAFE_FIELDS = {
  ingress: 'failsafeInboundHostPorts',
  egress: 'failsafeOutboundHostPorts',
} as const;

/** Undefined for one that no node reads: those of all nodes are `default`, one node's `node.NAME`. */
export function parseFelixConfiguration(object: JsonObject): FailsafeSettings | undefined {
  const name = valueAt(object, ['metadata', 'name']);
  if (typeof name !== 'string') return undefined;
  if (name !== 'default' && !name.startsWith(PER_NODE)) return undefined;
  const spec = isJsonObject(object['spec']) ? object['spec'] : {};
  return {
    node: name === 'default' ? '' : name.slice(PER_NODE.length),
    ingress: readPorts(spec[FAILSAFE_FIELDS.ingress]),
    egress: readPorts(spec[FAILSAFE_FIELDS.egress]),
  };
}

const PER_NODE = 'node.';

/** An empty list means none, an absent one the defaults. */
function readPorts(list: unknown): FailsafePort[] | undefined {
  if (!Array.isArray(list)) return undefined;
  return list.flatMap((entry: unknown) => readFailsafePort(entry) ?? []);
}

/** Undefined for what Felix does not understand. */
export function readFailsafePort(entry: unknown): FailsafePort | undefined {
  const [written = 'tcp', port, net] = ['protocol', 'port', 'net'].map((field) =>
    valueAt(entry, [field]),
  );
  const protocol = written === '' ? PROTOCOL.TCP : readProtocol(written);
  if (protocol === undefined || !WITH_PORTS.some((one) => one === protocol)) return undefined;
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 0 || port > 65_535) {
    return undefined;
  }
  if (net === undefined || net === null || net === '') return { protocol, port };
  const read = readNet(net);
  const [range] = read?.type === 'net' ? read.ranges : [];
  return range === undefined ? undefined : { protocol, port, net: range };
}
