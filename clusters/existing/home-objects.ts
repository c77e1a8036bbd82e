import type { JsonObject } from '../../common/json.js';
import type { ExistingSettings } from './settings.js';
import { LABEL, LEARNER, SPEC_MAP, WORKSTATION, homeNamespace } from './names.js';

export const HOME = '/home/learner';
const UID = 1000;

const PASSWD = `root:x:0:0:root:/root:/bin/sh
nobody:x:65534:65534:nobody:/:/sbin/nologin
learner:x:${UID}:${UID}:learner:${HOME}:/bin/bash
`;
const GROUP = `root:x:0:\ntty:x:5:\nnobody:x:65534:\nlearner:x:${UID}:\n`;
/** The account of the pod itself signs in; what it may do is bound to namespaces. */
const KUBECONFIG = `apiVersion: v1
kind: Config
clusters:
- name: lab
  cluster:
    server: https://kubernetes.default.svc
    certificate-authority: /var/run/secrets/kubernetes.io/serviceaccount/ca.crt
users:
- name: learner
  user: { tokenFile: /var/run/secrets/kubernetes.io/serviceaccount/token }
contexts:
- name: lab
  context: { cluster: lab, user: learner, namespace: default }
current-context: lab
`;

interface Owner {
  name: string;
  installation: string;
}

export function ownLabels({ name, installation }: Owner): Record<string, string> {
  return { [LABEL.cluster]: name, [LABEL.installation]: installation };
}

/** The learner's account: administrator in its own namespaces, reader of a few harmless kinds in all. */
export function accountObjects(owner: Owner, namespaces: readonly string[]): JsonObject[] {
  const labels = ownLabels(owner);
  const namespace = homeNamespace(owner.name);
  const subjects = [{ kind: 'ServiceAccount', name: LEARNER, namespace }];
  const rbac = 'rbac.authorization.k8s.io';
  const apiVersion = `${rbac}/v1`;
  const verbs = ['get', 'list', 'watch'];
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: LEARNER, namespace, labels } },
    {
      apiVersion,
      kind: 'ClusterRole',
      metadata: { name: homeNamespace(owner.name), labels },
      rules: [
        { apiGroups: [''], resources: ['namespaces', 'nodes', 'services'], verbs },
        { apiGroups: ['networking.k8s.io'], resources: ['networkpolicies'], verbs },
      ],
    },
    {
      apiVersion,
      kind: 'ClusterRoleBinding',
      metadata: { name: homeNamespace(owner.name), labels },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: homeNamespace(owner.name) },
      subjects,
    },
    ...namespaces.map((own) => ({
      apiVersion,
      kind: 'RoleBinding',
      metadata: { name: 'gatehouse-learner', namespace: own, labels },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'admin' },
      subjects,
    })),
  ];
}

export function quotaObjects(
  owner: Owner,
  { namespaces, quota }: { namespaces: readonly string[]; quota: ExistingSettings['quota'] },
): JsonObject[] {
  return namespaces.map((namespace) => ({
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'gatehouse', namespace, labels: ownLabels(owner) },
    spec: { hard: quota },
  }));
}

/** What is needed again for a reset, by any process. */
export function specObject(owner: Owner, text: string): JsonObject {
  const namespace = homeNamespace(owner.name);
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: SPEC_MAP, namespace, labels: ownLabels(owner) },
    data: { spec: text },
  };
}

/** The learner's machine: a pod without rights on its node, closed to connections from elsewhere. */
export function workstationObjects(owner: Owner, settings: ExistingSettings): JsonObject[] {
  const labels = { ...ownLabels(owner), 'gatehouse.dev/role': WORKSTATION };
  const namespace = homeNamespace(owner.name);
  const file = (name: string): JsonObject => ({
    name: 'files',
    mountPath: `/etc/${name}`,
    subPath: name,
  });
  return [
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: WORKSTATION, namespace, labels },
      data: { passwd: PASSWD, group: GROUP, kubeconfig: KUBECONFIG },
    },
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'closed', namespace, labels },
      spec: { podSelector: {}, policyTypes: ['Ingress'] },
    },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: WORKSTATION, namespace, labels },
      spec: {
        serviceAccountName: LEARNER,
        hostname: WORKSTATION,
        enableServiceLinks: false,
        terminationGracePeriodSeconds: 0,
        securityContext: {
          runAsUser: UID,
          runAsGroup: UID,
          fsGroup: UID,
          runAsNonRoot: true,
          seccompProfile: { type: 'RuntimeDefault' },
        },
        containers: [
          {
            name: WORKSTATION,
            image: settings.workstationImage,
            imagePullPolicy: 'IfNotPresent',
            command: ['sleep', '2147483647'],
            workingDir: HOME,
            env: [
              { name: 'HOME', value: HOME },
              { name: 'USER', value: LEARNER },
              { name: 'LANG', value: 'C.UTF-8' },
              { name: 'KUBECONFIG', value: '/etc/gatehouse/kubeconfig' },
              { name: 'PS1', value: '\\u:\\w$ ' },
            ],
            resources: {
              requests: { cpu: '50m', memory: '64Mi' },
              limits: { cpu: '1', memory: '512Mi' },
            },
            securityContext: {
              allowPrivilegeEscalation: false,
              capabilities: { drop: ['ALL'] },
            },
            volumeMounts: [
              { name: 'home', mountPath: HOME },
              { name: 'files', mountPath: '/etc/gatehouse' },
              file('passwd'),
              file('group'),
            ],
          },
        ],
        volumes: [
          { name: 'home', emptyDir: { sizeLimit: '256Mi' } },
          { name: 'files', configMap: { name: WORKSTATION } },
        ],
      },
    },
  ];
}
