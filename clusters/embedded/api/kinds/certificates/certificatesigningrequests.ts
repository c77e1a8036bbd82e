import { messageOf } from '../../../../../common/errors.js';
import { parseSigningRequest } from '../../auth/signing-request.js';
import type { KubeObject } from '../../cluster-api.js';
import type { FieldError } from '../../resource-definition.js';
import { AGE, column, NAME } from '../columns.js';
import { defineResource, statusSubresource } from '../define-resource.js';
import { GoText, invalid, required } from '../field-errors.js';
import { humanDuration } from '../human-duration.js';
import { validateMeta } from '../object-meta.js';

interface SigningRequest extends KubeObject {
  spec: {
    request?: string;
    signerName?: string;
    username?: string;
    usages?: string[];
    expirationSeconds?: number;
  };
  status?: { conditions?: { type?: string }[]; certificate?: string };
}

const SHORTEST_S = 600;

export const CERTIFICATE_SIGNING_REQUESTS = defineResource({
  group: 'certificates.k8s.io',
  version: 'v1',
  kind: 'CertificateSigningRequest',
  plural: 'certificatesigningrequests',
  shortNames: ['csr'],
  namespaced: false,
  subresources: [
    { name: 'approval', kind: 'CertificateSigningRequest', verbs: ['get', 'patch', 'update'] },
    statusSubresource('CertificateSigningRequest'),
  ],
  selectableFields: {
    'spec.signerName': ({ spec }) => {
      const name: unknown =
        typeof spec === 'object' && spec !== null ? Reflect.get(spec, 'signerName') : '';
      return typeof name === 'string' ? name : '';
    },
  },
  applyDefaults(request: SigningRequest) {
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- not yet before defaulting
    request.spec ??= {};
  },
  prepareForCreate(request: SigningRequest) {
    request.status = {};
  },
  prepareForUpdate(request: SigningRequest, old: SigningRequest) {
    request.spec = old.spec;
  },
  validate: (request: SigningRequest) => [...validateMeta(request), ...validateSpec(request)],
  columns: [
    NAME,
    AGE,
    column<SigningRequest>(
      'SignerName',
      'Who is to sign.',
      ({ spec }) => spec.signerName ?? '<none>',
    ),
    column<SigningRequest>('Requestor', 'Who asks.', ({ spec }) => spec.username ?? ''),
    column<SigningRequest>('RequestedDuration', 'For how long.', ({ spec }) =>
      spec.expirationSeconds === undefined
        ? '<none>'
        : humanDuration(spec.expirationSeconds * 1000),
    ),
    column<SigningRequest>('Condition', 'What came of it.', condition),
  ],
});

function condition({ status }: SigningRequest): string {
  const types = new Set((status?.conditions ?? []).map(({ type }) => type));
  const words = [types.has('Denied') ? 'Denied' : types.has('Approved') ? 'Approved' : 'Pending'];
  if (types.has('Failed')) words.push('Failed');
  if ((status?.certificate ?? '') !== '') words.push('Issued');
  return words.join(',');
}

function validateSpec({ spec }: SigningRequest): FieldError[] {
  const errors: FieldError[] = [];
  const bytes = Buffer.from(spec.request ?? '', 'base64');
  try {
    parseSigningRequest(bytes.toString());
  } catch (error) {
    const shown = [...bytes.subarray(0, 64)].map((byte) => `0x${byte.toString(16)}`).join(', ');
    errors.push(invalid('spec.request', new GoText(`[]byte{${shown}}`), messageOf(error)));
  }
  if ((spec.usages ?? []).length === 0) errors.push(required('spec.usages'));
  const signer = spec.signerName ?? '';
  if (signer === '') errors.push(required('spec.signerName'));
  else if (!/^[^/]+\.[^/]+\/.+$/.test(signer)) {
    const why = "must be a fully qualified domain and path of the form 'example.com/signer-name'";
    errors.push(invalid('spec.signerName', signer, why));
  }
  const seconds = spec.expirationSeconds;
  if (seconds !== undefined && seconds < SHORTEST_S) {
    errors.push(
      invalid(
        'spec.expirationSeconds',
        seconds,
        'may not specify a duration less than 600 seconds (10 minutes)',
      ),
    );
  }
  return errors;
}
