import type { Container, Job, Pod, PodSpec } from './objects.js';

export const INDEX_LABEL = 'batch.kubernetes.io/job-completion-index';
const INDEX_VARIABLE = 'JOB_COMPLETION_INDEX';

export function isIndexed(job: Job): boolean {
  return job.spec?.completionMode === 'Indexed';
}

export function indexOf(pod: Pod): number | undefined {
  const text = pod.metadata.annotations?.[INDEX_LABEL] ?? pod.metadata.labels?.[INDEX_LABEL];
  return text === undefined ? undefined : Number(text);
}

/** `0,2-4` as a set. */
export function parseIndexes(text: string | undefined): Set<number> {
  const indexes = new Set<number>();
  for (const part of (text ?? '').split(',')) {
    if (part === '') continue;
    const [from, to = from] = part.split('-').map(Number);
    for (let i = from ?? 0; i <= (to ?? 0); i += 1) indexes.add(i);
  }
  return indexes;
}

export function formatIndexes(indexes: ReadonlySet<number>): string {
  const parts: [number, number][] = [];
  for (const index of [...indexes].sort((a, b) => a - b)) {
    const last = parts.at(-1);
    if (last?.[1] === index - 1) last[1] = index;
    else parts.push([index, index]);
  }
  return parts
    .map(([from, to]) =>
      from === to ? String(from) : `${from}${to === from + 1 ? ',' : '-'}${to}`,
    )
    .join(',');
}

/** The template's pod as the one of an index: host name and environment say which. */
export function indexedSpec(job: Job, spec: PodSpec | undefined, index: number): PodSpec {
  const withIndex = (container: Container): Container => ({
    ...container,
    env: [
      ...(container.env ?? []),
      {
        name: INDEX_VARIABLE,
        valueFrom: {
          fieldRef: { apiVersion: 'v1', fieldPath: `metadata.labels['${INDEX_LABEL}']` },
        },
      },
    ],
  });
  return {
    ...spec,
    hostname: spec?.hostname ?? `${job.metadata.name}-${index}`,
    containers: (spec?.containers ?? []).map(withIndex),
    ...(spec?.initContainers && { initContainers: spec.initContainers.map(withIndex) }),
  };
}
