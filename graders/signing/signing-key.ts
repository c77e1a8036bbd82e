import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  type KeyObject,
} from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { errorCodeOf, GatehouseError, messageOf } from '../../common/errors.js';

/** What a result can be verified with. */
export interface VerifyingKey {
  /** `sha256:` and the hex digest over the key (SubjectPublicKeyInfo, DER). */
  id: string;
  publicKey: KeyObject;
}

export interface SigningKey extends VerifyingKey {
  privateKey: KeyObject;
}

const FILE = 'signing-key.pem';

/**
 * The Ed25519 key of an installation, made on first use: in its state folder, for its owner's eyes alone. Rejects with
 * MACHINE_NOT_READY where the file is no such key, or others may read it.
 */
export function openSigningKey(stateDir: string): SigningKey {
  const file = path.join(stateDir, FILE);
  const existing = readKeyFile(file);
  if (existing === undefined) createKeyFile(file);
  const privateKey = parsePrivateKey(file, existing ?? readFileSync(file, 'utf8'));
  return { ...verifyingKey(createPublicKey(privateKey)), privateKey };
}

/** The same key, where one was ever made here. */
export function findSigningKey(stateDir: string): SigningKey | undefined {
  const isMade = readKeyFile(path.join(stateDir, FILE)) !== undefined;
  return isMade ? openSigningKey(stateDir) : undefined;
}

/** A public key of any installation, as `gatehouse verify --public-key` prints it. Rejects with NOT_FOUND and BAD_REQUEST. */
export function readPublicKey(file: string): VerifyingKey {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new GatehouseError('NOT_FOUND', `${file} cannot be read: ${messageOf(error)}`, {
      fix: 'Name a file that `gatehouse verify --public-key` was written to.',
      cause: error,
    });
  }
  const publicKey = parseKey(createPublicKey, text);
  if (publicKey?.asymmetricKeyType !== 'ed25519') {
    throw new GatehouseError('BAD_REQUEST', `${file} is no Ed25519 public key in PEM`, {
      fix: 'Get it where the result was made: gatehouse verify --public-key > key.pem',
    });
  }
  return verifyingKey(publicKey);
}

export function publicKeyText({ publicKey }: VerifyingKey): string {
  return publicKey.export({ type: 'spki', format: 'pem' }).toString();
}

function verifyingKey(publicKey: KeyObject): VerifyingKey {
  const der = publicKey.export({ type: 'spki', format: 'der' });
  return { id: `sha256:${createHash('sha256').update(der).digest('hex')}`, publicKey };
}

function readKeyFile(file: string): string | undefined {
  try {
    const mode = statSync(file).mode & 0o777;
    if ((mode & 0o077) !== 0) {
      throw new GatehouseError('MACHINE_NOT_READY', `others may read the key ${file}`, {
        fix: `If nobody did: chmod 600 ${file}. Otherwise delete it; the next result makes a new one.`,
      });
    }
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return undefined;
    if (error instanceof GatehouseError) throw error;
    throw unusable(file, error);
  }
}

/** Of several processes that make one at the same moment, one wins, whole. */
function createKeyFile(file: string): void {
  const { privateKey } = generateKeyPairSync('ed25519');
  const draft = `${file}.${randomBytes(6).toString('hex')}.draft`;
  try {
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    const text = privateKey.export({ type: 'pkcs8', format: 'pem' });
    writeFileSync(draft, text, { mode: 0o600, flag: 'wx' });
    linkSync(draft, file);
  } catch (error) {
    if (errorCodeOf(error) !== 'EEXIST') throw unusable(file, error);
  } finally {
    rmSync(draft, { force: true });
  }
}

function parsePrivateKey(file: string, text: string): KeyObject {
  const key = parseKey(createPrivateKey, text);
  if (key?.asymmetricKeyType !== 'ed25519') throw unusable(file);
  return key;
}

function parseKey(create: (pem: string) => KeyObject, text: string): KeyObject | undefined {
  try {
    return create(text);
  } catch {
    return undefined;
  }
}

function unusable(file: string, cause?: unknown): GatehouseError {
  const why = cause === undefined ? 'it is no Ed25519 private key in PEM' : messageOf(cause);
  return new GatehouseError('MACHINE_NOT_READY', `the key ${file} cannot be used: ${why}`, {
    fix: 'Put back the file from your backup. Or delete it: the next result makes a new key, and earlier results are verified with the old public key.',
    cause,
  });
}
