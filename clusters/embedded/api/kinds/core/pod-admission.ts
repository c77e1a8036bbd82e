import { randomInt } from 'node:crypto';
import type { PodSpec, Toleration } from 'kubernetes-types/core/v1.js';
import { forbidden } from '../../api-error.js';
import type { KubeObject } from '../../cluster-api.js';
import type { StrategyContext } from '../../resource-definition.js';
import type { Loose } from '../loose.js';
import { compareQuantities, parseQuantity } from '../quantity.js';
import type { Pod } from './pod.js';

const TOKEN_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
const TOKEN_LIFETIME_S = 3607;
const NODE_TROUBLE_S = 300;
const SUFFIX_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';
const PODS = { group: '', plural: 'pods' };

interface ServiceAccount extends KubeObject {
  automountServiceAccountToken?: boolean;
  imagePullSecrets?: { name?: string }[];
}

interface PriorityClass extends KubeObject {
  value?: number;
  globalDefault?: boolean;
  preemptionPolicy?: string;
}

/** What the plugins of a real server add to a new pod: its account and token, its priority, its tolerations. */
export function preparePod(pod: Pod, context: StrategyContext): void {
  addServiceAccount(pod, context);
  addPriority(pod, context);
  addTolerations(pod.spec);
}

/** Static pods' mirrors have no account: they bring their node and their annotation. */
function addServiceAccount(pod: Pod, { api }: StrategyContext): void {
  if (pod.metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined) return;
  const { spec } = pod;
  const name = spec.serviceAccountName ?? 'default';
  spec.serviceAccountName = name;
  spec.serviceAccount = name;
  const { namespace = '' } = pod.metadata;
  const account = api.get<ServiceAccount>('serviceaccounts', name, namespace);
  if (account === undefined) {
    const why = `error looking up service account ${namespace}/${name}: serviceaccount "${name}" not found`;
    throw forbidden(PODS, pod.metadata.name, why);
  }
  if ((spec.imagePullSecrets ?? []).length === 0 && (account.imagePullSecrets ?? []).length > 0) {
    spec.imagePullSecrets = (account.imagePullSecrets ?? []).map((secret) => ({ ...secret }));
  }
  if (spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true) {
    mountToken(spec);
  }
}

function mountToken(spec: Loose<PodSpec>): void {
  const existing = (spec.volumes ?? []).find(({ name = '' }) =>
    name.startsWith('kube-api-access-'),
  );
  const name = existing?.name ?? freshVolumeName();
  let used = false;
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])]) {
    if ((container.volumeMounts ?? []).some(({ mountPath }) => mountPath === TOKEN_PATH)) continue;
    container.volumeMounts = [
      ...(container.volumeMounts ?? []),
      { name, readOnly: true, mountPath: TOKEN_PATH },
    ];
    used = true;
  }
  if (!used || existing !== undefined) return;
  spec.volumes = [
    ...(spec.volumes ?? []),
    {
      name,
      projected: {
        sources: [
          { serviceAccountToken: { expirationSeconds: TOKEN_LIFETIME_S, path: 'token' } },
          { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
          {
            downwardAPI: {
              items: [
                {
                  path: 'namespace',
                  fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' },
                },
              ],
            },
          },
        ],
        defaultMode: 0o644,
      },
    },
  ];
}

function freshVolumeName(): string {
  let suffix = '';
  for (let i = 0; i < 5; i += 1) suffix += SUFFIX_ALPHABET[randomInt(SUFFIX_ALPHABET.length)] ?? '';
  return `kube-api-access-${suffix}`;
}

function addPriority(pod: Pod, { api }: StrategyContext): void {
  const { spec } = pod;
  const name = spec.priorityClassName ?? '';
  let found: PriorityClass | undefined;
  if (name === '') {
    found = api
      .list<PriorityClass>('priorityclasses.scheduling.k8s.io')
      .find(({ globalDefault }) => globalDefault);
    if (found !== undefined) spec.priorityClassName = found.metadata.name;
  } else {
    found = api.get<PriorityClass>('priorityclasses.scheduling.k8s.io', name);
    if (found === undefined && !BUILT_IN_PRIORITIES.has(name)) {
      throw forbidden(PODS, pod.metadata.name, `no PriorityClass with name ${name} was found`);
    }
  }
  const value = found?.value ?? BUILT_IN_PRIORITIES.get(name) ?? 0;
  if (spec.priority !== undefined && spec.priority !== value) {
    const why = `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`;
    throw forbidden(PODS, pod.metadata.name, why);
  }
  spec.priority = value;
  spec.preemptionPolicy ??= found?.preemptionPolicy ?? 'PreemptLowerPriority';
}

const BUILT_IN_PRIORITIES: ReadonlyMap<string, number> = new Map([
  ['system-cluster-critical', 2_000_000_000],
  ['system-node-critical', 2_000_001_000],
]);

function addTolerations(spec: Loose<PodSpec>): void {
  const tolerations: Loose<Toleration>[] = [...(spec.tolerations ?? [])];
  for (const trouble of ['not-ready', 'unreachable']) {
    const key = `node.kubernetes.io/${trouble}`;
    const covered = tolerations.some(
      (toleration) =>
        (toleration.key === key || (toleration.key ?? '') === '') &&
        (toleration.effect === 'NoExecute' || (toleration.effect ?? '') === ''),
    );
    if (covered) continue;
    tolerations.push({
      key,
      operator: 'Exists',
      effect: 'NoExecute',
      tolerationSeconds: NODE_TROUBLE_S,
    });
  }
  if (tolerations.length > 0) spec.tolerations = tolerations;
}

/** Guaranteed: limits for all, equal to requests; BestEffort: neither anywhere; Burstable: the rest. */
export function qosClassOf(spec: Loose<PodSpec>): 'Guaranteed' | 'Burstable' | 'BestEffort' {
  const containers = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  const isSet = (amount: string | undefined): boolean =>
    (parseQuantity(amount ?? '0')?.nano ?? 0n) > 0n;
  let any = false;
  let guaranteed = true;
  for (const { resources } of containers) {
    for (const name of ['cpu', 'memory']) {
      const limit = resources?.limits?.[name];
      const request = resources?.requests?.[name];
      if (isSet(limit) || isSet(request)) any = true;
      if (!isSet(limit) || compareQuantities(limit ?? '0', request ?? limit ?? '0') !== 0)
        guaranteed = false;
    }
  }
  if (!any) return 'BestEffort';
  return guaranteed ? 'Guaranteed' : 'Burstable';
}
