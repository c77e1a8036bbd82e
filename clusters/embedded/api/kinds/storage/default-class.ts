import type { KubeObject } from '../../cluster-api.js';

const DEFAULT_CLASS = 'storageclass.kubernetes.io/is-default-class';

/** Whether claims without a class get this one. */
export function isDefaultClass({ metadata }: KubeObject): boolean {
  return metadata.annotations?.[DEFAULT_CLASS] === 'true';
}
