import type { Database } from '../database/open-database.js';
import { createId } from '../identity/tokens.js';

export interface SessionRow {
  id: string;
  userId: string;
  lab: string;
  cluster: string;
  step: string;
  /** Milliseconds since 1970. */
  createdAt: number;
  lastActiveAt: number;
}

/** What the database knows of running labs: enough to find them again after a restart. */
export class SessionStore {
  readonly #database: Database;
  #installation: string | undefined;

  constructor(database: Database) {
    this.#database = database;
  }

  async add(row: SessionRow): Promise<void> {
    await this.#database.write((query) =>
      query
        .insertInto('lab_sessions')
        .values({
          id: row.id,
          user_id: row.userId,
          lab: row.lab,
          cluster: row.cluster,
          step: row.step,
          created_at: isoTime(row.createdAt),
          last_active_at: isoTime(row.lastActiveAt),
          ended_at: null,
          end_reason: null,
        })
        .execute(),
    );
  }

  async running(): Promise<SessionRow[]> {
    const rows = await this.#database.query
      .selectFrom('lab_sessions')
      .selectAll()
      .where('ended_at', 'is', null)
      .execute();
    return rows.map((row) => ({
      id: row.id,
      userId: row.user_id,
      lab: row.lab,
      cluster: row.cluster,
      step: row.step,
      createdAt: Date.parse(row.created_at),
      lastActiveAt: Date.parse(row.last_active_at),
    }));
  }

  async visit(id: string, step: string): Promise<void> {
    await this.#database.write((query) =>
      query.updateTable('lab_sessions').set({ step }).where('id', '=', id).execute(),
    );
  }

  async touch(id: string, lastActiveAt: number): Promise<void> {
    await this.#database.write((query) =>
      query
        .updateTable('lab_sessions')
        .set({ last_active_at: isoTime(lastActiveAt) })
        .where('id', '=', id)
        .execute(),
    );
  }

  async end(id: string, reason: string): Promise<void> {
    await this.#database.write(
      (query) =>
        query
          .updateTable('lab_sessions')
          .set({ ended_at: isoTime(Date.now()), end_reason: reason })
          .where('id', '=', id)
          .where('ended_at', 'is', null)
          .execute(),
      // Ending frees room, also on the disk: it must work when the disk is full.
      { essential: true },
    );
  }

  async userName(userId: string): Promise<string> {
    const row = await this.#database.query
      .selectFrom('users')
      .select('name')
      .where('id', '=', userId)
      .executeTakeFirst();
    return row?.name ?? 'unknown';
  }

  /** A name of this installation, on the labels of its clusters: other servers' clusters are not ours to sweep. */
  async installation(): Promise<string> {
    if (this.#installation !== undefined) return this.#installation;
    await this.#database.write((query) =>
      query
        .insertInto('settings')
        .values({ key: 'installation', value: createId() })
        .onConflict((conflict) => conflict.doNothing())
        .execute(),
    );
    const row = await this.#database.query
      .selectFrom('settings')
      .select('value')
      .where('key', '=', 'installation')
      .executeTakeFirstOrThrow();
    this.#installation = row.value;
    return row.value;
  }
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
