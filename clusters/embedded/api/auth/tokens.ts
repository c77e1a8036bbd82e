import {
  createHash,
  createPrivateKey,
  createPublicKey,
  randomUUID,
  sign,
  verify,
} from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { isJsonObject, valueAt } from '../../../../common/json.js';
import type { JsonObject } from '../../../../common/json.js';
import type { ClusterApi, KubeObject } from '../cluster-api.js';
import type { UserInfo } from '../registry/admission.js';

export const DEFAULT_AUDIENCE = 'https://kubernetes.default.svc.cluster.local';
const ISSUER = DEFAULT_AUDIENCE;
const DEFAULT_SECONDS = 3600;
/** A verified token is believed this long before its objects are looked up again. */
const REMEMBER = 256;

export interface TokenRequest {
  namespace: string;
  name: string;
  audiences?: readonly string[];
  seconds?: number;
  /** The token ends with this object. */
  boundTo?: { kind: 'Pod' | 'Secret' | 'Node'; name: string; uid: string };
  /** The node of the pod it is bound to. */
  node?: { name: string; uid: string };
}

/** Signs and checks the tokens of ServiceAccounts: JSON Web Tokens, as a real server's. */
export class TokenAuthority {
  readonly #privateKey: KeyObject;
  readonly #publicKey: KeyObject;
  readonly #keyId: string;
  readonly #api: ClusterApi;
  readonly #verified = new Map<string, JsonObject>();

  constructor(keyPem: string, api: ClusterApi) {
    this.#privateKey = createPrivateKey(keyPem);
    this.#publicKey = createPublicKey(this.#privateKey);
    const spki = this.#publicKey.export({ type: 'spki', format: 'der' });
    this.#keyId = createHash('sha256').update(spki).digest('base64url');
    this.#api = api;
  }

  issue(account: KubeObject, request: TokenRequest): { token: string; expires: number } {
    const issued = Math.floor(this.#api.now() / 1000);
    const expires = issued + (request.seconds ?? DEFAULT_SECONDS);
    const bound = request.boundTo;
    const payload = {
      aud: request.audiences ?? [DEFAULT_AUDIENCE],
      exp: expires,
      iat: issued,
      iss: ISSUER,
      jti: randomUUID(),
      'kubernetes.io': {
        namespace: request.namespace,
        ...(request.node && { node: request.node }),
        ...(bound && { [bound.kind.toLowerCase()]: { name: bound.name, uid: bound.uid } }),
        serviceaccount: { name: request.name, uid: account.metadata.uid },
      },
      nbf: issued,
      sub: `system:serviceaccount:${request.namespace}:${request.name}`,
    };
    const text = `${encode({ alg: 'ES256', kid: this.#keyId })}.${encode(payload)}`;
    const signature = sign('sha256', Buffer.from(text), {
      key: this.#privateKey,
      dsaEncoding: 'ieee-p1363',
    });
    return { token: `${text}.${signature.toString('base64url')}`, expires: expires * 1000 };
  }

  /** The user of a token for one of the audiences; undefined where it is not, or no longer, valid. */
  check(token: string, audiences: readonly string[] = [DEFAULT_AUDIENCE]): UserInfo | undefined {
    const payload = this.#verified.get(token) ?? this.#verify(token);
    if (payload === undefined) return undefined;
    const now = this.#api.now() / 1000;
    if (Number(payload['exp']) <= now || Number(payload['nbf']) > now + 60) return undefined;
    const meant = payload['aud'];
    if (
      !Array.isArray(meant) ||
      !meant.some((item) => typeof item === 'string' && audiences.includes(item))
    ) {
      return undefined;
    }
    return this.#userOf(payload);
  }

  /** For `/openid/v1/jwks`. */
  jwks(): JsonObject {
    const { kty, crv, x, y } = this.#publicKey.export({ format: 'jwk' });
    return { keys: [{ use: 'sig', kty, kid: this.#keyId, crv, alg: 'ES256', x, y }] };
  }

  #verify(token: string): JsonObject | undefined {
    const [header = '', body = '', signature = '', more] = token.split('.');
    if (more !== undefined || signature === '') return undefined;
    const valid = verify(
      'sha256',
      Buffer.from(`${header}.${body}`),
      { key: this.#publicKey, dsaEncoding: 'ieee-p1363' },
      Buffer.from(signature, 'base64url'),
    );
    if (!valid) return undefined;
    const payload: unknown = JSON.parse(Buffer.from(body, 'base64url').toString('utf8'));
    if (!isJsonObject(payload)) return undefined;
    if (this.#verified.size >= REMEMBER) this.#verified.clear();
    this.#verified.set(token, payload);
    return payload;
  }

  #userOf(payload: JsonObject): UserInfo | undefined {
    const claims = payload['kubernetes.io'];
    const text = (...path: string[]): string => {
      const value = valueAt(claims, path);
      return typeof value === 'string' ? value : '';
    };
    const namespace = text('namespace');
    const name = text('serviceaccount', 'name');
    const account = this.#api.get('serviceaccounts', name, namespace);
    if (account?.metadata.uid !== text('serviceaccount', 'uid')) {
      return undefined;
    }
    const pod = text('pod', 'name');
    if (pod !== '' && this.#api.get('pods', pod, namespace)?.metadata.uid !== text('pod', 'uid')) {
      return undefined;
    }
    const jti = payload['jti'];
    return {
      username: `system:serviceaccount:${namespace}:${name}`,
      uid: account.metadata.uid,
      groups: [
        'system:serviceaccounts',
        `system:serviceaccounts:${namespace}`,
        'system:authenticated',
      ],
      extra: {
        'authentication.kubernetes.io/credential-id': [`JTI=${typeof jti === 'string' ? jti : ''}`],
        ...(text('node', 'name') !== '' && {
          'authentication.kubernetes.io/node-name': [text('node', 'name')],
          'authentication.kubernetes.io/node-uid': [text('node', 'uid')],
        }),
        ...(pod !== '' && {
          'authentication.kubernetes.io/pod-name': [pod],
          'authentication.kubernetes.io/pod-uid': [text('pod', 'uid')],
        }),
      },
    };
  }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
