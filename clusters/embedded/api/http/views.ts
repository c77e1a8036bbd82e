import type { KubeObject } from '../cluster-api.js';
import { cloneJson, settleJson } from '../json/json-values.js';
import { jsonOf } from '../json/object-json.js';
import type { ResourceDefinition } from '../resource-definition.js';
import { apiVersionOf } from '../api-version.js';

const views = new WeakMap<ResourceDefinition, WeakMap<KubeObject, KubeObject>>();

/** A stored object as it is served under a version; the object itself where that is how it is stored. */
export function viewOf(definition: ResourceDefinition, object: KubeObject): KubeObject {
  if (definition.storedAs === undefined) return object;
  let converted = views.get(definition);
  if (converted === undefined) {
    converted = new WeakMap();
    views.set(definition, converted);
  }
  let view = converted.get(object);
  if (view === undefined) {
    view = settleJson(definition.storedAs.fromStored(cloneJson(object)));
    converted.set(object, view);
  }
  return view;
}

export function storedFrom(definition: ResourceDefinition, view: KubeObject): KubeObject {
  return definition.storedAs === undefined ? view : definition.storedAs.toStored(cloneJson(view));
}

export function viewText(definition: ResourceDefinition, object: KubeObject): string {
  return jsonOf(viewOf(definition, object));
}

/** Items of built-in lists do not repeat their kind and version; those of custom resources do. */
export function itemText(definition: ResourceDefinition, object: KubeObject): string {
  const text = viewText(definition, object);
  const head = `{"kind":"${definition.kind}","apiVersion":"${apiVersionOf(definition)}",`;
  return text.startsWith(head) ? `{${text.slice(head.length)}` : text;
}
