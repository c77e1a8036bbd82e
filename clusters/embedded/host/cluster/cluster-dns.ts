import type { NewObject } from '../../api/cluster-api.js';
import { DNS_ADDRESS } from '../../network/addresses.js';

/** The cluster's DNS as kubeadm would set it up. */
export function dnsObjects(replicas: number): { resource: string; object: NewObject }[] {
  const labels = { 'k8s-app': 'kube-dns' };
  const place = { name: 'coredns', namespace: 'kube-system' };
  return [
    {
      resource: 'serviceaccounts',
      object: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { ...place } },
    },
    {
      resource: 'configmaps',
      object: {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { ...place },
        data: { Corefile: COREFILE },
      },
    },
    {
      resource: 'services',
      object: {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: {
          name: 'kube-dns',
          namespace: 'kube-system',
          annotations: { 'prometheus.io/port': '9153', 'prometheus.io/scrape': 'true' },
          labels: {
            ...labels,
            'kubernetes.io/cluster-service': 'true',
            'kubernetes.io/name': 'CoreDNS',
          },
        },
        spec: {
          clusterIP: DNS_ADDRESS,
          selector: labels,
          ports: [
            { name: 'dns', port: 53, targetPort: 53, protocol: 'UDP' },
            { name: 'dns-tcp', port: 53, targetPort: 53, protocol: 'TCP' },
            { name: 'metrics', port: 9153, targetPort: 9153, protocol: 'TCP' },
          ],
        },
      },
    },
    {
      resource: 'deployments.apps',
      object: {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { ...place, labels },
        spec: {
          replicas,
          strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } },
          selector: { matchLabels: labels },
          template: {
            metadata: { labels },
            spec: {
              priorityClassName: 'system-cluster-critical',
              serviceAccountName: 'coredns',
              nodeSelector: { 'kubernetes.io/os': 'linux' },
              tolerations: [
                { key: 'CriticalAddonsOnly', operator: 'Exists' },
                { key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' },
              ],
              dnsPolicy: 'Default',
              containers: [
                {
                  name: 'coredns',
                  image: 'registry.k8s.io/coredns/coredns:v1.11.3',
                  imagePullPolicy: 'IfNotPresent',
                  args: ['-conf', '/etc/coredns/Corefile'],
                  ports: [
                    { name: 'dns', containerPort: 53, protocol: 'UDP' },
                    { name: 'dns-tcp', containerPort: 53, protocol: 'TCP' },
                    { name: 'metrics', containerPort: 9153, protocol: 'TCP' },
                  ],
                  resources: {
                    limits: { memory: '170Mi' },
                    requests: { cpu: '100m', memory: '70Mi' },
                  },
                  volumeMounts: [
                    { name: 'config-volume', mountPath: '/etc/coredns', readOnly: true },
                  ],
                },
              ],
              volumes: [
                {
                  name: 'config-volume',
                  configMap: { name: 'coredns', items: [{ key: 'Corefile', path: 'Corefile' }] },
                },
              ],
            },
          },
        },
      },
    },
  ];
}

const COREFILE = `.:53 {
    errors
    health {
       lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
    prometheus :9153
    cache 30
    loop
    reload
    loadbalance
}
`;
