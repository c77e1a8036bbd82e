import { isJsonObject, valueAt } from '../../common/json.js';
import type { Lab } from '../../common/lab.js';
import type { ClusterView } from '../cluster-view.js';
import type { EndpointRef } from './endpoint.js';
import { describeLabels, matchesTerms } from './label-terms.js';

/** A pod that a lab came with. */
export interface CastPod {
  namespace: string;
  name: string;
  labels: Readonly<Record<string, string>>;
}

/** The bare pods of a lab's set-up. Those of Deployments and the like change their names and are not asked after. */
export function castOf({ manifests }: Lab): CastPod[] {
  return manifests.flatMap((object) => {
    if (object['apiVersion'] !== 'v1' || object['kind'] !== 'Pod') return [];
    const name = valueAt(object, ['metadata', 'name']);
    const namespace = valueAt(object, ['metadata', 'namespace']) ?? 'default';
    if (typeof name !== 'string' || typeof namespace !== 'string') return [];
    const labels = valueAt(object, ['metadata', 'labels']);
    const texts = Object.entries(isJsonObject(labels) ? labels : {}).flatMap(([key, value]) =>
      typeof value === 'string' ? [[key, value] as const] : [],
    );
    return [{ namespace, name, labels: Object.fromEntries(texts) }];
  });
}

/**
 * A row means the pods that had its labels when the lab began. Labels given to another pod instead, or taken away, would
 * have the graders look at a decoy: so each of them must be there and still have them. One sentence per pod that has not.
 */
export function notInPlace(
  ref: EndpointRef,
  { cast, view }: { cast: readonly CastPod[]; view: ClusterView },
): { subject: string; missing: string }[] {
  if (ref.type !== 'pods') return [];
  const meant = cast.filter(
    ({ namespace, labels }) => namespace === ref.namespace && matchesTerms(labels, ref.terms),
  );
  return meant.flatMap(({ namespace, name, labels }) => {
    const subject = `${namespace}/${name}`;
    const pod = view.pods.find((one) => one.namespace === namespace && one.name === name);
    const was = describeLabels(labels);
    if (pod === undefined) {
      const missing = `The pod ${name} of ${namespace} ${was} came with this lab and is gone. Make it again, or reset the lab.`;
      return [{ subject, missing }];
    }
    if (matchesTerms(pod.labels, ref.terms)) return [];
    const missing = `The pod ${name} of ${namespace} had the labels ${was} when this lab began and has ${describeLabels(pod.labels)} now. Labels say who a pod is: give them back, or reset the lab.`;
    return [{ subject, missing }];
  });
}
