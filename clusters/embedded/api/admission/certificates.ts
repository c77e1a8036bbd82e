import { isJsonObject, valueAt } from '../../../../common/json.js';
import { forbidden } from '../api-error.js';
import { MASTERS } from '../auth/rbac.js';
import type { RbacAuthorizer } from '../auth/rbac.js';
import { parseSigningRequest } from '../auth/signing-request.js';
import { userJson } from '../auth/user-json.js';
import type { KubeObject } from '../cluster-api.js';
import { equalJson } from '../json/json-values.js';
import type { Admission, AdmissionRequest } from '../registry/admission.js';

const GROUP = 'certificates.k8s.io';
const REQUESTS = `certificatesigningrequests.${GROUP}`;
const API_CLIENT = 'kubernetes.io/kube-apiserver-client';

/** Who asks for a certificate is written down; who approves or signs must be allowed to, for that signer. */
export function createCertificateAdmission(rbac: RbacAuthorizer): Admission {
  return {
    mutate({ resource, operation, object, user }) {
      if (resource !== REQUESTS || operation !== 'CREATE' || object === undefined) return;
      const spec = isJsonObject(object['spec']) ? object['spec'] : {};
      object['spec'] = { ...spec, ...userJson(user) };
    },
    validate(request) {
      const { resource, object, old, subresource } = request;
      if (resource !== REQUESTS || object === undefined) return;
      if (old === undefined) refuseMasters(request, object);
      else if (subresource === 'approval') check(request, rbac, 'approve');
      else if (
        subresource === 'status' &&
        !equalJson(
          valueAt(object, ['status', 'certificate']),
          valueAt(old, ['status', 'certificate']),
        )
      ) {
        check(request, rbac, 'sign');
      }
    },
  };
}

/** A right to a signer, or to all signers of its domain. */
function check(request: AdmissionRequest, rbac: RbacAuthorizer, verb: 'approve' | 'sign'): void {
  const { definition, name, old, user } = request;
  const signer = textAt(old, 'signerName');
  const names = [signer, `${signer.split('/')[0] ?? ''}/*`];
  const isAllowed = names.some((resourceName) =>
    rbac.allows(user, { verb, group: GROUP, resource: 'signers', name: resourceName }),
  );
  if (isAllowed) return;
  const why = `user not permitted to ${verb} requests with signerName ${JSON.stringify(signer)}`;
  throw forbidden(definition, name, why);
}

function refuseMasters(request: AdmissionRequest, object: KubeObject): void {
  if (textAt(object, 'signerName') !== API_CLIENT) return;
  const pem = Buffer.from(textAt(object, 'request'), 'base64').toString();
  if (!parseSigningRequest(pem).organizations.includes(MASTERS)) return;
  const why = `use of ${API_CLIENT} signer with ${MASTERS} group is not allowed`;
  throw forbidden(request.definition, request.name, why);
}

function textAt(object: KubeObject | undefined, field: string): string {
  const value = valueAt(object, ['spec', field]);
  return typeof value === 'string' ? value : '';
}
