import type { KubeObject } from '../api/cluster-api.js';
import type { ControllerContext } from './context.js';

const POLICIES = 'validatingadmissionpolicies.admissionregistration.k8s.io';

interface Policy extends KubeObject {
  status?: { observedGeneration?: number; typeChecking?: object };
}

/** Says of each ValidatingAdmissionPolicy that it has been seen: clients wait for it before they rely on it. */
export function createAdmissionPolicyStatus({ api, cache, loop }: ControllerContext): void {
  const queue = loop.queue('validatingadmissionpolicy-status', (name) => {
    api.update<Policy>(POLICIES, { name, subresource: 'status' }, (draft) => {
      const { generation = 1 } = draft.metadata;
      draft.status = { ...draft.status, observedGeneration: generation, typeChecking: {} };
    });
  });
  cache.informer<Policy>(POLICIES).on(({ type, object }) => {
    if (type !== 'DELETED') queue.add(object.metadata.name);
  });
}
