import { formatAddress } from '../address-range.js';
import type { HostEndpoint } from '../calico/resources.js';
import { hostEndpoint } from '../endpoints.js';
import { matchesLabels } from '../label-predicate.js';
import type { NormalPolicies, NormalPolicy } from '../normal-form.js';

/**
 * All that has a say about the traffic of nodes, as text. Two sets with the same text treat that traffic alike;
 * with two texts they may all the same.
 */
export interface HostBearing {
  text: string;
  /** How many objects of a set are about nodes alone. */
  count: number;
}

export function hostBearing(
  { tiers, profiles }: NormalPolicies,
  hosts: readonly HostEndpoint[],
): HostBearing {
  const endpoints = hosts.map((host) => hostEndpoint(host, profiles));
  const early = tiers.flatMap(({ policies }) => policies.filter(isEarly));
  const selectedBy = ({ subject }: NormalPolicy): string[] =>
    endpoints
      .flatMap(({ facts, host }) =>
        host !== undefined && matchesLabels(subject, facts) ? [placeOf(host)] : [],
      )
      .toSorted();
  const bearing = {
    hosts: hosts.map(describeHost).toSorted(),
    tiers: tiers.flatMap(({ defaultAction, policies }) => {
      const own = policies.flatMap((policy) => {
        const selects = selectedBy(policy);
        if (selects.length === 0 && !isEarly(policy)) return [];
        const { subject, stage, onForward, ingress, egress } = policy;
        return [
          { selects, stage, onForward, ingress, egress, ...(isEarly(policy) ? { subject } : {}) },
        ];
      });
      return own.length === 0 ? [] : [{ defaultAction, policies: own }];
    }),
    profiles: hosts
      .flatMap((host) => host.profiles)
      .toSorted()
      .map((wanted) => profiles.filter(({ name }) => name === wanted)),
  };
  return { text: toText(bearing), count: hosts.length + early.length };
}

/** Whether an address is one of theirs: what passes there is judged by them as well. */
export const isAtHost = (hosts: readonly HostEndpoint[], address: string): boolean =>
  hosts.some(({ addresses }) => addresses.some((own) => formatAddress(own) === address));

/** Before the ordinary policies: of no meaning to pods. */
const isEarly = ({ stage }: NormalPolicy): boolean => stage !== 'filter';

const placeOf = ({ node, interfaceName, addresses }: HostEndpoint): string =>
  [node, interfaceName, ...addresses.map(formatAddress)].join(' ');

const describeHost = (host: HostEndpoint): string =>
  toText([placeOf(host), Object.entries(host.labels).toSorted(), host.profiles, host.ports]);

const toText = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? `${part}n` : part));
