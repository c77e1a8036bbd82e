import type {
  PodAffinityTerm,
  TopologySpreadConstraint,
  WeightedPodAffinityTerm,
} from 'kubernetes-types/core/v1.js';
import type { Namespace, Node, Pod } from '../objects.js';
import { namespaceOf } from '../keys.js';
import { isActive } from '../pods.js';
import { matchesSelector } from '../../api/selectors/match-labels.js';
import type { Refusal } from './refusal.js';
import { matchesNode } from './node-affinity.js';

/** A pod's wishes about the pods beside it, worked out once for all nodes. */
export interface PodRelations {
  refusal(node: Node): Refusal | undefined;
  /** Higher where preferred terms and spread are met better. */
  score(node: Node): number;
}

export interface ClusterView {
  nodes: readonly Node[];
  podsOn(node: string): Iterable<Pod>;
  namespace(name: string): Namespace | undefined;
  /** Whether any pod of the cluster has a required anti-affinity term. */
  hasAntiAffinity: boolean;
}

const NONE: PodRelations = { refusal: () => undefined, score: () => 0 };

/** True where where a pod may go depends on other pods. */
export function hasRelations(pod: Pod): boolean {
  const { affinity, topologySpreadConstraints } = pod.spec ?? {};
  return (
    affinity?.podAffinity !== undefined ||
    affinity?.podAntiAffinity !== undefined ||
    (topologySpreadConstraints ?? []).length > 0
  );
}

export function hasRequiredAntiAffinity(pod: Pod): boolean {
  return requiredAntiTerms(pod).length > 0;
}

export function relationsOf(pod: Pod, view: ClusterView): PodRelations {
  if (!hasRelations(pod) && !view.hasAntiAffinity) return NONE;
  const { affinity, topologySpreadConstraints = [] } = pod.spec ?? {};
  const affinityTerms = affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  const wanted = affinityTerms.map((term) => ({ term, domains: domainsWith(pod, { term, view }) }));
  const unwanted = requiredAntiTerms(pod).map((term) => ({
    term,
    domains: domainsWith(pod, { term, view }),
  }));
  const foreign = view.hasAntiAffinity ? domainsThatRefuse(pod, view) : [];
  const spreads = topologySpreadConstraints.map((constraint) =>
    spreadOf(pod, { constraint, view }),
  );
  const preferred = preferredTerms(pod, view);

  return {
    refusal(node) {
      for (const { constraint, counts, least } of spreads) {
        if (constraint.whenUnsatisfiable !== 'DoNotSchedule') continue;
        const domain = node.metadata.labels?.[constraint.topologyKey];
        const text = "node(s) didn't match pod topology spread constraints";
        if (domain === undefined) {
          return { reasons: [`${text} (missing required label)`], preemptible: false };
        }
        const self = matchesSelector(constraint.labelSelector, pod.metadata.labels) ? 1 : 0;
        if ((counts.get(domain) ?? 0) + self - least() > constraint.maxSkew) {
          return { reasons: [text], preemptible: true };
        }
      }
      for (const { term, domains } of wanted) {
        const domain = node.metadata.labels?.[term.topologyKey];
        // The first of a group that wants to be together has nobody to be with.
        const isFirst = domains.size === 0 && matchesTerm(pod, { term, owner: pod, view });
        if (domain === undefined || (!domains.has(domain) && !isFirst)) {
          return { reasons: ["node(s) didn't match pod affinity rules"], preemptible: false };
        }
      }
      for (const { term, domains } of unwanted) {
        const domain = node.metadata.labels?.[term.topologyKey];
        if (domain !== undefined && domains.has(domain)) {
          return { reasons: ["node(s) didn't match pod anti-affinity rules"], preemptible: true };
        }
      }
      for (const { key, domain } of foreign) {
        if (node.metadata.labels?.[key] === domain) {
          const reason = "node(s) didn't satisfy existing pods anti-affinity rules";
          return { reasons: [reason], preemptible: true };
        }
      }
      return undefined;
    },
    score(node) {
      let score = 0;
      for (const { term, weight, domains } of preferred) {
        const domain = node.metadata.labels?.[term.topologyKey];
        if (domain !== undefined && domains.has(domain)) score += weight;
      }
      for (const { constraint, counts, least } of spreads) {
        if (constraint.whenUnsatisfiable === 'DoNotSchedule') continue;
        const domain = node.metadata.labels?.[constraint.topologyKey];
        score -= 10 * (domain === undefined ? 10 : (counts.get(domain) ?? 0) - least());
      }
      return score;
    },
  };
}

