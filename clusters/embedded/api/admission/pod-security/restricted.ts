import { seccompProfile } from './baseline.js';
import {
  containersOf,
  containersText,
  named,
  plural,
  quoted,
  settersOf,
  sortedSet,
} from './check.js';
import type { Check, PodLike } from './check.js';

const VOLUMES: readonly string[] = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
];

const allowPrivilegeEscalation: Check = {
  since: 8,
  find(pod, minor) {
    if (minor >= 25 && isWindows(pod)) return undefined;
    const bad = containersOf(pod).filter(
      ({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false,
    );
    if (bad.length === 0) return undefined;
    return {
      reason: 'allowPrivilegeEscalation != false',
      detail: `${containersText(bad)} must set securityContext.allowPrivilegeEscalation=false`,
    };
  },
};

const capabilities: Check = {
  since: 22,
  find(pod, minor) {
    if (minor >= 25 && isWindows(pod)) return undefined;
    const added: string[] = [];
    const keeping = containersOf(pod).filter(
      ({ securityContext }) => !(securityContext?.capabilities?.drop ?? []).includes('ALL'),
    );
    const adding = containersOf(pod).filter(({ securityContext }) => {
      const others = (securityContext?.capabilities?.add ?? []).filter(
        (name) => name !== 'NET_BIND_SERVICE',
      );
      added.push(...others);
      return others.length > 0;
    });
    if (keeping.length === 0 && adding.length === 0) return undefined;
    const faults = [
      ...(keeping.length > 0
        ? [`${containersText(keeping)} must set securityContext.capabilities.drop=["ALL"]`]
        : []),
      ...(adding.length > 0
        ? [
            `${containersText(adding)} must not include ${quoted(sortedSet(added))} in securityContext.capabilities.add`,
          ]
        : []),
    ];
    return { reason: 'unrestricted capabilities', detail: faults.join('; ') };
  },
};

const restrictedVolumes: Check = {
  since: 0,
  find({ spec }) {
    const types: string[] = [];
    const bad = (spec.volumes ?? []).filter((volume) => {
      const [type] = Object.keys(volume).filter((key) => key !== 'name');
      if (type !== undefined && VOLUMES.includes(type)) return false;
      types.push(type ?? 'unknown');
      return true;
    });
    if (bad.length === 0) return undefined;
    const list = sortedSet(types);
    const verb = bad.length === 1 ? 'uses' : 'use';
    return {
      reason: 'restricted volume types',
      detail: `${named(
        'volume',
        bad.map(({ name = '' }) => name),
      )} ${verb} restricted volume ${plural('type', list.length)} ${quoted(list)}`,
    };
  },
};

const runAsNonRoot: Check = {
  since: 0,
  find(pod) {
    const setters = settersOf(pod, (context) => context.runAsNonRoot === false);
    if (setters !== '') {
      return {
        reason: 'runAsNonRoot != true',
        detail: `${setters} must not set securityContext.runAsNonRoot=false`,
      };
    }
    if (pod.spec.securityContext?.runAsNonRoot === true) return undefined;
    const silent = containersOf(pod).filter(
      ({ securityContext }) => securityContext?.runAsNonRoot === undefined,
    );
    if (silent.length === 0) return undefined;
    return {
      reason: 'runAsNonRoot != true',
      detail: `pod or ${containersText(silent)} must set securityContext.runAsNonRoot=true`,
    };
  },
};

const runAsUser: Check = {
  since: 23,
  find(pod) {
    const setters = settersOf(pod, (context) => context.runAsUser === 0);
    if (setters === '') return undefined;
    return { reason: 'runAsUser=0', detail: `${setters} must not set runAsUser=0` };
  },
};

const seccompProfileSet: Check = {
  since: 19,
  find(pod, minor) {
    if (minor >= 25 && isWindows(pod)) return undefined;
    const wrong = seccompProfile.find(pod, minor);
    if (wrong !== undefined) return wrong;
    if (pod.spec.securityContext?.seccompProfile !== undefined) return undefined;
    const silent = containersOf(pod).filter(
      ({ securityContext }) => securityContext?.seccompProfile === undefined,
    );
    if (silent.length === 0) return undefined;
    return {
      reason: 'seccompProfile',
      detail: `pod or ${containersText(silent)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`,
    };
  },
};

/** In the order in which a real server lists them, after what is left of the baseline. */
export const RESTRICTED: readonly Check[] = [
  allowPrivilegeEscalation,
  capabilities,
  restrictedVolumes,
  runAsNonRoot,
  runAsUser,
  seccompProfileSet,
];

function isWindows({ spec }: PodLike): boolean {
  return spec.os?.name === 'windows';
}
