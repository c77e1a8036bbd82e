import type { KubeObject } from '../api/cluster-api.js';
import type { ControllerContext } from './context.js';
import { locate, namespaceOf } from './keys.js';
import type { Namespace } from './objects.js';
import type { ResourceInfo } from './resource-catalogue.js';
import { timestamp } from './times.js';

type Condition = NonNullable<NonNullable<Namespace['status']>['conditions']>[number];

const FINALIZER = 'kubernetes';

/** Empties namespaces that are going away, then lets them go. */
export function createNamespaceController(context: ControllerContext): void {
  const { api, cache, catalogue, loop } = context;
  const namespaces = cache.informer<Namespace>('namespaces');
  const queue = loop.queue('namespace-controller', sync);
  const terminating = new Set<string>();

  namespaces.on(({ type, object }) => {
    const { name, deletionTimestamp } = object.metadata;
    if (type === 'DELETED' || deletionTimestamp === undefined) terminating.delete(name);
    else {
      terminating.add(name);
      queue.add(name);
    }
  });
  catalogue.onChange(({ type, object }) => {
    if (terminating.size === 0 || type === 'ADDED') return;
    const namespace = namespaceOf(object);
    if (terminating.has(namespace)) queue.add(namespace);
  });

  function sync(name: string): void {
    const namespace = api.get<Namespace>('namespaces', name);
    if (namespace?.metadata.deletionTimestamp === undefined) return;
    const content = contentOf(name);
    const pods = content.filter(({ resource }) => resource.name === 'pods');
    // Pods first: what protects them (policies) and serves them (accounts) stays until the last is gone.
    for (const { resource, objects } of pods.length > 0 ? pods : content) {
      for (const object of objects) {
        if (object.metadata.deletionTimestamp === undefined) {
          api.delete(resource.name, { ...locate(object), propagation: 'Background' });
        }
      }
    }
    const left = contentOf(name);
    if (left.length > 0) {
      describeRest(name, left);
      if (pods.length > 0 && !left.some(({ resource }) => resource.name === 'pods'))
        queue.add(name);
      return;
    }
    describeRest(name, []);
    api.update<Namespace>('namespaces', { name }, (draft) => {
      const others = (draft.spec?.finalizers ?? []).filter((finalizer) => finalizer !== FINALIZER);
      draft.spec = { ...draft.spec, finalizers: others };
    });
  }

  function contentOf(namespace: string): Content[] {
    const content: Content[] = [];
    for (const resource of catalogue.resources()) {
      if (!resource.namespaced) continue;
      const objects = api.list(resource.name, namespace);
      if (objects.length > 0) content.push({ resource, objects });
    }
    return content;
  }

  function describeRest(name: string, left: readonly Content[]): void {
    const now = timestamp(api.now());
    api.update<Namespace>('namespaces', { name, subresource: 'status' }, (draft) => {
      const known = draft.status?.conditions ?? [];
      const conditions = conditionsFor(left).map((condition) => {
        const before = known.find(({ type }) => type === condition.type);
        const lastTransitionTime =
          before?.status === condition.status ? (before.lastTransitionTime ?? now) : now;
        return { ...condition, lastTransitionTime };
      });
      draft.status = { ...draft.status, phase: 'Terminating', conditions };
    });
  }
}

interface Content {
  resource: ResourceInfo;
  objects: readonly KubeObject[];
}

function conditionsFor(left: readonly Content[]): Condition[] {
  const remaining = left.map(
    ({ resource: { name, group }, objects }) =>
      `${group === '' ? `${name}.` : name} has ${objects.length} resource instances`,
  );
  const finalizers = new Map<string, number>();
  for (const { objects } of left) {
    for (const object of objects) {
      for (const finalizer of object.metadata.finalizers ?? []) {
        finalizers.set(finalizer, (finalizers.get(finalizer) ?? 0) + 1);
      }
    }
  }
  const held = [...finalizers].map(([name, count]) => `${name} in ${count} resource instances`);
  const condition = (type: string, value: 'True' | 'False', why: [string, string]): Condition => ({
    type,
    status: value,
    reason: why[0],
    message: why[1],
  });
  return [
    condition('NamespaceDeletionDiscoveryFailure', 'False', [
      'ResourcesDiscovered',
      'All resources successfully discovered',
    ]),
    condition('NamespaceDeletionGroupVersionParsingFailure', 'False', [
      'ParsedGroupVersions',
      'All legacy kube types successfully parsed',
    ]),
    condition('NamespaceDeletionContentFailure', 'False', [
      'ContentDeleted',
      'All content successfully deleted, may be waiting on finalization',
    ]),
    remaining.length > 0
      ? condition('NamespaceContentRemaining', 'True', [
          'SomeResourcesRemain',
          `Some resources are remaining: ${remaining.join(', ')}`,
        ])
      : condition('NamespaceContentRemaining', 'False', [
          'ContentRemoved',
          'All content successfully removed',
        ]),
    held.length > 0
      ? condition('NamespaceFinalizersRemaining', 'True', [
          'SomeFinalizersRemain',
          `Some content in the namespace has finalizers remaining: ${held.join(', ')}`,
        ])
      : condition('NamespaceFinalizersRemaining', 'False', [
          'ContentHasNoFinalizers',
          'All content-preserving finalizers finished',
        ]),
  ];
}
