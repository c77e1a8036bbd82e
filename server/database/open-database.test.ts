import { sql } from 'kysely';
import { createTempFolder } from '../../system/temp-folder.js';
import { openDatabase } from './open-database.js';

test('what was stored is there after the database is opened again', async () => {
  await using folder = await createTempFolder('database');
  {
    await using database = await openDatabase(folder.path);
    await database.write((query) =>
      query.insertInto('settings').values({ key: 'colour', value: 'green' }).execute(),
    );
  }
  await using database = await openDatabase(folder.path);
  const rows = await database.query.selectFrom('settings').selectAll().execute();
  expect(rows).toEqual([{ key: 'colour', value: 'green' }]);
});

test('a full database refuses with DISK_FULL and says what to do', async () => {
  await using folder = await createTempFolder('database');
  await using database = await openDatabase(folder.path);
  await fillUp(database);
  const writing = database.write((query) =>
    query
      .insertInto('settings')
      .values({ key: 'big', value: 'x'.repeat(1e6) })
      .execute(),
  );
  await expect(writing).rejects.toMatchObject({
    code: 'DISK_FULL',
    fix: expect.stringContaining('free some space'),
  });
});

test('an essential write that fails gives up the reserve and is tried once more', async () => {
  await using folder = await createTempFolder('database');
  await using database = await openDatabase(folder.path, { reserveAfterMs: 0 });
  await new Promise((done) => setTimeout(done, 200));
  let tries = 0;
  const outcome = await database.write(
    () => {
      tries += 1;
      if (tries === 1)
        return Promise.reject(Object.assign(new Error('full'), { code: 'SQLITE_FULL' }));
      return Promise.resolve('stored');
    },
    { essential: true },
  );
  expect(outcome).toBe('stored');
  expect(tries).toBe(2);
});

async function fillUp(database: Awaited<ReturnType<typeof openDatabase>>): Promise<void> {
  await sql`pragma max_page_count = 10`.execute(database.query);
}
