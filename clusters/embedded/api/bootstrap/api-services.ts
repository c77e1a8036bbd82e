/** One APIService for each group version, as the aggregator of a real server registers them by itself. */
import type { NewObject } from '../cluster-api.js';
import type { ResourceDefinition } from '../resource-definition.js';

export const API_SERVICES = 'apiservices.apiregistration.k8s.io';
export const AUTOMANAGED = 'kube-aggregator.kubernetes.io/automanaged';

/** Priorities of groups among each other; of other built-in groups those of an extension. */
const GROUPS: Readonly<Record<string, number>> = {
  '': 18_000,
  'admissionregistration.k8s.io': 16_700,
  'apiextensions.k8s.io': 16_700,
  apps: 17_800,
  'authentication.k8s.io': 17_700,
  'authorization.k8s.io': 17_600,
  autoscaling: 17_500,
  batch: 17_400,
  'certificates.k8s.io': 17_300,
  'coordination.k8s.io': 16_500,
  'discovery.k8s.io': 16_200,
  'events.k8s.io': 17_750,
  'flowcontrol.apiserver.k8s.io': 16_100,
  'networking.k8s.io': 17_200,
  'node.k8s.io': 16_300,
  policy: 17_100,
  'rbac.authorization.k8s.io': 17_000,
  'scheduling.k8s.io': 16_600,
  'storage.k8s.io': 16_800,
};
const [EXTENSION, CUSTOM] = [100, 1000];

/** The aggregator does not register itself. */
const OWN = 'apiregistration.k8s.io';

/** `onstart`: built in; `true`: for as long as there are definitions of custom resources. */
export function apiServicesOf(
  definitions: readonly ResourceDefinition[],
  { isCustom, time }: { isCustom: boolean; time: string },
): NewObject[] {
  const versions = new Map(
    definitions
      .filter(({ group }) => group !== OWN)
      .map(({ group, version }) => [`${version}.${group}`, { group, version }] as const),
  );
  return [...versions].map(([name, { group, version }]) => ({
    apiVersion: `${OWN}/v1`,
    kind: 'APIService',
    metadata: { name, labels: { [AUTOMANAGED]: isCustom ? 'true' : 'onstart' } },
    spec: {
      ...(group !== '' && { group }),
      version,
      groupPriorityMinimum: isCustom ? CUSTOM : (GROUPS[group] ?? EXTENSION),
      versionPriority: isCustom ? 100 : versionPriority(group, version),
    },
    status: {
      conditions: [
        {
          type: 'Available',
          status: 'True',
          lastTransitionTime: time,
          reason: 'Local',
          message: 'Local APIServices are always available',
        },
      ],
    },
  }));
}

function versionPriority(group: string, version: string): number {
  if (group === '') return 1;
  if (group === 'flowcontrol.apiserver.k8s.io') return 21;
  return group === 'autoscaling' && version === 'v2' ? 30 : 15;
}
