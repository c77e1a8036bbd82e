import type { ImageEntry } from '../image-entry.js';

const IDLE =
  'A program of ours that writes plausible log lines and waits; the platform itself does the work.';

const idle = (name: string, role: string, others: readonly string[] = []): ImageEntry => ({
  names: [name, ...others],
  entrypoint: [role],
  roles: [role],
  userland: 'minimal',
  honesty: IDLE,
});

const LINK = '/usr/local/bin';

/** What Kubernetes itself and its tests bring. */
export const KUBERNETES: readonly ImageEntry[] = [
  {
    names: [
      'registry.k8s.io/e2e-test-images/agnhost',
      'k8s.gcr.io/e2e-test-images/agnhost',
      'gcr.io/kubernetes-e2e-test-images/agnhost',
      'us.gcr.io/k8s-artifacts-prod/e2e-test-images/agnhost',
    ],
    entrypoint: ['/agnhost'],
    command: ['pause'],
    // Beside the machine's own curl and dig, which suites run in it: what is not everywhere, or needs powers.
    roles: ['agnhost', 'nc', 'ping', 'wget'],
    links: { '/agnhost': `${LINK}/agnhost` },
    userland: 'debian',
    ports: [8080, 8081, 9376],
    honesty:
      'A program of ours with the subcommands netexec, nettest, connect, serve-hostname, porter, pause, test-webserver, liveness, logs-generator, entrypoint-tester, dns-suffix, dns-server-list and etc-hosts; it serves no TLS. SCTP where the machine’s kernel has it. Shell, curl and dig are the machine’s own.',
  },
  {
    names: [
      'registry.k8s.io/pause',
      'k8s.gcr.io/pause',
      'gcr.io/google_containers/pause',
      'gcr.io/google-containers/pause',
    ],
    entrypoint: ['/pause'],
    roles: ['pause'],
    links: { '/pause': `${LINK}/pause` },
    userland: 'minimal',
    honesty: 'A program of ours that waits, as pause does.',
  },
  {
    names: [
      'registry.k8s.io/coredns/coredns',
      'coredns/coredns',
      'k8s.gcr.io/coredns/coredns',
      'registry.k8s.io/coredns',
    ],
    entrypoint: ['/coredns'],
    roles: ['coredns'],
    links: { '/coredns': `${LINK}/coredns` },
    userland: 'minimal',
    ports: [53, 8080, 8181],
    honesty:
      'A real DNS server of ours over UDP and TCP: it answers for the cluster and the lab’s outside hosts from a file the platform writes, and forwards nothing. Of the Corefile only `log` counts.',
  },
  idle('registry.k8s.io/kube-apiserver', 'kube-apiserver', ['k8s.gcr.io/kube-apiserver']),
  idle('registry.k8s.io/kube-controller-manager', 'kube-controller-manager', [
    'k8s.gcr.io/kube-controller-manager',
  ]),
  idle('registry.k8s.io/kube-scheduler', 'kube-scheduler', ['k8s.gcr.io/kube-scheduler']),
  idle('registry.k8s.io/kube-proxy', 'kube-proxy', ['k8s.gcr.io/kube-proxy']),
  idle('registry.k8s.io/etcd', 'etcd', ['k8s.gcr.io/etcd', 'quay.io/coreos/etcd']),
  idle('registry.k8s.io/metrics-server/metrics-server', 'metrics-server', [
    'k8s.gcr.io/metrics-server/metrics-server',
  ]),
  idle('rancher/local-path-provisioner', 'local-path-provisioner'),
];
