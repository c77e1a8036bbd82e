import type { Address, AddressRange } from '../address-range.js';
import { hostEndpoint } from '../endpoints.js';
import { matchesLabels, type Facts } from '../label-predicate.js';
import type { Criterion, EndMatch, NormalPolicy, NormalRule } from '../normal-form.js';
import type { ReadPolicies } from '../read-policies.js';
import type { KnownNamespace } from './compared-side.js';
import { NAMESPACE_NAME_LABEL } from './vocabulary.js';

/**
 * The policies with the addresses of their network sets and host endpoints written out, as each side of a
 * comparison has its own.
 */
export function resolveSets(
  { policies, networkSets, hostEndpoints }: ReadPolicies,
  namespaces: readonly KnownNamespace[],
): ReadPolicies['policies'] {
  if (networkSets.length + hostEndpoints.length === 0) return policies;
  const sets = networkSets.map(({ namespace, name, labels, ranges }) => {
    const known = namespaces.find((one) => one.name === namespace);
    const owner = {
      name: namespace,
      labels: { ...known?.labels, [NAMESPACE_NAME_LABEL]: namespace },
    };
    const facts: Facts = { kind: 'set', labels, ...(namespace === '' ? {} : { namespace: owner }) };
    return { facts, net: { type: 'net', ranges, cidr: name, except: [] } as const };
  });
  const hosts = hostEndpoints.map((host) => ({
    facts: hostEndpoint(host, policies.profiles).facts,
    net: { type: 'net', ranges: host.addresses.map(alone), cidr: host.name, except: [] } as const,
  }));
  const end = (match: EndMatch): EndMatch[] =>
    match.type === 'endpoint'
      ? [
          match,
          ...[...sets, ...hosts].flatMap(({ facts, net }) =>
            matchesLabels(match.where, facts) ? [net] : [],
          ),
        ]
      : [match];
  const criterion = (one: Criterion): Criterion =>
    one.about === 'packet' ? one : { ...one, anyOf: one.anyOf.flatMap(end) };
  const rule = (one: NormalRule): NormalRule => ({ ...one, when: one.when.map(criterion) });
  const policy = (one: NormalPolicy): NormalPolicy => ({
    ...one,
    ingress: one.ingress?.map(rule),
    egress: one.egress?.map(rule),
  });
  return {
    profiles: policies.profiles.map(({ ingress, egress, ...profile }) => ({
      ...profile,
      ingress: ingress.map(rule),
      egress: egress.map(rule),
    })),
    tiers: policies.tiers.map((tier) => ({ ...tier, policies: tier.policies.map(policy) })),
  };
}

const alone = ({ family, value }: Address): AddressRange => ({ family, first: value, last: value });
