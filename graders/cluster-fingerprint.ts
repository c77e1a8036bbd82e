import { valueAt, type JsonObject } from '../common/json.js';
import type { ClusterFingerprint } from '../common/verdict.js';
import { objectsOfKind, type ClusterView } from './cluster-view.js';
import { digestOfJson } from './signing/canonical-json.js';

/** Read by the platform's own eyes; what a learner rewrites of his nodes changes the digest and hides nothing. */
export function fingerprintOf({ objects }: ClusterView): ClusterFingerprint {
  const system = objectsOfKind(objects, 'v1', 'Namespace').find(
    (object) => textAt(object, ['metadata', 'name']) === 'kube-system',
  );
  const uid = system === undefined ? '' : textAt(system, ['metadata', 'uid']);
  const nodes = objectsOfKind(objects, 'v1', 'Node')
    .map((node) => ({
      name: textAt(node, ['metadata', 'name']),
      uid: textAt(node, ['metadata', 'uid']),
      version: textAt(node, ['status', 'nodeInfo', 'kubeletVersion']),
    }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const facts = { ...(uid === '' ? {} : { uid }), nodes };
  return { digest: digestOfJson(facts), ...facts };
}

function textAt(object: JsonObject, path: readonly string[]): string {
  const value = valueAt(object, path);
  return typeof value === 'string' ? value : '';
}
