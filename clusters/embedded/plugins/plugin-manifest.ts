import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseAllDocuments } from 'yaml';
import { isJsonObject } from '../../../common/json.js';
import type { JsonObject } from '../../../common/json.js';
import { findProjectRoot } from '../../../system/project-root.js';
import type { Cni } from '../../provider.js';

const FOLDER = 'clusters/embedded/plugins/manifests';
/** Canal and Calico share the kinds of Calico's objects. */
const FILES: Readonly<Record<Cni, readonly string[]>> = {
  none: [],
  calico: ['calico-crds', 'cluster-policy-crds', 'calico'],
  canal: ['calico-crds', 'cluster-policy-crds', 'canal'],
  cilium: ['cilium'],
  flannel: ['flannel'],
  'kube-router': ['kube-router'],
  weave: ['weave'],
};

const parsed = new Map<Cni, readonly JsonObject[]>();

/** The objects of a plugin's manifest, in the order to apply them. Read and parsed once per process. */
export function pluginManifest(cni: Cni): readonly JsonObject[] {
  const known = parsed.get(cni);
  if (known !== undefined) return known;
  const objects = parseAllDocuments(pluginManifestText(cni)).map((document) =>
    toObject(document.toJS(), cni),
  );
  parsed.set(cni, objects);
  return objects;
}

/** The same as one text, for a learner's `kubectl apply -f`. */
export function pluginManifestText(cni: Cni): string {
  const folder = path.join(findProjectRoot(), FOLDER);
  return FILES[cni]
    .map((name) => readFileSync(path.join(folder, `${name}.yaml`), 'utf8'))
    .join('---\n');
}

function toObject(value: unknown, cni: Cni): JsonObject {
  if (isJsonObject(value) && 'apiVersion' in value && 'kind' in value) return value;
  throw new Error(`the manifest of ${cni} holds something that is no Kubernetes object`);
}
