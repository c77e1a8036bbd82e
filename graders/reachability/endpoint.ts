/** What a row of a check writes as `from` and `to`: read once, then found in the cluster. */
import type { Endpoint } from '../../common/probe.js';
import { nearestNames } from '../../common/nearest.js';
import type { ClusterView, PodView, ServiceView } from '../cluster-view.js';
import { describeLabels, matchesTerms, parseTerms, type LabelTerm } from './label-terms.js';

export type EndpointRef =
  | { type: 'pods'; namespace: string; terms: readonly LabelTerm[]; selector: string }
  | { type: 'pod'; namespace: string; name: string }
  | { type: 'service'; namespace: string; name: string }
  | { type: 'node'; name: string }
  | { type: 'outside'; name: string }
  | { type: 'address'; address: string };

/** One end of a probe, with what is known of it. `label` is how learners read it. */
export interface End {
  endpoint: Endpoint;
  label: string;
  pod?: PodView;
  service?: ServiceView;
}

/** The hosts of a lab's outside world. */
export const OUTSIDE_HOSTS = ['client', 'partner-a', 'partner-b', 'internet', 'metadata'] as const;

/** Throws an Error that says what may be written. */
export function parseEndpoint(text: string): EndpointRef {
  const service = /^service:([^/{}]+)\/([^/{}]+)$/.exec(text);
  if (service) return { type: 'service', namespace: service[1] ?? '', name: service[2] ?? '' };
  const other = /^(node|outside|ip):([^/{}]+)$/.exec(text);
  if (other) {
    const name = other[2] ?? '';
    if (other[1] === 'ip') return { type: 'address', address: name };
    if (other[1] === 'node') return { type: 'node', name };
    if (!OUTSIDE_HOSTS.some((known) => known === name)) {
      throw new Error(`there is no outside host "${name}"; there are ${OUTSIDE_HOSTS.join(', ')}`);
    }
    return { type: 'outside', name };
  }
  const pods = /^([a-z0-9-]+)\/\{(.*)\}$/.exec(text);
  if (pods) {
    const selector = pods[2] ?? '';
    return {
      type: 'pods',
      namespace: pods[1] ?? '',
      terms: parseTerms(selector),
      selector: `{${selector}}`,
    };
  }
  const pod = /^([a-z0-9-]+)\/([a-z0-9.-]+)$/.exec(text);
  if (pod) return { type: 'pod', namespace: pod[1] ?? '', name: pod[2] ?? '' };
  throw new Error(
    `"${text}" names no endpoint; write namespace/pod, namespace/{app=web}, service:namespace/name, node:name, outside:name or ip:address`,
  );
}

/** The ends there are now, or in one sentence what is missing and what there is instead. */
export function findEnds(ref: EndpointRef, view: ClusterView): { ends: End[]; missing?: string } {
  switch (ref.type) {
    case 'outside':
      return { ends: [{ endpoint: ref, label: `outside ${ref.name}` }] };
    case 'address':
      return { ends: [{ endpoint: ref, label: ref.address }] };
    case 'node': {
      const names = view.nodes.map(({ name }) => name);
      if (names.includes(ref.name)) return { ends: [{ endpoint: ref, label: `node ${ref.name}` }] };
      return { ends: [], missing: `There is no node ${ref.name}; there are ${listed(names)}.` };
    }
    case 'service': {
      const service = view.services.find(
        ({ namespace, name }) => namespace === ref.namespace && name === ref.name,
      );
      if (service !== undefined) {
        return {
          ends: [{ endpoint: ref, label: `service ${ref.namespace}/${ref.name}`, service }],
        };
      }
      return {
        ends: [],
        missing: `No Service ${ref.name} in ${ref.namespace}${missingNamespace(ref.namespace, view) ?? `; ${whatIsThere('Services', view.services, ref)}`}.`,
      };
    }
    case 'pod': {
      const pod = view.pods.find(
        ({ namespace, name }) => namespace === ref.namespace && name === ref.name,
      );
      if (pod !== undefined) return { ends: [endOf(pod)] };
      return {
        ends: [],
        missing: `No pod ${ref.name} in ${ref.namespace}${missingNamespace(ref.namespace, view) ?? `; ${whatIsThere('pods', view.pods, ref)}`}.`,
      };
    }
    case 'pods': {
      const inNamespace = view.pods.filter(({ namespace }) => namespace === ref.namespace);
      const ends = inNamespace.filter(({ labels }) => matchesTerms(labels, ref.terms)).map(endOf);
      if (ends.length > 0) return { ends };
      const alike = view.pods.filter(({ labels }) => matchesTerms(labels, ref.terms));
      const there =
        ref.terms.length > 0 && alike.length > 0
          ? `there is one with these labels in ${listed(alike.map(({ namespace }) => namespace))}`
          : inNamespace.length === 0
            ? 'there are no pods in it'
            : `pods there are ${listed(inNamespace.map(({ name, labels }) => `${name} ${describeLabels(labels)}`))}`;
      return {
        ends: [],
        missing: `No pod matches ${ref.selector} in ${ref.namespace}${missingNamespace(ref.namespace, view) ?? `; ${there}`}.`,
      };
    }
  }
}

function endOf(pod: PodView): End {
  const { namespace, name } = pod;
  return { endpoint: { type: 'pod', namespace, name }, label: `${namespace}/${name}`, pod };
}

function missingNamespace(name: string, view: ClusterView): string | undefined {
  const names = view.namespaces.map((namespace) => namespace.name);
  if (names.includes(name)) return undefined;
  const [nearest] = nearestNames(name, names);
  return `: there is no namespace ${name}${nearest === undefined ? '' : `, but there is ${nearest}`}`;
}

function whatIsThere(
  kind: string,
  objects: readonly { namespace: string; name: string }[],
  wanted: { namespace: string; name: string },
): string {
  const elsewhere = objects.filter(
    ({ name, namespace }) => name === wanted.name && namespace !== wanted.namespace,
  );
  if (elsewhere.length > 0)
    return `there is one in ${listed(elsewhere.map(({ namespace }) => namespace))}`;
  const names = objects
    .filter(({ namespace }) => namespace === wanted.namespace)
    .map(({ name }) => name);
  return names.length === 0 ? `there are no ${kind} in it` : `${kind} there are ${listed(names)}`;
}

/** `a, b and 3 more`: messages stay short in a large namespace. */
export function listed(items: readonly string[], limit = 6): string {
  const unique = [...new Set(items)];
  const shown = unique.slice(0, limit).join(', ');
  return unique.length > limit ? `${shown} and ${unique.length - limit} more` : shown;
}
