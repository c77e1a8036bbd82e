import type { Deployment, PodTemplateSpec, ReplicaSet } from './objects.js';
import { canonical } from './template-hash.js';
import { parseTime } from './times.js';

export const REVISION = 'deployment.kubernetes.io/revision';
export const REVISION_HISTORY = 'deployment.kubernetes.io/revision-history';
export const DESIRED_REPLICAS = 'deployment.kubernetes.io/desired-replicas';
export const MAX_REPLICAS = 'deployment.kubernetes.io/max-replicas';
export const TEMPLATE_HASH = 'pod-template-hash';

/** Annotations that a Deployment keeps for itself. */
const NOT_COPIED = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  REVISION,
  REVISION_HISTORY,
  DESIRED_REPLICAS,
  MAX_REPLICAS,
  'deprecated.deployment.rollback.to',
]);

/** A Deployment's ReplicaSets: the one of its present template, and all others. */
export interface ReplicaSets {
  current: ReplicaSet | undefined;
  old: ReplicaSet[];
}

/** The oldest ReplicaSet with the Deployment's template is the current one. */
export function sortReplicaSets(deployment: Deployment, owned: readonly ReplicaSet[]): ReplicaSets {
  const template = comparable(deployment.spec?.template);
  const byAge = [...owned].sort(
    (a, b) =>
      parseTime(a.metadata.creationTimestamp) - parseTime(b.metadata.creationTimestamp) ||
      (a.metadata.name < b.metadata.name ? -1 : 1),
  );
  const current = byAge.find((set) => comparable(set.spec?.template) === template);
  return { current, old: byAge.filter((set) => set !== current) };
}

export function revisionOf(set: ReplicaSet): number {
  const revision = Number(set.metadata.annotations?.[REVISION] ?? 0);
  return Number.isInteger(revision) ? revision : 0;
}

/** The revision that the current ReplicaSet must have. */
export function nextRevision(sets: ReplicaSets): number {
  return Math.max(0, ...sets.old.map(revisionOf)) + 1;
}

/** What the current ReplicaSet's annotations must be, given those it has. */
export function currentSetAnnotations(
  deployment: Deployment,
  options: { known: Record<string, string>; revision: number },
): Record<string, string> {
  const annotations = { ...options.known };
  for (const [key, value] of Object.entries(deployment.metadata.annotations ?? {})) {
    if (!NOT_COPIED.has(key)) annotations[key] = value;
  }
  const before = Number(annotations[REVISION] ?? 0);
  if (before < options.revision) {
    if (before > 0) {
      const history = (annotations[REVISION_HISTORY] ?? '')
        .split(',')
        .filter((text) => text !== '');
      annotations[REVISION_HISTORY] = [...history, String(before)].join(',');
    }
    annotations[REVISION] = String(options.revision);
  }
  return annotations;
}

const texts = new WeakMap<PodTemplateSpec, string>();

/** A template as text, without the hash label that ReplicaSets add. Stored templates never change: kept by object. */
function comparable(template: PodTemplateSpec | undefined): string {
  if (template === undefined) return '';
  const known = texts.get(template);
  if (known !== undefined) return known;
  const text = textOf(template);
  texts.set(template, text);
  return text;
}

function textOf(template: PodTemplateSpec): string {
  const { [TEMPLATE_HASH]: _, ...labels } = template.metadata?.labels ?? {};
  const { creationTimestamp: __, ...metadata } = template.metadata ?? {};
  return canonical({ ...template, metadata: { ...metadata, labels } });
}
