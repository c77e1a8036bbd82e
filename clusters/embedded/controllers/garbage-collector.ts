import type { KubeObject, OwnerReference } from '../api/cluster-api.js';
import type { ControllerContext } from './context.js';
import { locate, namespaceOf } from './keys.js';
import type { ResourceInfo } from './resource-catalogue.js';

const FOREGROUND = 'foregroundDeletion';
const ORPHAN = 'orphan';

interface Dependent {
  resource: ResourceInfo;
  namespace: string;
  name: string;
  uid: string;
  owners: readonly OwnerReference[];
}

/**
 * Deletes objects whose owners are all gone, waits for dependents where an owner is deleted in the foreground,
 * and cuts the ties where it is deleted as an orphaner. Owners in other namespaces count as absent.
 */
export function createGarbageCollector(context: ControllerContext): void {
  const { api, catalogue, loop } = context;
  /** Every object that has owners, by its uid. */
  const dependents = new Map<string, Dependent>();
  /** Uid of an owner -> uids of the objects that name it. */
  const byOwner = new Map<string, Set<string>>();
  /** Owners that were seen to go, while objects still name them. */
  const gone = new Set<string>();
  /** Objects that wait for their dependents, by uid. */
  const waiting = new Map<string, { resource: ResourceInfo; namespace: string; name: string }>();
  const check = loop.queue('garbage-collector', checkDependent);
  const finish = loop.queue('garbage-collector-owners', finishOwner);

  catalogue.onChange((event, resource) => {
    const { object } = event;
    const { uid } = object.metadata;
    if (event.type === 'DELETED') {
      forget(uid);
      waiting.delete(uid);
      if (byOwner.has(uid)) gone.add(uid);
      for (const dependent of byOwner.get(uid) ?? []) check.add(dependent);
      return;
    }
    if (event.type === 'ADDED' || ownersChanged(event.previous, object)) remember(object, resource);
    const finalizers = object.metadata.finalizers ?? [];
    const waits = finalizers.includes(FOREGROUND) || finalizers.includes(ORPHAN);
    if (object.metadata.deletionTimestamp !== undefined && waits) {
      waiting.set(uid, { resource, namespace: namespaceOf(object), name: object.metadata.name });
      finish.add(uid);
    }
  });

  function remember(object: KubeObject, resource: ResourceInfo): void {
    const { uid, name, ownerReferences: owners = [] } = object.metadata;
    forget(uid);
    if (owners.length === 0) return;
    dependents.set(uid, { resource, namespace: namespaceOf(object), name, uid, owners });
    for (const owner of owners) {
      const uids = byOwner.get(owner.uid);
      if (uids === undefined) byOwner.set(owner.uid, new Set([uid]));
      else uids.add(uid);
    }
    check.add(uid);
  }

  /** Its owners may have waited for it to go. */
  function forget(uid: string): void {
    const known = dependents.get(uid);
    if (known === undefined) return;
    dependents.delete(uid);
    for (const owner of known.owners) {
      const uids = byOwner.get(owner.uid);
      uids?.delete(uid);
      if (uids?.size === 0) {
        byOwner.delete(owner.uid);
        gone.delete(owner.uid);
      }
      if (waiting.has(owner.uid)) finish.add(owner.uid);
    }
  }

  function checkDependent(uid: string): void {
    const dependent = dependents.get(uid);
    if (dependent === undefined) return;
    const object = api.get(dependent.resource.name, dependent.name, dependent.namespace);
    if (object?.metadata.uid !== uid || object.metadata.deletionTimestamp !== undefined) return;
    const present: OwnerReference[] = [];
    const absent: OwnerReference[] = [];
    let ownerWaits = false;
    for (const reference of object.metadata.ownerReferences ?? []) {
      const owner = findOwner(reference, dependent);
      if (owner === 'unknown') present.push(reference);
      else if (owner === undefined) {
        absent.push(reference);
        tellForeign(object, reference);
      } else if (isWaitingForeground(owner)) {
        ownerWaits = true;
        absent.push(reference);
      } else present.push(reference);
    }
    if (absent.length === 0) return;
    if (present.length > 0) {
      cutTies(dependent, new Set(absent.map((reference) => reference.uid)));
      return;
    }
    // A dependent that others wait for in the foreground waits for its own dependents, too.
    const foreground = ownerWaits && (byOwner.get(uid)?.size ?? 0) > 0;
    api.delete(dependent.resource.name, {
      name: dependent.name,
      ...(dependent.namespace !== '' && { namespace: dependent.namespace }),
      uid,
      propagation: propagationFor(object, foreground),
    });
  }

  /** `unknown` where nobody can tell: of a kind that is not served, or namespaced for an object that is not. */
  function findOwner(
    reference: OwnerReference,
    dependent: Dependent,
  ): KubeObject | 'unknown' | undefined {
    const resource = catalogue.find(reference.apiVersion, reference.kind);
    if (resource === undefined) return 'unknown';
    if (resource.namespaced && dependent.namespace === '') return 'unknown';
    const owner = resource.namespaced
      ? api.get(resource.name, reference.name, dependent.namespace)
      : api.get(resource.name, reference.name);
    return owner?.metadata.uid === reference.uid ? owner : undefined;
  }

  /** Says so where the owner exists, but in a namespace that ownership does not cross. */
  function tellForeign(object: KubeObject, reference: OwnerReference): void {
    const { apiVersion, kind, name, uid } = reference;
    if (gone.has(uid)) return;
    const namespace = namespaceOf(object);
    const resource = catalogue.find(apiVersion, kind);
    const exists =
      resource?.namespaced === true &&
      api.list(resource.name).some(({ metadata }) => metadata.uid === uid);
    if (!exists) return;
    api.event(object, {
      type: 'Warning',
      reason: 'OwnerRefInvalidNamespace',
      message: `ownerRef [${apiVersion}/${kind}, namespace: ${namespace}, name: ${name}, uid: ${uid}] does not exist in namespace "${namespace}"`,
      component: 'garbage-collector-controller',
    });
  }

  function cutTies(dependent: Dependent, owners: ReadonlySet<string>): void {
    const key = {
      name: dependent.name,
      ...(dependent.namespace !== '' && { namespace: dependent.namespace }),
    };
    api.update(dependent.resource.name, key, (draft) => {
      if (draft.metadata.uid !== dependent.uid) return;
      const rest = (draft.metadata.ownerReferences ?? []).filter(({ uid }) => !owners.has(uid));
      if (rest.length > 0) draft.metadata.ownerReferences = rest;
      else delete draft.metadata.ownerReferences;
    });
  }

  function finishOwner(uid: string): void {
    const place = waiting.get(uid);
    if (place === undefined) return;
    const owner = api.get(place.resource.name, place.name, place.namespace);
    if (owner?.metadata.uid !== uid || owner.metadata.deletionTimestamp === undefined) {
      waiting.delete(uid);
      return;
    }
    const own = [...(byOwner.get(uid) ?? [])].flatMap((id) => dependents.get(id) ?? []);
    if (owner.metadata.finalizers?.includes(ORPHAN) === true) {
      for (const dependent of own) cutTies(dependent, new Set([uid]));
      removeFinalizer(place.resource, owner, ORPHAN);
      return;
    }
    if (owner.metadata.finalizers?.includes(FOREGROUND) !== true) return;
    const blocking = own.filter(({ owners }) =>
      owners.some((reference) => reference.uid === uid && reference.blockOwnerDeletion === true),
    );
    if (blocking.length === 0 || isCircle(uid)) {
      removeFinalizer(place.resource, owner, FOREGROUND);
      return;
    }
    for (const dependent of own) check.add(dependent.uid);
  }

  /** Owners that wait for each other would wait for ever. */
  function isCircle(start: string): boolean {
    const seen = new Set<string>();
    const visit = (uid: string): boolean => {
      for (const owner of dependents.get(uid)?.owners ?? []) {
        if (!waiting.has(owner.uid)) continue;
        if (owner.uid === start) return true;
        if (seen.has(owner.uid)) continue;
        seen.add(owner.uid);
        if (visit(owner.uid)) return true;
      }
      return false;
    };
    return visit(start);
  }

  function removeFinalizer(resource: ResourceInfo, owner: KubeObject, finalizer: string): void {
    api.update(resource.name, locate(owner), (draft) => {
      draft.metadata.finalizers = (draft.metadata.finalizers ?? []).filter(
        (name) => name !== finalizer,
      );
    });
  }
}

function isWaitingForeground(owner: KubeObject): boolean {
  return (
    owner.metadata.deletionTimestamp !== undefined &&
    owner.metadata.finalizers?.includes(FOREGROUND) === true
  );
}

function ownersChanged(previous: KubeObject, object: KubeObject): boolean {
  const before = previous.metadata.ownerReferences ?? [];
  const after = object.metadata.ownerReferences ?? [];
  return before.length !== after.length || before.some((owner, i) => owner.uid !== after[i]?.uid);
}

function propagationFor(
  object: KubeObject,
  foreground: boolean,
): 'Background' | 'Foreground' | 'Orphan' {
  if (object.metadata.finalizers?.includes(ORPHAN) === true) return 'Orphan';
  if (foreground || object.metadata.finalizers?.includes(FOREGROUND) === true) return 'Foreground';
  return 'Background';
}
