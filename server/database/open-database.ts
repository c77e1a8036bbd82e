import { closeSync, mkdirSync, openSync } from 'node:fs';
import path from 'node:path';
import { Kysely, Migrator, SqliteDialect, sql, type SqliteDatabase } from 'kysely';
import Libsql from 'libsql';
import { GatehouseError } from '../../common/errors.js';
import { createDiskReserve, isDiskFull, type DiskReserve } from './disk-reserve.js';
import { migrationProvider } from './migrations.js';
import type { Tables } from './schema.js';

export interface Database extends AsyncDisposable {
  readonly query: Kysely<Tables>;
  /**
   * Runs work that writes. A full disk becomes DISK_FULL; with `essential`, room that was kept aside for this moment
   * is given up first, so that grades are still stored when everything else is refused.
   */
  write<T>(
    work: (query: Kysely<Tables>) => Promise<T>,
    options?: { essential?: boolean },
  ): Promise<T>;
}

const RESERVE_AFTER_MS = 3000;

export function databaseFile(stateDir: string): string {
  return path.join(stateDir, 'gatehouse.db');
}

/** Opens (and where needed makes and migrates) the database of a state folder, readable by its owner alone. */
export async function openDatabase(
  stateDir: string,
  options: { reserveAfterMs?: number } = {},
): Promise<Database> {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const reserve = createDiskReserve(path.join(stateDir, 'disk-reserve'));
  const file = databaseFile(stateDir);
  // The folder may be open to other users of this machine, for the sake of clusters; this file is not.
  closeSync(openSync(file, 'a', 0o600));
  const libsql = new Libsql(file);
  libsql.exec('pragma busy_timeout = 5000; pragma journal_mode = wal; pragma foreign_keys = on');
  libsql.exec('pragma synchronous = normal');
  const query = new Kysely<Tables>({
    dialect: new SqliteDialect({ database: forgivingRollback(libsql) }),
  });
  const { error } = await new Migrator({
    db: query,
    provider: migrationProvider,
  }).migrateToLatest();
  if (error !== undefined) {
    await query.destroy();
    throw isDiskFull(error)
      ? diskFull(error)
      : new GatehouseError('MACHINE_NOT_READY', `the database ${file} could not be opened`, {
          cause: error,
          fix: 'Check that the file belongs to this version of Gatehouse and that you may write to it.',
        });
  }
  // Process crashes lose nothing in WAL; `full` keeps grades through a power cut too, and we write rarely.
  libsql.exec('pragma synchronous = full');
  // Not before the first page: it takes the disk a moment.
  const later = setTimeout(() => reserve.fill(), options.reserveAfterMs ?? RESERVE_AFTER_MS);
  later.unref();
  return {
    query,
    write: (work, { essential } = {}) =>
      writeWith({ query, reserve }, { work, essential: essential === true }),
    async [Symbol.asyncDispose]() {
      clearTimeout(later);
      await sql`pragma wal_checkpoint(truncate)`.execute(query).catch(() => undefined);
      await query.destroy();
    },
  };
}

async function writeWith<T>(
  { query, reserve }: { query: Kysely<Tables>; reserve: DiskReserve },
  { work, essential }: { work: (query: Kysely<Tables>) => Promise<T>; essential: boolean },
): Promise<T> {
  // Once the reserve had to be touched, the room that is left belongs to grades until it can be set aside again.
  if (!essential && reserve.state() === 'gone' && !reserve.fill()) throw diskFull();
  try {
    return await work(query);
  } catch (error) {
    if (!isDiskFull(error)) throw error;
    if (!essential || reserve.state() !== 'kept') throw diskFull(error);
    reserve.release();
    try {
      return await work(query);
    } catch (again) {
      throw isDiskFull(again) ? diskFull(again) : again;
    }
  }
}

/**
 * SQLite itself rolls back when the disk is full; Kysely then asks for it once more, and the refusal of that would hide
 * what really happened.
 */
function forgivingRollback(libsql: Libsql.Database): SqliteDatabase {
  return {
    close: () => {
      libsql.close();
    },
    prepare: (statement) =>
      libsql.prepare(
        statement === 'rollback' && !libsql.inTransaction ? 'select 0 where false' : statement,
      ),
  };
}

function diskFull(cause?: unknown): GatehouseError {
  return new GatehouseError('DISK_FULL', "the disk that holds this server's data is full", {
    cause,
    fix: 'Grades are kept. Whoever runs this server must free some space; then try again.',
  });
}
