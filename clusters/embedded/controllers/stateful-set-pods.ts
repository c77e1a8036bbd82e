import type { NewObject } from '../api/cluster-api.js';
import { namespaceOf } from './keys.js';
import type { Pod, PodSpec, PodTemplateSpec, StatefulSet } from './objects.js';
import { podFromTemplate } from './pod-control.js';

const POD_NAME_LABEL = 'statefulset.kubernetes.io/pod-name';
const POD_INDEX_LABEL = 'apps.kubernetes.io/pod-index';
export const REVISION_LABEL = 'controller-revision-hash';

/** The number at the end of a pod's name, or undefined where the name is not one of the set's. */
export function ordinalOf(set: StatefulSet, pod: Pod): number | undefined {
  const prefix = `${set.metadata.name}-`;
  const { name } = pod.metadata;
  if (!name.startsWith(prefix)) return undefined;
  const digits = name.slice(prefix.length);
  return /^(0|[1-9]\d*)$/.test(digits) ? Number(digits) : undefined;
}

/** The pod of one ordinal with its stable name, host name and claims. */
export function statefulPod(
  set: StatefulSet,
  options: { ordinal: number; template: PodTemplateSpec | undefined; revision: string },
): NewObject {
  const name = `${set.metadata.name}-${options.ordinal}`;
  const pod = podFromTemplate(set, options.template, {
    name,
    generateName: `${set.metadata.name}-`,
    labels: {
      [POD_INDEX_LABEL]: String(options.ordinal),
      [REVISION_LABEL]: options.revision,
      [POD_NAME_LABEL]: name,
    },
  });
  const spec: PodSpec = {
    containers: [],
    ...options.template?.spec,
    hostname: name,
    ...(set.spec?.serviceName !== '' && { subdomain: set.spec?.serviceName }),
  };
  const claims = claimsOf(set, options.ordinal);
  if (claims.length > 0) {
    const names = new Set(claims.map(({ volume }) => volume));
    spec.volumes = [
      ...claims.map(({ volume, claim }) => ({
        name: volume,
        persistentVolumeClaim: { claimName: claim.metadata.name ?? '' },
      })),
      ...(spec.volumes ?? []).filter((volume) => !names.has(volume.name)),
    ];
  }
  return { ...pod, spec };
}

/** The claims a pod needs, one for each of the set's templates. */
export function claimsOf(
  set: StatefulSet,
  ordinal: number,
): { volume: string; claim: NewObject }[] {
  return (set.spec?.volumeClaimTemplates ?? []).map((template) => {
    const volume = template.metadata?.name ?? '';
    const labels = { ...template.metadata?.labels, ...set.spec?.selector.matchLabels };
    return {
      volume,
      claim: {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: {
          name: `${volume}-${set.metadata.name}-${ordinal}`,
          namespace: namespaceOf(set),
          ...(template.metadata?.annotations && { annotations: template.metadata.annotations }),
          labels,
        },
        spec: template.spec,
      },
    };
  });
}
