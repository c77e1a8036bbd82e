import { failsafePortsOf } from '../failsafe.js';
import { readPolicies } from '../read-policies.js';
import type { ComparedSide, KnownNamespace } from './compared-side.js';
import { resolveSets } from './resolve-sets.js';

export function readSide(
  set: readonly unknown[],
  namespaces: readonly KnownNamespace[],
): ComparedSide {
  const read = readPolicies(set);
  const { hostEndpoints: hosts, failsafe, unknown } = read;
  return {
    policies: resolveSets(read, namespaces),
    hosts,
    failsafeOf: (node) => failsafePortsOf(failsafe, node),
    hostPorts: hosts.flatMap(({ addresses, ports }) =>
      addresses.flatMap((address) => ports.map((port) => ({ address, ...port }))),
    ),
    unknown,
  };
}
