import { createHmac, randomBytes } from 'node:crypto';
import { seededLab, type Catalog, type Lab } from '../../labs/catalog.js';
import type { Database } from '../database/open-database.js';

/** Labs with values that were read for learners and are kept: reading one takes some milliseconds. */
const MOST_KEPT = 200;
const SECRET = 'values-secret';

/**
 * Labs as one learner gets them. The seed of a learner's values is made of a secret of this installation, so it
 * stays the same through resets and restarts, and nobody can compute a neighbour's.
 */
export class LearnerLabs {
  readonly #database: Database;
  readonly #catalog: () => Promise<Catalog>;
  readonly #kept = new Map<string, Promise<Lab>>();
  #secret: Promise<string> | undefined;

  constructor(database: Database, catalog: () => Promise<Catalog>) {
    this.#database = database;
    this.#catalog = catalog;
  }

  async of(lab: Lab, userId: string): Promise<Lab> {
    if (lab.drawn === undefined) return lab;
    const key = `${lab.digest} ${lab.id} ${userId}`;
    const kept = this.#kept.get(key) ?? this.#read(lab, userId);
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    kept.catch(() => this.#kept.delete(key));
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MOST_KEPT && oldest !== undefined) this.#kept.delete(oldest);
    return kept;
  }

  async #read(lab: Lab, userId: string): Promise<Lab> {
    this.#secret ??= this.#openSecret();
    const seed = createHmac('sha256', await this.#secret).update(`${userId}\0${lab.id}`);
    return seededLab(await this.#catalog(), lab, seed.digest('hex'));
  }

  async #openSecret(): Promise<string> {
    await this.#database.write((query) =>
      query
        .insertInto('settings')
        .values({ key: SECRET, value: randomBytes(32).toString('hex') })
        .onConflict((conflict) => conflict.doNothing())
        .execute(),
    );
    const { value } = await this.#database.query
      .selectFrom('settings')
      .select('value')
      .where('key', '=', SECRET)
      .executeTakeFirstOrThrow();
    return value;
  }
}
