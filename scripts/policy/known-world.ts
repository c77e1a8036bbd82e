import { valueAt, type JsonObject } from '../../common/json.js';
import { NAMESPACE_NAME_LABEL } from '../../policy/compare/vocabulary.js';
import { leavesOf, NAME, type Facts, type LabelPredicate } from '../../policy/label-predicate.js';
import type { IndexedEndpoint } from '../../policy/endpoints.js';
import { indexWorld } from '../../policy/world-index.js';
import { LIVE, type Sourced } from './sources.js';
import { worldOf } from './written-world.js';

/** Who is there, as far as the sources tell. */
export interface KnownWorld {
  endpoints: readonly IndexedEndpoint[];
  /** Each as a pod of it would be. */
  namespaces: readonly Facts[];
  /** A live cluster is known whole; beside files there may always be others. */
  isWhole: boolean;
  /** Whether the labels that it asks about are known: those of a namespace that nobody wrote down are not. */
  knowsLabelsOf: (where: LabelPredicate) => boolean;
}

export function knownWorld(sources: readonly Sourced[]): KnownWorld {
  const world = worldOf(sources.map(({ object }) => object));
  const { endpoints } = indexWorld(world);
  const written = (kind: string): Set<string> =>
    new Set(sources.flatMap(({ object }) => (object['kind'] === kind ? idOf(object) : [])));
  const [namespaces, accounts] = [written('Namespace'), written('ServiceAccount')];
  const knows = {
    own: true,
    namespace: world.namespaces.every(({ name }) => namespaces.has(name)),
    account: world.pods.every(({ namespace, serviceAccount = 'default' }) =>
      accounts.has(`${namespace}/${serviceAccount}`),
    ),
  };
  return {
    endpoints,
    namespaces: world.namespaces.map((namespace) => ({ kind: 'pod', labels: {}, namespace })),
    isWhole: sources.some(({ file }) => file === LIVE),
    knowsLabelsOf: (where) =>
      leavesOf(where).every(
        ({ scope, key }) => knows[scope] || key === NAME || key === NAMESPACE_NAME_LABEL,
      ),
  };
}

function idOf(object: JsonObject): string {
  const [namespace, name] = ['namespace', 'name'].map((key) => valueAt(object, ['metadata', key]));
  return object['kind'] === 'Namespace' ? String(name) : `${String(namespace)}/${String(name)}`;
}
