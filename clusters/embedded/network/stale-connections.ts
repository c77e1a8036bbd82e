import type { TranslatedRoute } from '../agent/agent.js';
import { externalAddresses, usable, type ServicePort } from './service-ports.js';

/**
 * The ways of UDP connections that a node's kernel would go on with although they are no longer right, as
 * kube-proxy tells them: to an endpoint that does not answer any more, and past a Service that had none.
 */
export function staleRoutes(
  before: readonly ServicePort[],
  after: readonly ServicePort[],
  nodeAddress: string,
): TranslatedRoute[] {
  const [old, now] = [waysIn(before, nodeAddress), waysIn(after, nodeAddress)];
  const gone = [...old].flatMap(([key, { dialled, answering }]) =>
    [...answering]
      .filter(([endpoint]) => now.get(key)?.answering.has(endpoint) !== true)
      .map(([, place]) => ({ dialled, answering: place })),
  );
  // Sent while nobody translated it: it went on as it was.
  const past = [...now].flatMap(([key, { dialled, answering }]) =>
    answering.size > 0 && (old.get(key)?.answering.size ?? 0) === 0
      ? [{ dialled, answering: dialled }]
      : [],
  );
  return [...gone, ...past];
}

type Place = TranslatedRoute['dialled'];

/** Each address and port that leads into a Service over UDP, with those who may answer there. */
function waysIn(
  ports: readonly ServicePort[],
  nodeAddress: string,
): Map<string, { dialled: Place; answering: Map<string, Place> }> {
  const ways = new Map<string, { dialled: Place; answering: Map<string, Place> }>();
  for (const { service, protocol, port, nodePort, endpoints } of ports) {
    if (protocol !== 'udp') continue;
    const answering = new Map(
      usable(endpoints).map(
        (one) => [keyOf(one), { address: one.address, port: one.port }] as const,
      ),
    );
    const { balancer, external } = externalAddresses(service);
    const dialled = [service.spec.clusterIP ?? '', ...balancer, ...external].map((address) => ({
      address,
      port,
    }));
    if (nodePort !== undefined) dialled.push({ address: nodeAddress, port: nodePort });
    for (const place of dialled) ways.set(keyOf(place), { dialled: place, answering });
  }
  return ways;
}

const keyOf = ({ address, port }: Place): string => `${address}:${port}`;
