/** Who stands at an end of a flow, once addresses are looked up in the world. */
import { parseAddress, type Address } from './address-range.js';
import type { Facts } from './label-predicate.js';
import type { FlowEnd, World, WorldPod } from './model.js';
import type { IndexedEndpoint } from './endpoints.js';
import type { WorldIndex } from './world-index.js';

export interface ResolvedEnd {
  /** As a sentence names it: `pod a/x`, `10.0.0.7`. */
  words: string;
  /** What selectors can find at its address. */
  identities: readonly Facts[];
  /** Those of them that may name ports. */
  endpoints: readonly IndexedEndpoint[];
  /** The pod, where policies can select it. */
  selectable: IndexedEndpoint | undefined;
  /** The pod itself, selectable or not. */
  pod: WorldPod | undefined;
  /** The node whose own network it uses. */
  node: string | undefined;
  addresses: readonly Address[];
}

/** Throws where the flow names a pod that the world does not hold, or no address. */
export function resolveEnd(index: WorldIndex, end: FlowEnd): ResolvedEnd {
  if (end.type === 'pod') return resolvePod(index, end);
  const address = parseAddress(end.address);
  if (address === undefined) throw new Error(`Not an address: ${end.address}`);
  const owner = index.findByAddress(address);
  if (owner !== undefined) return fromPod(index, owner);
  const node = index.world.nodes.find(({ addresses }) =>
    addresses.some((text) => same(text, address)),
  );
  const others = index.findOthers(address);
  return {
    words: node === undefined ? end.address : `node ${node.name}`,
    identities: [...nodeFacts(node), ...others.map(({ facts }) => facts)],
    endpoints: others,
    selectable: undefined,
    pod: undefined,
    node: node?.name,
    addresses: [address],
  };
}

export function isFinished(pod: WorldPod | undefined): boolean {
  return pod?.phase === 'Succeeded' || pod?.phase === 'Failed';
}

/** The addresses a connection between two ends uses: of the first family that both have. */
export function connectedAddresses(
  from: ResolvedEnd,
  to: ResolvedEnd,
): { from: Address | undefined; to: Address | undefined } {
  for (const address of to.addresses) {
    const source = from.addresses.find(({ family }) => family === address.family);
    if (source !== undefined) return { from: source, to: address };
  }
  return { from: from.addresses[0], to: to.addresses[0] };
}

function resolvePod(
  index: WorldIndex,
  { namespace, name }: { namespace: string; name: string },
): ResolvedEnd {
  const pod = index.findPod(namespace, name);
  if (pod === undefined) throw new Error(`The world holds no pod ${namespace}/${name}.`);
  const selectable = index.findSelectable(pod);
  if (selectable !== undefined) return fromPod(index, selectable);
  const node = index.world.nodes.find((candidate) => candidate.name === pod.node);
  const own = pod.addresses.length > 0 ? pod.addresses : (node?.addresses ?? []);
  const addresses = isFinished(pod) ? [] : own.flatMap((text) => parseAddress(text) ?? []);
  const others = addresses.flatMap((address) => index.findOthers(address));
  return {
    words: `pod ${namespace}/${name}`,
    identities: [...(pod.hostNetwork ? nodeFacts(node) : []), ...others.map(({ facts }) => facts)],
    endpoints: others,
    selectable: undefined,
    pod,
    node: pod.hostNetwork ? pod.node : undefined,
    addresses,
  };
}

function fromPod(index: WorldIndex, selectable: IndexedEndpoint): ResolvedEnd {
  const others = selectable.addresses.flatMap((address) => index.findOthers(address));
  return {
    words: selectable.words,
    identities: [selectable.facts, ...others.map(({ facts }) => facts)],
    endpoints: [selectable, ...others],
    selectable,
    pod: selectable.pod,
    node: undefined,
    addresses: selectable.addresses,
  };
}

const nodeFacts = (node: World['nodes'][number] | undefined): Facts[] =>
  node === undefined ? [] : [{ kind: 'node', labels: node.labels ?? {} }];

function same(text: string, address: Address): boolean {
  const parsed = parseAddress(text);
  return parsed?.family === address.family && parsed.value === address.value;
}
