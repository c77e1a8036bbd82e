import type { ClusterApi } from '../api/cluster-api.js';
import type { Node } from '../controllers/objects.js';
import { traitsOf } from './traits.js';
import type { PluginName } from '../../plugin-images.js';
import type { PluginTraits } from './traits.js';

const CALICO_ADDRESS = 'projectcalico.org/IPv4Address';
const FLANNEL_BACKEND = 'flannel.alpha.coreos.com/backend-type';

/** The annotations by which a plugin marks a node; they stay when it goes. */
export function writeNodeNotes(
  api: ClusterApi,
  options: { node: Node; plugin: PluginTraits },
): void {
  const { node, plugin } = options;
  const notes = notesFor(plugin, addressOf(node));
  const known = node.metadata.annotations ?? {};
  if (Object.entries(notes).every(([key, value]) => known[key] === value)) return;
  api.update<Node>('nodes', { name: node.metadata.name }, (draft) => {
    draft.metadata.annotations = { ...draft.metadata.annotations, ...notes };
  });
}

/** The plugin whose marks a node bears although none is there now: what a restarted host finds. */
export function leftBehind(node: Node): PluginTraits | undefined {
  const notes = node.metadata.annotations ?? {};
  const calico = CALICO_ADDRESS in notes;
  const flannel = FLANNEL_BACKEND in notes;
  const name: PluginName | undefined =
    calico && flannel ? 'canal' : calico ? 'calico' : flannel ? 'flannel' : undefined;
  if (name === undefined) return undefined;
  return traitsOf(name, undefined, () => undefined);
}

function notesFor(plugin: PluginTraits, address: string): Record<string, string> {
  const calico = { [CALICO_ADDRESS]: `${address}/24` };
  const flannel = {
    [FLANNEL_BACKEND]: plugin.routing === 'routes' ? 'host-gw' : plugin.routing,
    'flannel.alpha.coreos.com/kube-subnet-manager': 'true',
    'flannel.alpha.coreos.com/public-ip': address,
  };
  switch (plugin.name) {
    case 'calico':
      return calico;
    case 'flannel':
      return flannel;
    case 'canal':
      return { ...calico, ...flannel };
    case 'kube-router':
    case 'weave':
    case 'cilium':
      return {};
  }
}

export function addressOf(node: Node): string {
  const address = node.status?.addresses?.find(({ type }) => type === 'InternalIP');
  return address?.address ?? '';
}
