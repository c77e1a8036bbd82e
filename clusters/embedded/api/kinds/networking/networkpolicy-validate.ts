import type {
  IPBlock,
  NetworkPolicyPeer,
  NetworkPolicyPort,
  NetworkPolicySpec,
} from 'kubernetes-types/networking/v1.js';
import type { FieldError } from '../../resource-definition.js';
import { isStrictSubset, parseCidr, validCidr } from '../addresses.js';
import { oneOf } from '../checks.js';
import { forbidden, GoText, invalid, invalidEach, required } from '../field-errors.js';
import { validateLabelSelector } from '../labels.js';
import type { Loose } from '../loose.js';
import { portName, portNumber } from '../names.js';

const PROTOCOLS = ['TCP', 'UDP', 'SCTP'];
const POLICY_TYPES = ['Ingress', 'Egress'];

/** In the real server's order: pods, ingress rules (ports before peers), egress rules, types. */
export function validateNetworkPolicySpec(
  path: string,
  spec: Loose<NetworkPolicySpec>,
): FieldError[] {
  const errors = validateLabelSelector(`${path}.podSelector`, spec.podSelector);
  for (const [index, { ports = [], from = [] }] of (spec.ingress ?? []).entries()) {
    errors.push(...validatePorts(`${path}.ingress[${index}].ports`, ports));
    errors.push(...validatePeers(`${path}.ingress[${index}].from`, from));
  }
  for (const [index, { ports = [], to = [] }] of (spec.egress ?? []).entries()) {
    errors.push(...validatePorts(`${path}.egress[${index}].ports`, ports));
    errors.push(...validatePeers(`${path}.egress[${index}].to`, to));
  }
  const types = spec.policyTypes ?? [];
  if (types.length > POLICY_TYPES.length) {
    const shown = types.map((type) => JSON.stringify(type)).join(', ');
    const value = new GoText(`[]networking.PolicyType{${shown}}`);
    return [
      ...errors,
      invalid(`${path}.policyTypes`, value, 'may not specify more than two policyTypes'),
    ];
  }
  for (const [index, type] of types.entries()) {
    errors.push(...oneOf(`${path}.policyTypes[${index}]`, type, POLICY_TYPES));
  }
  return errors;
}

function validatePorts(path: string, ports: Loose<NetworkPolicyPort>[]): FieldError[] {
  return ports.flatMap((port, index) => validatePort(`${path}[${index}]`, port));
}

function validatePort(
  path: string,
  { protocol, port, endPort }: Loose<NetworkPolicyPort>,
): FieldError[] {
  const errors = protocol === undefined ? [] : oneOf(`${path}.protocol`, protocol, PROTOCOLS);
  if (typeof port === 'number') {
    errors.push(...invalidEach(`${path}.port`, port, portNumber(port)));
    if (endPort !== undefined) {
      if (endPort < port) {
        errors.push(invalid(`${path}.endPort`, endPort, 'must be greater than or equal to `port`'));
      }
      errors.push(...invalidEach(`${path}.endPort`, endPort, portNumber(endPort)));
    }
  } else if (typeof port === 'string') {
    if (endPort !== undefined) {
      errors.push(
        invalid(`${path}.endPort`, endPort, 'may not be specified when `port` is non-numeric'),
      );
    }
    errors.push(...invalidEach(`${path}.port`, port, portName(port)));
  } else if (endPort !== undefined) {
    errors.push(
      invalid(`${path}.endPort`, endPort, 'may not be specified when `port` is not specified'),
    );
  }
  return errors;
}

function validatePeers(path: string, peers: Loose<NetworkPolicyPeer>[]): FieldError[] {
  return peers.flatMap((peer, index) => validatePeer(`${path}[${index}]`, peer));
}

function validatePeer(path: string, peer: Loose<NetworkPolicyPeer>): FieldError[] {
  const { podSelector, namespaceSelector, ipBlock } = peer;
  const errors = [
    ...validateLabelSelector(`${path}.podSelector`, podSelector),
    ...validateLabelSelector(`${path}.namespaceSelector`, namespaceSelector),
  ];
  const selects = podSelector !== undefined || namespaceSelector !== undefined;
  if (ipBlock !== undefined) errors.push(...validateBlock(`${path}.ipBlock`, ipBlock));
  if (!selects && ipBlock === undefined) errors.push(required(path, 'must specify a peer'));
  if (selects && ipBlock !== undefined) {
    errors.push(forbidden(path, 'may not specify both ipBlock and another peer'));
  }
  return errors;
}

function validateBlock(path: string, { cidr = '', except = [] }: Loose<IPBlock>): FieldError[] {
  if (cidr === '') return [required(`${path}.cidr`)];
  const errors = validCidr(`${path}.cidr`, cidr);
  const outer = parseCidr(cidr);
  if (outer === undefined) return errors;
  for (const [index, text] of except.entries()) {
    const at = `${path}.except[${index}]`;
    const inner = parseCidr(text);
    if (inner === undefined) errors.push(...validCidr(at, text));
    else if (!isStrictSubset(inner, outer)) {
      errors.push(invalid(at, text, 'must be a strict subset of `cidr`'));
    }
  }
  return errors;
}
