import { generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { isJsonObject, valueAt } from '../../../../common/json.js';
import { replaceFile } from '../../../../system/replace-file.js';
import { MASTERS } from './rbac.js';
import { createAuthority, issueCertificate, issuerOf } from './certificate.js';
import type { Credentials } from './certificate.js';

export type ClusterRole = 'admin' | 'platform';
/** Who the platform is to a cluster: graders, and whoever applies what a lab brings. */
export const PLATFORM_USER = 'gatehouse:platform';

/** The keys and certificates of one cluster. */
export interface Identity {
  authority: Credentials;
  server: Credentials;
  /** Names and addresses in the server's certificate. */
  names: readonly string[];
  clients: Readonly<Record<ClusterRole, Credentials>>;
  tokenKeyPem: string;
}

export const AUTHORITY_NAME = 'kubernetes';
const FILE = 'identity.json';
const SERVER_NAMES = [
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
  'kubernetes.default.svc.cluster.local',
  'localhost',
  '127.0.0.1',
  '10.96.0.1',
];
const CLIENTS = {
  admin: { commonName: 'kubernetes-admin', organizations: [MASTERS] },
  platform: { commonName: PLATFORM_USER, organizations: [MASTERS] },
} as const;

/** The identity kept in a folder, or a new one that is kept there from now on. */
export function loadIdentity(
  folder: string,
  options: { addresses: readonly string[]; now: number },
): Identity {
  const file = path.join(folder, FILE);
  const names = [...new Set([...SERVER_NAMES, ...options.addresses])];
  const kept = existsSync(file) ? readIdentity(file) : undefined;
  if (kept !== undefined && names.every((name) => kept.names.includes(name))) return kept;
  const identity = createIdentity(names, { now: options.now, kept });
  replaceFile(file, JSON.stringify(identity), { mode: 0o600 });
  return identity;
}

/** New addresses need a new server certificate only: clients go on trusting the authority they know. */
function createIdentity(
  names: readonly string[],
  options: { now: number; kept: Identity | undefined },
): Identity {
  const { now, kept } = options;
  const authority = kept?.authority ?? createAuthority(AUTHORITY_NAME, now);
  const issuer = issuerOf(authority, AUTHORITY_NAME);
  const client = (role: ClusterRole): Credentials =>
    kept?.clients[role] ??
    issueCertificate(issuer, { subject: CLIENTS[role], usage: 'client', now });
  return {
    authority,
    server: issueCertificate(issuer, {
      subject: { commonName: 'kube-apiserver' },
      usage: 'server',
      names,
      now,
    }),
    names,
    clients: { admin: client('admin'), platform: client('platform') },
    tokenKeyPem: kept?.tokenKeyPem ?? newTokenKey(),
  };
}

function newTokenKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'sec1', format: 'pem' }).toString();
}

function readIdentity(file: string): Identity | undefined {
  const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
  return isIdentity(value) ? value : undefined;
}

function isIdentity(value: unknown): value is Identity {
  return (
    isJsonObject(value) &&
    Array.isArray(value['names']) &&
    typeof value['tokenKeyPem'] === 'string' &&
    [['authority'], ['server'], ['clients', 'admin'], ['clients', 'platform']].every(
      (at) =>
        typeof valueAt(value, [...at, 'certPem']) === 'string' &&
        typeof valueAt(value, [...at, 'keyPem']) === 'string',
    )
  );
}
