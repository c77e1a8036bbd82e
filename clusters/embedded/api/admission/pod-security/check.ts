import type { PodSpec, SecurityContext } from 'kubernetes-types/core/v1.js';
import type { Loose } from '../../kinds/loose.js';

/** What the checks look at: a pod, or the template of one. */
export interface PodLike {
  annotations: Readonly<Record<string, string>>;
  spec: Loose<PodSpec>;
}

export interface Violation {
  /** The short form, for lists of pods. */
  reason: string;
  detail: string;
}

export interface Check {
  /** The first minor version that asks for it. */
  since: number;
  /** `minor` is the version asked for. */
  find(pod: PodLike, minor: number): Violation | undefined;
}

export type Container = Loose<NonNullable<PodSpec['containers'][number]>>;

/** Init containers first, then the pod's own, then those of `kubectl debug`. */
export function containersOf({ spec }: PodLike): Container[] {
  return [
    ...(spec.initContainers ?? []),
    ...(spec.containers ?? []),
    ...(spec.ephemeralContainers ?? []),
  ];
}

/** `container "a"`, `containers "a", "b"`. */
export function containersText(containers: readonly Container[]): string {
  return named(
    'container',
    containers.map(({ name = '' }) => name),
  );
}

export function named(noun: string, names: readonly string[]): string {
  return `${plural(noun, names.length)} ${quoted(names)}`;
}

export function plural(noun: string, count: number): string {
  return count === 1 ? noun : `${noun}s`;
}

export function quoted(names: readonly string[]): string {
  return names.map((name) => JSON.stringify(name)).join(', ');
}

export function sortedSet(values: readonly string[]): string[] {
  return [...new Set(values)].sort();
}

/** What a pod's security context and a container's have in common. */
type SharedContext = Loose<
  Pick<
    SecurityContext,
    | 'appArmorProfile'
    | 'runAsNonRoot'
    | 'runAsUser'
    | 'seLinuxOptions'
    | 'seccompProfile'
    | 'windowsOptions'
  >
>;

/** Who sets a field of the security context to something forbidden: pod, containers or both; empty for nobody. */
export function settersOf(pod: PodLike, isBad: (context: SharedContext) => boolean): string {
  const setsBad = ({ securityContext }: { securityContext?: SharedContext }): boolean =>
    securityContext !== undefined && isBad(securityContext);
  const containers = containersOf(pod).filter(setsBad);
  return [
    ...(setsBad(pod.spec) ? ['pod'] : []),
    ...(containers.length > 0 ? [containersText(containers)] : []),
  ].join(' and ');
}
