import type { KubeObject } from '../../api/cluster-api.js';
import type { ControllerContext } from '../context.js';
import type { HorizontalPodAutoscaler, LabelSelector } from '../objects.js';
import { namespaceOf } from '../keys.js';

/** Something with a number of replicas and the selector of its pods. */
export interface ScaleTarget {
  replicas: number;
  selector: LabelSelector | undefined;
  setReplicas(replicas: number): void;
}

interface Scalable extends KubeObject {
  spec?: { replicas?: number; selector?: LabelSelector };
}

/** What an autoscaler refers to; undefined where there is nothing of that name. */
export function findScaleTarget(
  { api, catalogue }: ControllerContext,
  autoscaler: HorizontalPodAutoscaler,
): ScaleTarget | undefined {
  const ref = autoscaler.spec?.scaleTargetRef;
  const resource = catalogue.find(ref?.apiVersion ?? 'v1', ref?.kind ?? '')?.name;
  if (ref === undefined || resource === undefined) return undefined;
  const namespace = namespaceOf(autoscaler);
  const found = api.get<Scalable>(resource, ref.name, namespace);
  if (found === undefined) return undefined;
  return {
    replicas: found.spec?.replicas ?? 1,
    selector: found.spec?.selector,
    setReplicas(replicas) {
      api.update<Scalable>(resource, { name: ref.name, namespace }, (draft) => {
        draft.spec = { ...draft.spec, replicas };
      });
    },
  };
}
