import type { ClusterTrouble } from './provider.js';

/** Nobody has to do anything yet: what is away may come back by itself. */
export function away(message: string): ClusterTrouble {
  return {
    state: 'away',
    message,
    fix: 'Nothing of yours is lost, and checks count nothing meanwhile. If it does not come back within some minutes, tell whoever runs this server, or reset the cluster.',
  };
}

export function damaged(message: string): ClusterTrouble {
  return {
    state: 'damaged',
    message,
    fix: 'A reset of the cluster brings it back to the start of the lab. Scores stay.',
  };
}

/** Without these no cluster works as the labs describe it. */
export const SYSTEM_PARTS = [
  { kind: 'Deployment', plural: 'deployments', group: 'apps', name: 'coredns' },
  { kind: 'Service', plural: 'services', group: '', name: 'kube-dns' },
] as const;
export type SystemPart = (typeof SYSTEM_PARTS)[number];

/** What a learner has deleted of `kube-system`; undefined where all is there. */
export function missingSystem(missing: readonly SystemPart[]): ClusterTrouble | undefined {
  if (missing.length === 0) return undefined;
  const names = missing.map(({ kind, name }) => `${kind} ${name}`).join(' and ');
  return damaged(`In kube-system the ${names} ${missing.length === 1 ? 'is' : 'are'} missing.`);
}
