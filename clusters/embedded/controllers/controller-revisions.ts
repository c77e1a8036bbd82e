import type { KubeObject } from '../api/cluster-api.js';
import type { Index } from './cluster-cache.js';
import type { ControllerContext } from './context.js';
import { locate, namespaceOf } from './keys.js';
import type { ControllerRevision, PodTemplateSpec } from './objects.js';
import { controllerReference, controllerUids } from './owners.js';
import { canonical, hashOf } from './template-hash.js';

const REVISIONS = 'controllerrevisions.apps';

/** The history of a DaemonSet's or StatefulSet's template. */
export interface RevisionHistory {
  /** The revision of the present template, made where there is none; going back makes an old one the newest. */
  current(owner: KubeObject, options: RevisionOptions): { name: string; hash: string };
  /** Deletes the oldest beyond the limit, except those in use. */
  cleanUp(owner: KubeObject, options: { limit: number; inUse: ReadonlySet<string> }): void;
  get(owner: KubeObject, name: string): ControllerRevision | undefined;
}

interface RevisionOptions {
  template: PodTemplateSpec | undefined;
  collisionCount: number | undefined;
  /** The label that carries the hash. */
  hashLabel: string;
}

export function createRevisionHistory(context: ControllerContext): RevisionHistory {
  const { api, cache } = context;
  const index: Index<ControllerRevision> = cache
    .informer<ControllerRevision>(REVISIONS)
    .index(controllerUids);

  const owned = (owner: KubeObject): ControllerRevision[] =>
    [...index.get(owner.metadata.uid).values()].sort((a, b) => a.revision - b.revision);

  return {
    current(owner, options) {
      const history = owned(owner);
      const data = { spec: { template: { ...options.template, $patch: 'replace' } } };
      const text = canonical(data);
      const known = history.find((revision) => canonical(revision.data) === text);
      const newest = history.at(-1);
      if (known !== undefined) {
        if (newest !== undefined && newest !== known) {
          api.update<ControllerRevision>(REVISIONS, locate(known), (draft) => {
            draft.revision = newest.revision + 1;
          });
        }
        return nameAndHash(known, options.hashLabel);
      }
      const hash = hashOf(options.template, options.collisionCount);
      const created = api.create<ControllerRevision>(REVISIONS, {
        apiVersion: 'apps/v1',
        kind: 'ControllerRevision',
        metadata: {
          name: `${owner.metadata.name}-${hash}`,
          namespace: namespaceOf(owner),
          labels: { ...options.template?.metadata?.labels, [options.hashLabel]: hash },
          ...(owner.metadata.annotations && { annotations: { ...owner.metadata.annotations } }),
          ownerReferences: [controllerReference(owner)],
        },
        data,
        revision: (newest?.revision ?? 0) + 1,
      });
      return nameAndHash(created, options.hashLabel);
    },
    cleanUp(owner, { limit, inUse }) {
      const idle = owned(owner).filter(({ metadata }) => !inUse.has(metadata.name));
      for (const revision of idle.slice(0, Math.max(0, idle.length - limit))) {
        api.delete(REVISIONS, { ...locate(revision), uid: revision.metadata.uid });
      }
    },
    get: (owner, name) => owned(owner).find((revision) => revision.metadata.name === name),
  };
}

function nameAndHash(
  revision: ControllerRevision,
  hashLabel: string,
): { name: string; hash: string } {
  const { name, labels } = revision.metadata;
  return { name, hash: labels?.[hashLabel] ?? name };
}
