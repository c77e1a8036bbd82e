/** Makes endpoints of pods, host endpoints and network sets: what they are to selectors. */
import { formatAddress, parseAddress, type Address, type AddressRange } from './address-range.js';
import type { HostEndpoint, NetworkSet } from './calico/resources.js';
import type { Facts, Labels } from './label-predicate.js';
import type { World, WorldPod } from './model.js';
import type { Profile } from './normal-form.js';
import { PROTOCOL } from './protocols.js';

/** What selectors can find: a pod that owns its addresses, a host endpoint, or a network set. */
export interface IndexedEndpoint {
  facts: Facts;
  /** As a sentence names it: `pod a/x`. */
  words: string;
  /** Empty for network sets. */
  node: string;
  /** In one canonical spelling; what is no address is left out. */
  addresses: readonly Address[];
  texts: Readonly<Record<4 | 6, readonly string[]>>;
  /** Of a network set; empty for others. */
  ranges: readonly AddressRange[];
  /** Named ports. */
  ports: readonly { name: string; port: number; protocol: number }[];
  pod: WorldPod | undefined;
  host: HostEndpoint | undefined;
}

export function podEndpoint(pod: WorldPod, facts: Facts): IndexedEndpoint {
  return {
    facts,
    words: `pod ${pod.namespace}/${pod.name}`,
    node: pod.node,
    ...addressesOf(pod),
    ranges: [],
    ports: pod.ports.map(({ name, port, protocol }) => ({
      name,
      port,
      protocol: PROTOCOL[protocol],
    })),
    pod,
    host: undefined,
  };
}

export function hostEndpoint(host: HostEndpoint, profiles: readonly Profile[]): IndexedEndpoint {
  const inherited = profiles.filter(({ name }) => host.profiles.includes(name));
  return {
    facts: {
      kind: 'host',
      labels: Object.fromEntries([
        ...inherited.flatMap(({ labels }) => Object.entries(labels)),
        ...Object.entries(host.labels),
      ]),
    },
    words: `host endpoint ${host.name} of node ${host.node}`,
    node: host.node,
    addresses: host.addresses,
    texts: textsOf(host.addresses),
    ranges: [],
    ports: host.ports,
    pod: undefined,
    host,
  };
}

export function setEndpoint(
  { namespace, name, labels, ranges }: NetworkSet,
  namespaceOf: (name: string) => { name: string; labels: Labels },
): IndexedEndpoint {
  return {
    facts: {
      kind: 'set',
      labels,
      ...(namespace === '' ? {} : { namespace: namespaceOf(namespace) }),
    },
    words: `network set ${namespace === '' ? name : `${namespace}/${name}`}`,
    node: '',
    addresses: [],
    texts: { 4: [], 6: [] },
    ranges,
    ports: [],
    pod: undefined,
    host: undefined,
  };
}

export function namespaceReader(world: World): (name: string) => { name: string; labels: Labels } {
  const namespaces = new Map(world.namespaces.map((namespace) => [namespace.name, namespace]));
  return (name) =>
    // The API server puts this label on every namespace; a missing namespace is still one.
    namespaces.get(name) ?? { name, labels: { 'kubernetes.io/metadata.name': name } };
}

export function factsReader(
  world: World,
  namespaceOf: (name: string) => { name: string; labels: Labels },
): (pod: WorldPod) => Facts {
  const accounts = new Map(
    (world.serviceAccounts ?? []).map((account) => [
      `${account.namespace}/${account.name}`,
      account,
    ]),
  );
  return ({ namespace, labels, serviceAccount = 'default' }) => ({
    kind: 'pod',
    labels,
    namespace: namespaceOf(namespace),
    account: accounts.get(`${namespace}/${serviceAccount}`) ?? { name: serviceAccount, labels: {} },
  });
}

/** Read once for each pod object. */
function addressesOf(pod: WorldPod): Pick<IndexedEndpoint, 'addresses' | 'texts'> {
  const known = readAddresses.get(pod);
  if (known !== undefined) return known;
  const addresses = pod.addresses.flatMap((text) => parseAddress(text) ?? []);
  const read = { addresses, texts: textsOf(addresses) };
  readAddresses.set(pod, read);
  return read;
}

const readAddresses = new WeakMap<WorldPod, Pick<IndexedEndpoint, 'addresses' | 'texts'>>();

function textsOf(addresses: readonly Address[]): IndexedEndpoint['texts'] {
  const texts = (family: 4 | 6): string[] =>
    addresses.filter((address) => address.family === family).map(formatAddress);
  return { 4: texts(4), 6: texts(6) };
}
