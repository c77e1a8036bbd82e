import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { errorCodeOf, GatehouseError } from '../common/errors.js';
import { lockHolder, takeLock } from '../system/lock-file.js';

/**
 * Makes the folder where it is missing, and keeps it for one server until disposal: two would end each other's labs as
 * idle, and use up each other's sign-in links. Throws NOT_AVAILABLE.
 */
export function openStateFolder(folder: string): Disposable {
  const file = path.join(folder, 'server.lock');
  const lock = takeIn(folder, file);
  if (lock !== undefined) return lock;
  throw new GatehouseError(
    'NOT_AVAILABLE',
    `a server is running already in ${folder} (process ${lockHolder(file) ?? 'unknown'})`,
    {
      fix: '"scripts/gatehouse link" prints a sign-in link for it. A second server needs a folder and a port of its own: --state-dir FOLDER up --port N.',
    },
  );
}

function takeIn(folder: string, file: string): Disposable | undefined {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return takeLock(file);
  } catch (error) {
    const reason = REASONS[errorCodeOf(error) ?? ''];
    if (reason === undefined) throw error;
    throw new GatehouseError('NOT_AVAILABLE', `the state folder ${folder} ${reason}`, {
      fix: 'Name another one: --state-dir FOLDER.',
      cause: error,
    });
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'may not be written by this user',
  EEXIST: 'is a file, not a folder',
  ENOTDIR: 'lies below a file, not in a folder',
  EROFS: 'lies on a read-only file system',
};
