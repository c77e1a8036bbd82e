import type { KubeObject } from '../cluster-api.js';
import type { ClusterApiServerSide } from '../create-cluster-api.js';
import { timestamp } from '../registry/object-meta.js';
import { issuerOf, signRequest } from './certificate.js';
import type { Credentials } from './certificate.js';
import { AUTHORITY_NAME } from './identity.js';
import { parseSigningRequest } from './signing-request.js';

const REQUESTS = 'certificatesigningrequests.certificates.k8s.io';
const LONGEST_S = 365 * 86_400;

interface Request extends KubeObject {
  spec: {
    request: string;
    signerName: string;
    usages: readonly string[];
    expirationSeconds?: number;
  };
  status?: { conditions?: Condition[]; certificate?: string };
}

interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastUpdateTime?: string;
  lastTransitionTime?: string;
}

/** What each of the cluster's own signers signs: usages it needs, and those it allows beside them. */
const SIGNERS: Readonly<
  Record<string, { needs: string; usages: readonly ('server' | 'client')[] }>
> = {
  'kubernetes.io/kube-apiserver-client': { needs: 'client auth', usages: ['client'] },
  'kubernetes.io/kube-apiserver-client-kubelet': { needs: 'client auth', usages: ['client'] },
  'kubernetes.io/kubelet-serving': { needs: 'server auth', usages: ['server'] },
};
const ALWAYS_ALLOWED: readonly string[] = ['digital signature', 'key encipherment'];

/** Signs approved requests with the cluster's authority, as the controller manager of a real cluster does. */
export function startCertificateSigner(
  server: ClusterApiServerSide,
  authority: Credentials,
): () => void {
  const api = server.as('kube-controller-manager');
  const issuer = issuerOf(authority, AUTHORITY_NAME);
  return api.watch<Request>(REQUESTS, ({ type, object }) => {
    if (type === 'DELETED') return;
    const { spec, status = {}, metadata } = object;
    const signer = Object.hasOwn(SIGNERS, spec.signerName) ? SIGNERS[spec.signerName] : undefined;
    const has = (type: string): boolean =>
      (status.conditions ?? []).some((condition) => condition.type === type);
    if (signer === undefined || !has('Approved') || has('Denied') || has('Failed')) return;
    if ((status.certificate ?? '') !== '') return;
    const now = api.now();
    const seconds = Math.min(spec.expirationSeconds ?? LONGEST_S, LONGEST_S);
    const outcome = attempt(() => {
      checkUsages(spec.usages, signer.needs);
      const request = parseSigningRequest(Buffer.from(spec.request, 'base64').toString());
      const { usages } = signer;
      return signRequest(issuer, { request, usages, now, until: now + seconds * 1000 });
    });
    api.update<Request>(REQUESTS, { name: metadata.name, subresource: 'status' }, (draft) => {
      const conditions = draft.status?.conditions ?? [];
      const time = timestamp(now);
      draft.status =
        'certificate' in outcome
          ? { ...draft.status, certificate: Buffer.from(outcome.certificate).toString('base64') }
          : {
              ...draft.status,
              conditions: [
                ...conditions,
                {
                  type: 'Failed',
                  status: 'True',
                  reason: 'SignerValidationFailure',
                  message: outcome.fault,
                  lastUpdateTime: time,
                  lastTransitionTime: time,
                },
              ],
            };
    });
  });
}

function checkUsages(usages: readonly string[], needed: string): void {
  if (!usages.includes(needed)) throw new Error(`usages must include ${JSON.stringify(needed)}`);
  const others = usages.filter((usage) => usage !== needed && !ALWAYS_ALLOWED.includes(usage));
  if (others.length > 0) throw new Error(`usages not allowed: ${others.join(', ')}`);
}

function attempt(work: () => string): { certificate: string } | { fault: string } {
  try {
    return { certificate: work() };
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }
}
