import { findLab, loadCatalog } from '../../labs/catalog.js';
import { createTempFolder } from '../../system/temp-folder.js';
import { openDatabase } from '../database/open-database.js';
import { joinAs, startTestServer, type Browser } from '../test-support/start-test-server.js';
import { LearnerLabs } from './learner-labs.js';

test('a learner keeps the values through a restart, another learner and another installation have others', async () => {
  const catalog = await loadCatalog('labs');
  const lab = findLab(catalog, 'curl-pods');
  const load = () => Promise.resolve(catalog);
  await using here = await createTempFolder('values');
  await using there = await createTempFolder('values');
  const portsIn = async (folder: string, users: readonly string[]) => {
    await using database = await openDatabase(folder);
    const labs = new LearnerLabs(database, load);
    const own = await Promise.all(users.map((user) => labs.of(lab, user)));
    return own.map(({ drawn }) => drawn?.values['api-port']);
  };
  const users = ['ada', 'bob', 'eve', 'zoe'];
  const first = await portsIn(here.path, users);
  expect(new Set(first).size).toBeGreaterThan(1);
  expect(await portsIn(here.path, users.toReversed())).toEqual(first.toReversed());
  expect(await portsIn(there.path, users)).not.toEqual(first);
});

test('a lab without values is the same for all', async () => {
  const catalog = await loadCatalog('labs');
  const lab = findLab(catalog, 'deny-all');
  await using folder = await createTempFolder('values');
  await using database = await openDatabase(folder.path);
  expect(await new LearnerLabs(database, () => Promise.resolve(catalog)).of(lab, 'ada')).toBe(lab);
});

test("a learner's page shows the learner's own values, and the same ones again", async () => {
  await using running = await startTestServer();
  const portShownTo = async (browser: Browser): Promise<string | undefined> => {
    const { text } = await browser.get('/labs/05-networking/08-curl-pods/servers').expect(200);
    expect(text).not.toContain('{{');
    return /dial port <strong>(\d+)<\/strong>/.exec(text)?.[1];
  };
  const learners = await Promise.all(['Ada', 'Bob', 'Eve'].map((name) => joinAs(running, name)));
  const ports = await Promise.all(learners.map(portShownTo));
  expect(ports).not.toContain(undefined);
  expect(new Set(ports).size).toBeGreaterThan(1);
  expect(await Promise.all(learners.map(portShownTo))).toEqual(ports);
});
