import { GatehouseError, messageOf } from '../../common/errors.js';
import { isJsonObject } from '../../common/json.js';
import { textAt, type KubeApi } from '../client/kube-api.js';
import type { ClusterSpec, DoctorCheck } from '../provider.js';
import type { ExistingContext } from './context.js';
import { reasonsAgainst } from './offer.js';

interface Right {
  verb: string;
  group?: string;
  resource: string;
  subresource?: string;
}

/** What the operator's context must be allowed to do. */
const RIGHTS: readonly Right[] = [
  { verb: 'create', resource: 'namespaces' },
  { verb: 'delete', resource: 'namespaces' },
  { verb: 'create', group: 'rbac.authorization.k8s.io', resource: 'clusterroles' },
  { verb: 'create', group: 'rbac.authorization.k8s.io', resource: 'clusterrolebindings' },
  { verb: 'bind', group: 'rbac.authorization.k8s.io', resource: 'clusterroles' },
  { verb: 'create', resource: 'serviceaccounts', subresource: 'token' },
  { verb: 'create', resource: 'pods', subresource: 'exec' },
  { verb: 'patch', resource: 'pods', subresource: 'ephemeralcontainers' },
];
/** Ephemeral containers are part of Kubernetes from here on. */
const OLDEST_MINOR = 25;

/** Whether the cluster can be reached, what we may do there, and which of the wanted labs it can offer. */
export async function doctor(
  context: ExistingContext,
  wanted: readonly ClusterSpec[],
): Promise<DoctorCheck[]> {
  let api: KubeApi;
  try {
    api = await context.api();
    return [await versionCheck(api), await rightsCheck(api), ...(await labChecks(api, wanted))];
  } catch (error) {
    const fix = error instanceof GatehouseError ? error.fix : undefined;
    return [
      {
        id: 'cluster',
        title: 'Cluster',
        status: 'missing',
        detail: `${messageOf(error)}.`,
        fix: fix ?? 'kubectl cluster-info',
      },
    ];
  }
}

async function versionCheck(api: KubeApi): Promise<DoctorCheck> {
  const version = await api.ask('GET', '/version', { timeoutMs: 10_000 });
  const text = textAt(version, ['gitVersion']);
  const check = { id: 'cluster', title: 'Cluster' };
  const detail = `${api.server}, Kubernetes ${text}.`;
  const minor = Number(/^v1\.(\d+)/.exec(text)?.[1] ?? 0);
  if (minor >= OLDEST_MINOR) return { ...check, status: 'ok', detail };
  return {
    ...check,
    status: 'missing',
    detail: `${detail} Packets are sent from ephemeral containers, which it does not have.`,
    fix: `use a cluster with Kubernetes 1.${OLDEST_MINOR} or newer`,
  };
}

async function rightsCheck(api: KubeApi): Promise<DoctorCheck> {
  const lacking: string[] = [];
  for (const { verb, group = '', resource, subresource = '' } of RIGHTS) {
    const { status } = await api.ask(
      'POST',
      '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
      {
        body: {
          apiVersion: 'authorization.k8s.io/v1',
          kind: 'SelfSubjectAccessReview',
          spec: { resourceAttributes: { verb, group, resource, subresource } },
        },
      },
    );
    if (isJsonObject(status) && status['allowed'] === true) continue;
    lacking.push(`${verb} ${[resource, subresource].filter(Boolean).join('/')}`);
  }
  const check = { id: 'rights', title: 'Rights' };
  if (lacking.length === 0) return { ...check, status: 'ok', detail: 'all that is needed.' };
  return {
    ...check,
    status: 'missing',
    detail: `the context may not ${lacking.join(', ')}.`,
    fix: 'use the context of a cluster administrator',
  };
}

async function labChecks(api: KubeApi, wanted: readonly ClusterSpec[]): Promise<DoctorCheck[]> {
  return Promise.all(
    wanted.map(async (spec): Promise<DoctorCheck> => {
      const check = { id: `lab-${spec.name}`, title: `Lab ${spec.name}` };
      const reasons = await reasonsAgainst(api, spec);
      if (reasons.length === 0) return { ...check, status: 'ok', detail: 'is offered.' };
      return {
        ...check,
        status: 'warning',
        detail: `is not offered: ${reasons.join('; ')}.`,
        fix: 'use --provider embedded or --provider kind for it',
      };
    }),
  );
}
