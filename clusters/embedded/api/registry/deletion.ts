import { isJsonObject } from '../../../../common/json.js';
import type { KubeObject } from '../cluster-api.js';
import { cloneJson, equalJson } from '../json/json-values.js';
import type { ResourceDefinition } from '../resource-definition.js';
import { timestamp } from './object-meta.js';

export interface DeleteOptions {
  uid?: string;
  resourceVersion?: string;
  gracePeriodSeconds?: number;
  propagation?: 'Background' | 'Foreground' | 'Orphan';
}

const FOREGROUND = 'foregroundDeletion';
const ORPHAN = 'orphan';

/**
 * What a DELETE does to an object: removes it at once, keeps it as it is, or changes it (it is then written and
 * waits for its grace period or its finalizers).
 */
export function planDeletion(
  definition: ResourceDefinition,
  old: KubeObject,
  options: DeleteOptions & { now: number },
): 'remove' | 'keep' | KubeObject {
  const draft = cloneJson(old);
  const { metadata } = draft;
  metadata.finalizers = finalizersFor(old, options);
  const waits = metadata.finalizers.length > 0 || namespaceFinalizers(old).length > 0;
  const grace = graceSeconds(definition, old, options);
  if (metadata.deletionTimestamp === undefined) {
    if (grace === 0 && !waits) return 'remove';
    metadata.deletionTimestamp = timestamp(options.now + grace * 1000);
    metadata.deletionGracePeriodSeconds = grace;
    if (metadata.generation !== undefined) metadata.generation += 1;
    markNamespace(draft);
  } else {
    const before = metadata.deletionGracePeriodSeconds ?? 0;
    const asked = options.gracePeriodSeconds !== undefined || before === 0;
    if (grace === 0 && !waits && asked) return 'remove';
    if (asked && grace < before) {
      // The end moves by as much as the period is shortened.
      metadata.deletionTimestamp = timestamp(
        Date.parse(metadata.deletionTimestamp) - (before - grace) * 1000,
      );
      metadata.deletionGracePeriodSeconds = grace;
      if (metadata.generation !== undefined) metadata.generation += 1;
    }
  }
  if (metadata.finalizers.length === 0) delete metadata.finalizers;
  return equalJson(draft, old) ? 'keep' : draft;
}

/** Namespaces have finalizers of their own in spec. */
export function namespaceFinalizers(object: KubeObject): readonly unknown[] {
  if (object.kind !== 'Namespace' || object.apiVersion !== 'v1') return [];
  const spec = object['spec'];
  const finalizers = isJsonObject(spec) ? spec['finalizers'] : undefined;
  return Array.isArray(finalizers) ? finalizers : [];
}

function graceSeconds(
  definition: ResourceDefinition,
  old: KubeObject,
  options: DeleteOptions,
): number {
  if (definition.gracefulDeletion === undefined) return 0;
  const usual = definition.gracefulDeletion(old);
  if (usual === 0) return 0;
  return Math.max(0, options.gracePeriodSeconds ?? usual);
}

function finalizersFor(old: KubeObject, options: DeleteOptions): string[] {
  const finalizers = old.metadata.finalizers ?? [];
  switch (options.propagation) {
    case undefined:
      return [...finalizers];
    case 'Background':
      return finalizers.filter((name) => name !== FOREGROUND && name !== ORPHAN);
    case 'Foreground':
      return [...new Set([...finalizers.filter((name) => name !== ORPHAN), FOREGROUND])];
    case 'Orphan':
      return [...new Set([...finalizers.filter((name) => name !== FOREGROUND), ORPHAN])];
  }
}

function markNamespace(draft: KubeObject): void {
  if (namespaceFinalizers(draft).length === 0) return;
  draft['status'] = { ...(isJsonObject(draft['status']) && draft['status']), phase: 'Terminating' };
}
