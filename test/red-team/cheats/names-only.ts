import { apply, type Attack } from '../attack.js';
import { deafServers } from './deaf-servers.js';
import { CLOSING, NOT_CLOSED, SILENT } from './closing.js';

/** A DaemonSet called like a plugin that is not there. */
const CILIUM_BY_NAME = `kubectl create namespace aaa
  ${apply(
    JSON.stringify({
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: { name: 'cilium', namespace: 'aaa' },
      spec: {
        selector: { matchLabels: { a: 'b' } },
        template: {
          metadata: { labels: { a: 'b' } },
          spec: { containers: [{ name: 'c', image: 'busybox:1.36', command: SILENT }] },
        },
      },
    }),
  )}
  kubectl rollout status daemonset cilium -n aaa --timeout=10s`;

/** A kind of policy that the graders do not know, and an object of it. */
const FOREIGN_POLICY = `${apply(
  JSON.stringify({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'ciliumnetworkpolicies.cilium.io' },
    spec: {
      group: 'cilium.io',
      scope: 'Namespaced',
      names: { plural: 'ciliumnetworkpolicies', kind: 'CiliumNetworkPolicy' },
      versions: [
        {
          name: 'v2',
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
          },
        },
      ],
    },
  }),
)}
  kubectl wait crd ciliumnetworkpolicies.cilium.io --for=condition=Established --timeout=10s
  ${apply(
    JSON.stringify({
      apiVersion: 'cilium.io/v2',
      kind: 'CiliumNetworkPolicy',
      metadata: { name: 'mine', namespace: 'batch-ns' },
      spec: {},
    }),
  )}`;

const globalPolicy = (spec: object): string =>
  apply(
    JSON.stringify({
      apiVersion: 'projectcalico.org/v3',
      kind: 'GlobalNetworkPolicy',
      metadata: { name: 'mine' },
      spec: { order: 1, types: ['Ingress'], ...spec },
    }),
  );

/** Something is called what it is not. */
export const NAMES_ONLY: readonly Attack[] = [
  {
    lab: 'deploy-calico',
    step: 'deploy',
    never: { checks: ['plugin'], outcome: 'passed' },
    title: 'a DaemonSet has the name of the plugin and is none',
    script: `${apply(
      JSON.stringify({
        apiVersion: 'apps/v1',
        kind: 'DaemonSet',
        metadata: { name: 'calico-node', namespace: 'kube-system' },
        spec: {
          selector: { matchLabels: { a: 'b' } },
          template: {
            metadata: { labels: { a: 'b' } },
            spec: {
              hostNetwork: true,
              tolerations: [{ operator: 'Exists' }],
              containers: [{ name: 'c', image: 'busybox:1.36', command: SILENT }],
            },
          },
        },
      }),
    )}
    kubectl rollout status daemonset calico-node -n kube-system --timeout=10s`,
  },
  {
    lab: 'scooter-db',
    step: 'three-doors',
    isSolved: true,
    never: { checks: ['every-pod'], outcome: 'passed' },
    title: 'a plugin in name only has the graders look past a back door',
    script: `${CILIUM_BY_NAME}
      ${globalPolicy({
        selector: "role == 'db'",
        ingress: [{ action: 'Allow', source: { selector: "way == 'back'" } }],
      })}`,
  },
  {
    lab: 'deny-all',
    step: 'repair-dns',
    never: { checks: ['dns-works'], outcome: 'passed' },
    title: 'servers that are deaf to others stand behind policies that nobody knows',
    script: `kubectl delete networkpolicy --all -n batch-ns
      ${CILIUM_BY_NAME.replace('busybox:1.36', 'quay.io/cilium/cilium:v1.16.4')}
      ${FOREIGN_POLICY}
      ${deafServers(['dev-ns/web', 'batch-ns/files'], 80)}`,
  },
  {
    ...CLOSING,
    ...NOT_CLOSED,
    title: 'the policy is only staged',
    script: apply(
      JSON.stringify({
        apiVersion: 'projectcalico.org/v3',
        kind: 'StagedKubernetesNetworkPolicy',
        metadata: { name: 'deny', namespace: 'prod-ns' },
        spec: { podSelector: {}, policyTypes: ['Ingress'] },
      }),
    ),
  },
];
