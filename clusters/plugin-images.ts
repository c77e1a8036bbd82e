import type { Cni } from './provider.js';

export type PluginName = Exclude<Cni, 'none'>;

/** The network plugin that runs these images together; undefined where they are none's. Names of objects say nothing. */
export function pluginOfImages(images: readonly string[]): PluginName | undefined {
  const repositories = new Set(images.map(repositoryOf));
  const has = (...names: string[]): boolean => names.some((name) => repositories.has(name));
  const flannel = has(...FLANNEL_IMAGES);
  if (has('calico/node')) return flannel ? 'canal' : 'calico';
  if (flannel) return 'flannel';
  if (has('cilium/cilium')) return 'cilium';
  if (has('weaveworks/weave-kube')) return 'weave';
  if (has('cloudnativelabs/kube-router')) return 'kube-router';
  return undefined;
}

const FLANNEL_IMAGES = [
  'flannel/flannel',
  'flannel-io/flannel',
  'flannelcni/flannel',
  'coreos/flannel',
];

/** `docker.io/calico/node:v3.29.1` -> `calico/node`: any registry, any tag, Rancher's mirrors too. */
export function repositoryOf(image: string): string {
  const withoutDigest = image.split('@')[0] ?? '';
  const parts = withoutDigest.split('/');
  const name = (parts.at(-1) ?? '').split(':')[0] ?? '';
  const mirrored = /^(?:mirrored-|hardened-)([a-z0-9]+)-(.+)$/.exec(name);
  if (mirrored !== null) return `${mirrored[1] ?? ''}/${mirrored[2] ?? ''}`;
  return `${parts.at(-2) ?? ''}/${name}`;
}
