import type {
  NodeSelector,
  NodeSelectorRequirement,
  NodeSelectorTerm,
} from 'kubernetes-types/core/v1.js';
import type { Node, PodSpec } from '../objects.js';
import { matchesLabels, meetsRequirement, type Labels } from '../../api/selectors/match-labels.js';

/** Node selector and required node affinity together. */
export function matchesNode(spec: PodSpec | undefined, node: Node): boolean {
  if (!matchesLabels(spec?.nodeSelector, node.metadata.labels)) return false;
  const required = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return required === undefined || matchesNodeSelector(required, node);
}

/** Points for preferred node affinity. */
export function preferredNodeScore(spec: PodSpec | undefined, node: Node): number {
  let score = 0;
  const preferred = spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution;
  for (const { weight, preference } of preferred ?? []) {
    if (matchesTerm(preference, node)) score += weight;
  }
  return score;
}

/** The node a DaemonSet's pod is meant for. */
export function targetNode(spec: PodSpec | undefined): string | undefined {
  const required = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  for (const term of required?.nodeSelectorTerms ?? []) {
    for (const field of term.matchFields ?? []) {
      if (field.key === 'metadata.name' && field.operator === 'In') return field.values?.[0];
    }
  }
  return undefined;
}

/** Terms are alternatives; inside one, everything must hold. */
function matchesNodeSelector(selector: NodeSelector, node: Node): boolean {
  return selector.nodeSelectorTerms.some((term) => matchesTerm(term, node));
}

function matchesTerm(term: NodeSelectorTerm, node: Node): boolean {
  const expressions = term.matchExpressions ?? [];
  const fields = term.matchFields ?? [];
  if (expressions.length === 0 && fields.length === 0) return false;
  return (
    expressions.every((expression) =>
      meetsNodeRequirement(expression, node.metadata.labels ?? {}),
    ) &&
    fields.every((field) => meetsNodeRequirement(field, { 'metadata.name': node.metadata.name }))
  );
}

/** As in label selectors, and Gt and Lt for numbers. */
function meetsNodeRequirement(requirement: NodeSelectorRequirement, labels: Labels): boolean {
  const { key, operator, values = [] } = requirement;
  if (operator !== 'Gt' && operator !== 'Lt') return meetsRequirement(requirement, labels);
  const value = labels[key];
  if (value === undefined || !/^-?\d+$/.test(value)) return false;
  const bound = Number(values[0]);
  return operator === 'Gt' ? Number(value) > bound : Number(value) < bound;
}
