import { setTimeout as sleep } from 'node:timers/promises';
import { GatehouseError } from '../../common/errors.js';
import type { JsonObject } from '../../common/json.js';
import type { ProbeCause, ProbeRequest } from '../../common/probe.js';
import { pathOf } from '../client/kube-api.js';
import { applyAll } from '../client/objects.js';
import { PODS, waitReady } from '../client/wait-ready.js';
import type { ExistingContext } from './context.js';
import { ownLabels } from './home-objects.js';
import { homeNamespace } from './names.js';
import { probeExisting } from './probe.js';

const CANARIES = ['canary-server', 'canary-denied'] as const;
const PORT = 9;
const ENFORCED_MS = 15_000;

/**
 * Proves that policies are enforced here, or rejects with CLUSTER_FAILED. The home namespace is closed by a policy; nobody
 * listens at the server, so that a packet which comes through is refused and a denied one meets silence. The server reaches
 * itself all the same: policies say nothing about that.
 */
export async function proveEnforcement(
  context: ExistingContext,
  name: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const api = await context.api();
  const namespace = homeNamespace(name);
  const with_ = signal === undefined ? {} : { signal };
  const labels = ownLabels({ name, installation: context.installation });
  const pods = CANARIES.map((own): JsonObject => canary(own, { namespace, labels, context }));
  await applyAll(api, pods, { patient: true, ...with_ });
  await waitReady(
    api,
    { nodes: { count: 0, ready: false }, workloads: { namespaces: [namespace] } },
    { timeoutMs: context.settings.readyTimeoutSeconds * 1000, ...with_ },
  );
  const until = performance.now() + ENFORCED_MS;
  const requests = CANARIES.map((from): ProbeRequest => ({
    from: { type: 'pod', namespace, name: from },
    to: { type: 'pod', namespace, name: CANARIES[0] },
    port: PORT,
    protocol: 'TCP',
  }));
  for (;;) {
    const results = await probeExisting(context, { requests, ...with_ });
    const [self, denied] = results.map(({ cause }) => cause);
    if (self === 'refused' && denied === 'filtered') break;
    if (performance.now() > until) {
      throw notEnforced({ self, denied, detail: results.find(({ detail }) => detail)?.detail });
    }
    await sleep(200, undefined, with_);
  }
  for (const own of CANARIES) {
    const body = { gracePeriodSeconds: 0 };
    await api.send('DELETE', pathOf(PODS, namespace, own), { body, ...with_ });
  }
}

function notEnforced(seen: {
  self: ProbeCause | undefined;
  denied: ProbeCause | undefined;
  detail: string | undefined;
}): GatehouseError {
  const detail = seen.detail === undefined ? '' : ` (${seen.detail})`;
  return new GatehouseError(
    'CLUSTER_FAILED',
    `policies are not enforced in this cluster, or it could not be told: a packet of a pod to itself was ${seen.self ?? 'not sent'} (refused is right), a denied one ${seen.denied ?? 'not sent'} (filtered is right)${detail}`,
    { fix: 'install a network plugin that enforces NetworkPolicy, for example Calico or Cilium' },
  );
}

function canary(
  own: string,
  {
    namespace,
    labels,
    context,
  }: { namespace: string; labels: Record<string, string>; context: ExistingContext },
): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: own, namespace, labels },
    spec: {
      terminationGracePeriodSeconds: 0,
      automountServiceAccountToken: false,
      containers: [
        {
          name: 'canary',
          image: context.settings.proberImage,
          imagePullPolicy: 'IfNotPresent',
          command: ['/agnhost', 'pause'],
          securityContext: {
            allowPrivilegeEscalation: false,
            runAsNonRoot: true,
            runAsUser: 65534,
            capabilities: { drop: ['ALL'] },
            seccompProfile: { type: 'RuntimeDefault' },
          },
        },
      ],
    },
  };
}
