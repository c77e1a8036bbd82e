import { isDeepStrictEqual } from 'node:util';
import type { JsonObject } from '../../common/json.js';
import type { ClusterView } from '../cluster-view.js';
import { listOf, objectOf, textOf } from './mutant.js';

/** An object that a step of the solution made or changed, as a person would write it. */
export interface SolutionObject {
  object: JsonObject;
  /** As it was before, where it was changed. */
  before?: JsonObject;
}

/** Of kinds that `isAsked` names: what is there after a step and was not there before, or was another. Pure. */
export function madeOrChanged(
  before: ClusterView,
  after: ClusterView,
  isAsked: (kind: string) => boolean,
): SolutionObject[] {
  const old = new Map(byHand(before, isAsked).map((object) => [nameOf(object), object]));
  return byHand(after, isAsked).flatMap((object) => {
    const was = old.get(nameOf(object));
    if (was === undefined) return [{ object }];
    return isDeepStrictEqual(was, object) ? [] : [{ object, before: was }];
  });
}

/** `Service shop/web` */
export function nameOf(object: JsonObject): string {
  const { namespace = '', name } = objectOf(object['metadata']);
  return `${textOf(object['kind'])} ${textOf(namespace)}/${textOf(name)}`;
}

/** The objects that no controller made, without what the server and the controllers write into them. */
export function byHand({ objects }: ClusterView, isAsked: (kind: string) => boolean): JsonObject[] {
  return objects
    .filter(({ kind }) => typeof kind === 'string' && isAsked(kind))
    .filter(({ metadata }) => listOf(objectOf(metadata)['ownerReferences']).length === 0)
    .filter(({ metadata }) => objectOf(metadata)['deletionTimestamp'] === undefined)
    .map(({ apiVersion, kind, metadata, spec }) => ({
      apiVersion,
      kind,
      metadata: metadataByHand(objectOf(metadata)),
      ...(spec === undefined
        ? {}
        : { spec: kind === 'Pod' ? podSpecByHand(objectOf(spec)) : spec }),
    }));
}

function metadataByHand({ name, namespace, labels, annotations }: JsonObject): JsonObject {
  const own = Object.entries(objectOf(annotations)).filter(
    ([key]) =>
      ![
        'kubectl.kubernetes.io/last-applied-configuration',
        'deprecated.daemonset.template.generation',
      ].includes(key) && !/^(deployment\.kubernetes\.io|cni\.projectcalico\.org)\//.test(key),
  );
  return {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(labels === undefined ? {} : { labels }),
    ...(own.length === 0 ? {} : { annotations: Object.fromEntries(own) }),
  };
}

const TOKEN_VOLUME = 'kube-api-access-';

/** Without the node that the scheduler chose and the token that admission put in. */
function podSpecByHand({ nodeName: _, volumes, containers, ...spec }: JsonObject): JsonObject {
  const isOwn = (named: JsonObject): boolean => !textOf(named['name']).startsWith(TOKEN_VOLUME);
  const own = listOf(volumes).map(objectOf).filter(isOwn);
  return {
    ...spec,
    ...(own.length === 0 ? {} : { volumes: own }),
    containers: listOf(containers)
      .map(objectOf)
      .map(({ volumeMounts, ...container }) => {
        const mounts = listOf(volumeMounts).map(objectOf).filter(isOwn);
        return { ...container, ...(mounts.length === 0 ? {} : { volumeMounts: mounts }) };
      }),
  };
}
