import { GatehouseError } from '../../common/errors.js';
import type { Database } from '../database/open-database.js';
import { parseRole, type Role, type User } from './roles.js';
import { createClassCode, createId, createToken, hashToken } from './tokens.js';

export const OWNER_ID = 'owner';
const LINK_HOURS = 24;
const HOUR_MS = 3_600_000;
/** How stale `last_seen_at` may be: not every page view is worth a write. */
const SEEN_EVERY_MS = 10 * 60_000;

export interface ClassInfo {
  id: string;
  title: string;
  code: string;
  expiresAt: string;
  learners: number;
}

/** Who is there: users, the links that let them in, and the browsers that are signed in. */
export class Identity {
  readonly #database: Database;
  readonly #signInMs: number;

  constructor(database: Database, options: { signInDays: number }) {
    this.#database = database;
    this.#signInMs = options.signInDays * 24 * HOUR_MS;
  }

  /** A token that signs its first user in as the owner of this installation. */
  async createOwnerLink(): Promise<string> {
    await this.#database.write((query) =>
      query
        .insertInto('users')
        .values({ id: OWNER_ID, name: 'Owner', role: 'admin', class_id: null, created_at: now() })
        .onConflict((conflict) => conflict.doNothing())
        .execute(),
    );
    return this.createLink(OWNER_ID);
  }

  /** A token that signs its first user in as `userId`, for a day. Earlier unused ones of that user stop working. */
  async createLink(userId: string): Promise<string> {
    const token = createToken();
    await this.#database.write((query) =>
      query.transaction().execute(async (transaction) => {
        await transaction
          .deleteFrom('sign_in_links')
          .where((where) =>
            where.or([where('user_id', '=', userId), where('expires_at', '<', now())]),
          )
          .execute();
        await transaction
          .insertInto('sign_in_links')
          .values({
            token_hash: hashToken(token),
            user_id: userId,
            created_at: now(),
            expires_at: after(LINK_HOURS * HOUR_MS),
            used_at: null,
          })
          .execute();
      }),
    );
    return token;
  }

  /** Exchanges a link's token, once, for the token of a signed-in browser. */
  async redeemLink(token: string): Promise<string> {
    const used = await this.#database.write((query) =>
      query
        .updateTable('sign_in_links')
        .set({ used_at: now() })
        .where('token_hash', '=', hashToken(token))
        .where('used_at', 'is', null)
        .where('expires_at', '>', now())
        .returning('user_id')
        .executeTakeFirst(),
    );
    if (used === undefined) {
      throw new GatehouseError(
        'SIGN_IN_NEEDED',
        'this sign-in link was used before, or is too old',
        {
          fix: 'Each link works once. Ask for a new one: on your own machine run "scripts/gatehouse link", in a class ask your instructor.',
        },
      );
    }
    return this.#signIn(used.user_id);
  }

  /** The user of a signed-in browser; undefined for tokens that are unknown or too old. */
  async findUser(token: string): Promise<User | undefined> {
    const row = await this.#database.query
      .selectFrom('browser_sessions')
      .innerJoin('users', 'users.id', 'browser_sessions.user_id')
      .select(['users.id', 'users.name', 'users.role', 'users.class_id', 'last_seen_at'])
      .where('token_hash', '=', hashToken(token))
      .where('expires_at', '>', now())
      .executeTakeFirst();
    if (row === undefined) return undefined;
    if (Date.parse(row.last_seen_at) < Date.now() - SEEN_EVERY_MS) await this.#seen(token);
    return toUser(row);
  }

  async signOut(token: string): Promise<void> {
    await this.#database.write((query) =>
      query.deleteFrom('browser_sessions').where('token_hash', '=', hashToken(token)).execute(),
    );
  }

  async createClass(
    title: string,
    { createdBy, days }: { createdBy: string; days: number },
  ): Promise<ClassInfo> {
    const row = {
      id: createId(),
      title,
      code: createClassCode(),
      created_by: createdBy,
      created_at: now(),
      expires_at: after(days * 24 * HOUR_MS),
    };
    await this.#database.write((query) => query.insertInto('classes').values(row).execute());
    return { id: row.id, title, code: row.code, expiresAt: row.expires_at, learners: 0 };
  }

  /** Classes that can still be joined, newest first. */
  async listClasses(): Promise<ClassInfo[]> {
    const rows = await this.#database.query
      .selectFrom('classes')
      .leftJoin('users', 'users.class_id', 'classes.id')
      .select(({ fn }) => [
        'classes.id',
        'classes.title',
        'classes.code',
        'classes.expires_at',
        fn.count<number>('users.id').as('learners'),
      ])
      .where('classes.expires_at', '>', now())
      .groupBy('classes.id')
      .orderBy('classes.created_at', 'desc')
      .execute();
    return rows.map(({ expires_at, ...row }) => ({ ...row, expiresAt: expires_at }));
  }

  async findClass(code: string): Promise<ClassInfo | undefined> {
    const wanted = code.trim().toLowerCase();
    return (await this.listClasses()).find((each) => each.code === wanted);
  }

  /** Makes a learner of a class and signs the browser in as that learner. */
  async joinClass(code: string, name: string): Promise<string> {
    const joined = await this.findClass(code);
    if (joined === undefined) {
      throw new GatehouseError('NOT_FOUND', 'this class link is unknown or has ended', {
        fix: 'Ask your instructor for the current link.',
      });
    }
    const id = createId();
    const added = await this.#database.write((query) =>
      query
        .insertInto('users')
        .values({ id, name, role: 'learner', class_id: joined.id, created_at: now() })
        .onConflict((conflict) => conflict.doNothing())
        .returning('id')
        .executeTakeFirst(),
    );
    if (added === undefined) {
      throw new GatehouseError('BAD_REQUEST', `somebody in this class is already called ${name}`, {
        fix: 'Choose another name. If it was you in another browser, ask your instructor for your own sign-in link.',
      });
    }
    return this.#signIn(id);
  }

  async createUser(name: string, role: Role): Promise<User> {
    const id = createId();
    await this.#database.write((query) =>
      query
        .insertInto('users')
        .values({ id, name, role, class_id: null, created_at: now() })
        .execute(),
    );
    return { id, name, role, classId: undefined };
  }

  async findUserById(id: string): Promise<User | undefined> {
    const row = await this.#database.query
      .selectFrom('users')
      .select(['id', 'name', 'role', 'class_id'])
      .where('id', '=', id)
      .executeTakeFirst();
    return row === undefined ? undefined : toUser(row);
  }

  async listUsers(): Promise<(User & { classTitle: string | undefined })[]> {
    const rows = await this.#database.query
      .selectFrom('users')
      .leftJoin('classes', 'classes.id', 'users.class_id')
      .select(['users.id', 'users.name', 'users.role', 'users.class_id', 'classes.title'])
      .orderBy('users.name')
      .execute();
    return rows.map((row) => ({ ...toUser(row), classTitle: row.title ?? undefined }));
  }

  async #signIn(userId: string): Promise<string> {
    const token = createToken();
    await this.#database.write((query) =>
      query.transaction().execute(async (transaction) => {
        await transaction.deleteFrom('browser_sessions').where('expires_at', '<', now()).execute();
        await transaction
          .insertInto('browser_sessions')
          .values({
            token_hash: hashToken(token),
            user_id: userId,
            created_at: now(),
            last_seen_at: now(),
            expires_at: after(this.#signInMs),
          })
          .execute();
      }),
    );
    return token;
  }

  async #seen(token: string): Promise<void> {
    try {
      await this.#database.write((query) =>
        query
          .updateTable('browser_sessions')
          .set({ last_seen_at: now(), expires_at: after(this.#signInMs) })
          .where('token_hash', '=', hashToken(token))
          .execute(),
      );
    } catch (error) {
      // Reading goes on when the disk is full; staying signed in longer is not worth a failed page.
      if (!(error instanceof GatehouseError && error.code === 'DISK_FULL')) throw error;
    }
  }
}

function toUser(row: { id: string; name: string; role: string; class_id: string | null }): User {
  return {
    id: row.id,
    name: row.name,
    role: parseRole(row.role),
    classId: row.class_id ?? undefined,
  };
}

function now(): string {
  return new Date().toISOString();
}

function after(ms: number): string {
  return new Date(Date.now() + ms).toISOString();
}