function requiredAntiTerms(pod: Pod): readonly PodAffinityTerm[] {
  return pod.spec?.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
}

function preferredTerms(
  pod: Pod,
  view: ClusterView,
): { term: PodAffinityTerm; weight: number; domains: ReadonlySet<string> }[] {
  const { podAffinity, podAntiAffinity } = pod.spec?.affinity ?? {};
  const weigh =
    (sign: 1 | -1) =>
    ({ weight, podAffinityTerm: term }: WeightedPodAffinityTerm) => ({
      term,
      weight: sign * weight,
      domains: domainsWith(pod, { term, view }),
    });
  return [
    ...(podAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(weigh(1)),
    ...(podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(weigh(-1)),
  ];
}

/** The values of the term's topology key where a matching pod runs. */
function domainsWith(
  owner: Pod,
  { term, view }: { term: PodAffinityTerm; view: ClusterView },
): ReadonlySet<string> {
  const domains = new Set<string>();
  for (const node of view.nodes) {
    const domain = node.metadata.labels?.[term.topologyKey];
    if (domain === undefined || domains.has(domain)) continue;
    for (const pod of view.podsOn(node.metadata.name)) {
      if (!isActive(pod) || !matchesTerm(pod, { term, owner, view })) continue;
      domains.add(domain);
      break;
    }
  }
  return domains;
}

/** Where running pods do not want this one near. */
function domainsThatRefuse(pod: Pod, view: ClusterView): { key: string; domain: string }[] {
  const refusing: { key: string; domain: string }[] = [];
  for (const node of view.nodes) {
    for (const owner of view.podsOn(node.metadata.name)) {
      if (!isActive(owner)) continue;
      for (const term of requiredAntiTerms(owner)) {
        const domain = node.metadata.labels?.[term.topologyKey];
        if (domain !== undefined && matchesTerm(pod, { term, owner, view })) {
          refusing.push({ key: term.topologyKey, domain });
        }
      }
    }
  }
  return refusing;
}

/** `owner` is the pod that bears the term: its namespace counts where none is named. */
function matchesTerm(
  pod: Pod,
  { term, owner, view }: { term: PodAffinityTerm; owner: Pod; view: ClusterView },
): boolean {
  if (!matchesSelector(term.labelSelector, pod.metadata.labels)) return false;
  const namespace = namespaceOf(pod);
  if ((term.namespaces ?? []).includes(namespace)) return true;
  if (term.namespaceSelector !== undefined) {
    return matchesSelector(term.namespaceSelector, view.namespace(namespace)?.metadata.labels);
  }
  return (term.namespaces ?? []).length === 0 && namespace === namespaceOf(owner);
}

function spreadOf(
  pod: Pod,
  { constraint, view }: { constraint: TopologySpreadConstraint; view: ClusterView },
): {
  constraint: TopologySpreadConstraint;
  counts: ReadonlyMap<string, number>;
  least: () => number;
} {
  const counts = new Map<string, number>();
  for (const node of view.nodes) {
    const domain = node.metadata.labels?.[constraint.topologyKey];
    if (domain === undefined || !matchesNode(pod.spec, node)) continue;
    let count = counts.get(domain) ?? 0;
    for (const other of view.podsOn(node.metadata.name)) {
      if (!isActive(other) || namespaceOf(other) !== namespaceOf(pod)) continue;
      if (matchesSelector(constraint.labelSelector, other.metadata.labels)) count += 1;
    }
    counts.set(domain, count);
  }
  const lowest = counts.size === 0 ? 0 : Math.min(...counts.values());
  const least = (): number => (counts.size < (constraint.minDomains ?? 1) ? 0 : lowest);
  return { constraint, counts, least };
}
