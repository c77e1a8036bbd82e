import type { ImageEntry } from '../image-entry.js';

const HONESTY =
  'A program of ours that writes plausible log lines and waits; routes and policies are the platform’s own, in the kernel.';
const INSTALLER = 'Succeeds at once: there is nothing to install, the platform connects the pods.';
const BIN = '/usr/local/bin';

const daemon = (
  names: ImageEntry['names'],
  role: string,
  links: Readonly<Record<string, string>> = {},
): ImageEntry => ({
  names,
  command: [role],
  roles: [role],
  links,
  // Without busybox's /bin there is room for links where the images have their programs.
  userland: 'minimal',
  honesty: HONESTY,
});

/** Network plugins: their pods are there to be looked at. */
export const PLUGINS: readonly ImageEntry[] = [
  daemon(['calico/node', 'quay.io/calico/node'], 'calico-node', {
    '/bin/calico-node': `${BIN}/calico-node`,
  }),
  {
    ...daemon(
      ['calico/kube-controllers', 'quay.io/calico/kube-controllers'],
      'calico-kube-controllers',
    ),
    roles: ['calico-kube-controllers', 'check-status'],
    links: {
      '/usr/bin/kube-controllers': `${BIN}/calico-kube-controllers`,
      '/usr/bin/check-status': `${BIN}/check-status`,
    },
  },
  {
    names: ['calico/cni', 'quay.io/calico/cni'],
    command: ['install-cni'],
    roles: ['install-cni', 'calico-ipam'],
    links: {
      '/opt/cni/bin/install': `${BIN}/install-cni`,
      '/opt/cni/bin/calico-ipam': `${BIN}/calico-ipam`,
      '/install-cni.sh': `${BIN}/install-cni`,
    },
    userland: 'busybox',
    honesty: INSTALLER,
  },
  daemon(['calico/typha', 'quay.io/calico/typha'], 'calico-typha'),
  daemon(['calico/apiserver', 'quay.io/calico/apiserver'], 'calico-apiserver'),
  daemon(['quay.io/tigera/operator', 'tigera/operator'], 'tigera-operator'),
  daemon(
    [
      'flannel/flannel',
      'ghcr.io/flannel-io/flannel',
      'quay.io/coreos/flannel',
      'rancher/mirrored-flannelcni-flannel',
      'docker.io/flannelcni/flannel',
    ],
    'flanneld',
    { '/opt/bin/flanneld': `${BIN}/flanneld` },
  ),
  {
    names: [
      'flannel/flannel-cni-plugin',
      'ghcr.io/flannel-io/flannel-cni-plugin',
      'rancher/mirrored-flannelcni-flannel-cni-plugin',
    ],
    command: ['flannel-install'],
    roles: ['flannel-install'],
    links: { '/flannel': `${BIN}/flannel-install` },
    userland: 'busybox',
    honesty: INSTALLER,
  },
  daemon(['cloudnativelabs/kube-router'], 'kube-router'),
  daemon(['weaveworks/weave-kube', 'ghcr.io/weaveworks/launcher/weave-kube'], 'weaver', {
    '/home/weave/launch.sh': `${BIN}/weaver`,
  }),
  daemon(['weaveworks/weave-npc', 'ghcr.io/weaveworks/launcher/weave-npc'], 'weave-npc', {
    '/usr/bin/weave-npc': `${BIN}/weave-npc`,
  }),
  daemon(['quay.io/cilium/cilium', 'cilium/cilium'], 'cilium-agent', {
    '/usr/bin/cilium-agent': `${BIN}/cilium-agent`,
  }),
  daemon(
    ['quay.io/cilium/operator-generic', 'quay.io/cilium/operator', 'cilium/operator'],
    'cilium-operator',
    {
      '/usr/bin/cilium-operator-generic': `${BIN}/cilium-operator`,
    },
  ),
];
