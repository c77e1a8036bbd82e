import { messageOf } from '../../../common/errors.js';
import { ApiError } from '../api/api-error.js';
import type { KubeMeta, KubeObject, NewObject } from '../api/cluster-api.js';
import type { ControllerContext } from './context.js';
import { locate, namespaceOf } from './keys.js';
import type { Pod, PodTemplateSpec } from './objects.js';
import { controllerOf, controllerReference } from './owners.js';
import { StillAskedError } from './pod-maker.js';

/** A pod as its owner's template says; `metadata` adds to it, or names it. */
export function podFromTemplate(
  owner: KubeObject,
  template: PodTemplateSpec | undefined,
  metadata: Partial<KubeMeta>,
): NewObject {
  const wanted = template?.metadata ?? {};
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      namespace: namespaceOf(owner),
      ...metadata,
      labels: { ...wanted.labels, ...metadata.labels },
      ...((wanted.annotations ?? metadata.annotations) && {
        annotations: { ...wanted.annotations, ...metadata.annotations },
      }),
      ...((wanted.finalizers ?? metadata.finalizers) && {
        finalizers: [...(wanted.finalizers ?? []), ...(metadata.finalizers ?? [])],
      }),
      ownerReferences: [controllerReference(owner)],
    },
    spec: template?.spec,
  };
}

/** Creates the pod and tells the owner's events about it, also where it fails. Throws StillAskedError where that takes time. */
export function createPod(
  context: ControllerContext,
  owner: KubeObject,
  creation: { pod: NewObject; component: string },
): Pod {
  const { pod, component } = creation;
  try {
    return context.podMaker.make(pod, {
      owner,
      component,
      made: (name) => {
        context.api.event(owner, {
          type: 'Normal',
          reason: 'SuccessfulCreate',
          message: `Created pod: ${name}`,
          component,
        });
      },
    });
  } catch (error) {
    if (isWorthTelling(error)) {
      context.api.event(owner, {
        type: 'Warning',
        reason: 'FailedCreate',
        message: `Error creating: ${messageOf(error)}`,
        component,
      });
    }
    throw error;
  }
}

/** Deletes the pod as its owner's decision. */
export function deletePod(
  context: ControllerContext,
  owner: KubeObject,
  deletion: { pod: Pod; component: string },
): void {
  const { pod, component } = deletion;
  context.api.delete('pods', { ...locate(pod), uid: pod.metadata.uid });
  context.api.event(owner, {
    type: 'Normal',
    reason: 'SuccessfulDelete',
    message: `Deleted pod: ${pod.metadata.name}`,
    component,
  });
}

/** Whether a failure to make a pod is one that its owner's events tell. */
export function isWorthTelling(error: unknown): boolean {
  return !isNamespaceTerminating(error) && !(error instanceof StillAskedError);
}

/** The namespace is going away: nothing more can be created in it, and nobody needs to be told. */
function isNamespaceTerminating(error: unknown): boolean {
  return (
    error instanceof ApiError &&
    (error.details?.causes ?? []).some((cause) => cause.reason === 'NamespaceTerminating')
  );
}

/** Throws what was caught, for another try; not where the namespace is going away, and not where nothing was. */
export function retryUnlessTerminating(error: unknown): void {
  if (error === undefined || isNamespaceTerminating(error)) return;
  throw error instanceof Error ? error : new Error(messageOf(error));
}

/**
 * The pods an owner manages: those it controls and that match, after adopting matching pods that nobody
 * controls and letting go of its own that match no more.
 */
export function claimPods(
  context: ControllerContext,
  owner: KubeObject,
  matches: (pod: Pod) => boolean,
): Pod[] {
  const claimed: Pod[] = [];
  for (const pod of context.pods.byController.get(owner.metadata.uid).values()) {
    if (namespaceOf(pod) !== namespaceOf(owner)) continue;
    if (matches(pod)) claimed.push(pod);
    else if (owner.metadata.deletionTimestamp === undefined) release(context, owner, pod);
  }
  if (owner.metadata.deletionTimestamp !== undefined) return claimed;
  for (const pod of context.pods.orphans.get(namespaceOf(owner)).values()) {
    if (pod.metadata.deletionTimestamp !== undefined || !matches(pod)) continue;
    const adopted = adopt(context, owner, pod);
    if (adopted !== undefined) claimed.push(adopted);
  }
  return claimed;
}

function adopt(context: ControllerContext, owner: KubeObject, pod: Pod): Pod | undefined {
  return context.api.update<Pod>('pods', locate(pod), (draft) => {
    if (draft.metadata.uid !== pod.metadata.uid || controllerOf(draft) !== undefined) return;
    draft.metadata.ownerReferences = [
      ...(draft.metadata.ownerReferences ?? []),
      controllerReference(owner),
    ];
  });
}

function release(context: ControllerContext, owner: KubeObject, pod: Pod): void {
  context.api.update<Pod>('pods', locate(pod), (draft) => {
    const rest = (draft.metadata.ownerReferences ?? []).filter(
      (reference) => reference.uid !== owner.metadata.uid,
    );
    if (rest.length > 0) draft.metadata.ownerReferences = rest;
    else delete draft.metadata.ownerReferences;
  });
}
