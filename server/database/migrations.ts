import { sql, type Kysely, type Migration, type MigrationProvider } from 'kysely';

/** Every change of the tables, oldest first. Only ever add to the end: installations have run the others. */
const MIGRATIONS: Record<string, Migration> = {
  '0001-first': { up: createFirstTables },
  '0002-hints': { up: createOpenedHints },
  '0003-evidence': { up: createEvidence },
  '0004-regrades': { up: createRegrades },
  '0005-removed-evidence': { up: createRemovedEvidence },
};

export const migrationProvider: MigrationProvider = {
  getMigrations: () => Promise.resolve(MIGRATIONS),
};

async function createFirstTables(database: Kysely<unknown>): Promise<void> {
  await execute(database, [
    `create table settings (key text primary key, value text not null)`,
    `create table users (
       id text primary key, name text not null, role text not null, class_id text, created_at text not null)`,
    `create unique index users_by_class_and_name on users (class_id, lower(name)) where class_id is not null`,
    `create table classes (
       id text primary key, title text not null, code text not null unique, created_by text not null,
       created_at text not null, expires_at text not null)`,
    `create table sign_in_links (
       token_hash text primary key, user_id text not null references users (id) on delete cascade,
       created_at text not null, expires_at text not null, used_at text)`,
    `create table browser_sessions (
       token_hash text primary key, user_id text not null references users (id) on delete cascade,
       created_at text not null, last_seen_at text not null, expires_at text not null)`,
    `create table lab_sessions (
       id text primary key, user_id text not null references users (id) on delete cascade, lab text not null,
       cluster text not null unique, step text not null, created_at text not null, last_active_at text not null,
       ended_at text, end_reason text)`,
    // One running lab of a kind per learner: two quick clicks must not make two clusters.
    `create unique index lab_sessions_running on lab_sessions (user_id, lab) where ended_at is null`,
    `create table attempts (
       id integer primary key, user_id text not null references users (id) on delete cascade, lab text not null,
       step text not null, lab_session_id text not null, created_at text not null, outcome text not null,
       earned real not null, possible real not null, lab_digest text not null, result text not null)`,
    `create index attempts_by_step on attempts (user_id, lab, step, id)`,
    `create table step_progress (
       user_id text not null references users (id) on delete cascade, lab text not null, step text not null,
       best_earned real not null, possible real not null, attempts integer not null, last_outcome text not null,
       passed_at text, updated_at text not null, primary key (user_id, lab, step))`,
    `create table answers (
       user_id text not null references users (id) on delete cascade, lab text not null, question text not null,
       value text not null, updated_at text not null, primary key (user_id, lab, question))`,
  ]);
}

async function createOpenedHints(database: Kysely<unknown>): Promise<void> {
  await execute(database, [
    `create table opened_hints (
       user_id text not null references users (id) on delete cascade, lab text not null, check_id text not null,
       tier integer not null, cost real not null, opened_at text not null,
       primary key (user_id, lab, check_id, tier))`,
  ]);
}

async function createEvidence(database: Kysely<unknown>): Promise<void> {
  await execute(database, [
    `create table evidence (
       attempt_id integer primary key references attempts (id) on delete cascade, digest text not null,
       content blob not null)`,
  ]);
}

async function createRegrades(database: Kysely<unknown>): Promise<void> {
  await execute(database, [
    `create table regrades (
       id integer primary key, attempt_id integer not null references attempts (id) on delete cascade,
       created_at text not null, outcome text not null, earned real not null, possible real not null,
       lab_digest text not null, grader_version text not null, result text not null)`,
    `create index regrades_by_attempt on regrades (attempt_id, id)`,
  ]);
}

async function createRemovedEvidence(database: Kysely<unknown>): Promise<void> {
  await execute(database, [
    `create table removed_evidence (
       attempt_id integer primary key references attempts (id) on delete cascade, removed_at text not null)`,
  ]);
}

async function execute(database: Kysely<unknown>, statements: readonly string[]): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(database);
}
