import { mkdtemp, rm, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { findLab, loadCatalog } from './catalog.js';
import { labJsonSchema } from './lab-schema.js';
import { lintCatalog } from './lint.js';
import { scaffoldLab } from './scaffold.js';

/** A new lab in a folder of its own, with one file changed. */
async function createLabs(change?: { file: string; from: string; to: string }) {
  const root = await mkdtemp(path.join(tmpdir(), 'gatehouse-labs-'));
  await scaffoldLab(root, '05-networking/17-my-lab');
  if (change !== undefined) {
    const file = path.join(root, '05-networking/17-my-lab', change.file);
    const text = await readFile(file, 'utf8');
    expect(text).toContain(change.from);
    await writeFile(file, text.replace(change.from, change.to));
  }
  return { root, [Symbol.asyncDispose]: () => rm(root, { recursive: true }) };
}

async function problemsAfter(change: { file: string; from: string; to: string }) {
  await using labs = await createLabs(change);
  const problems = await lintCatalog(await loadCatalog(labs.root));
  return problems.map(
    ({ file, line, column, message, fix }) =>
      `${path.basename(file)}:${line}:${column} ${message}. ${fix}`,
  );
}

test('every lab that ships loads and passes lint', async () => {
  const catalog = await loadCatalog('labs');
  expect(await lintCatalog(catalog)).toEqual([]);
  expect(catalog.labs.map(({ id }) => id)).toEqual([
    '05-networking/07-deploy-calico',
    '05-networking/08-curl-pods',
    '05-networking/09-deny-all',
    '05-networking/10-scooter-db',
  ]);
  expect(catalog.chapters[0]?.title).toBe('Networking, part one');
});

test('a new lab passes lint as it is', async () => {
  await using labs = await createLabs();
  const catalog = await loadCatalog(labs.root);
  expect(await lintCatalog(catalog)).toEqual([]);
  expect(catalog.labs[0]).toMatchObject({
    number: '17',
    slug: 'my-lab',
    definition: { title: 'My lab' },
  });
});

test('a new lab never takes a number or a folder that exists', async () => {
  await using labs = await createLabs();
  await expect(scaffoldLab(labs.root, '05-networking/17-other')).rejects.toThrow(
    'taken by 17-my-lab',
  );
  await expect(scaffoldLab(labs.root, '../17-other')).rejects.toThrow('cannot be a lab');
});

test('the published JSON Schema is the one the loader uses', async () => {
  const published: unknown = JSON.parse(await readFile('labs/lab.schema.json', 'utf8'));
  expect(published).toEqual(JSON.parse(labJsonSchema()));
});

test('the digest changes with any file and with nothing else', async () => {
  await using one = await createLabs();
  await using same = await createLabs();
  await using other = await createLabs({
    file: 'wrong/nobody/policy.yaml',
    from: 'cleint',
    to: 'clinet',
  });
  const [a, b, c] = await Promise.all(
    [one, same, other].map(async ({ root }) => (await loadCatalog(root)).labs[0]?.digest),
  );
  expect(a).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(b).toBe(a);
  expect(c).not.toBe(a);
});

test('a broken lab is told with its place while the others still load', async () => {
  await using labs = await createLabs({
    file: 'lab.yaml',
    from: 'minutes: 15',
    to: 'minutes: soon',
  });
  await scaffoldLab(labs.root, '05-networking/18-fine');
  const catalog = await loadCatalog(labs.root);
  expect(catalog.labs.map(({ id }) => id)).toEqual(['05-networking/18-fine']);
  expect(catalog.problems).toEqual([
    {
      lab: '05-networking/17-my-lab',
      file: '05-networking/17-my-lab/lab.yaml',
      line: 5,
      column: 10,
      message: '"minutes" is the text "soon"',
      fix: 'It must be a number.',
    },
  ]);
});

test.each([
  [
    'a misspelt field',
    { file: 'lab.yaml', from: 'objectives:', to: 'objektives:' },
    ['lab.yaml:6:1 "objektives" is not a field of the file. Did you mean "objectives"?'],
  ],
  [
    'a misspelt kind of check',
    { file: 'lab.yaml', from: 'kind: reachability', to: 'kind: reachabilty' },
    [
      'lab.yaml:23:15 "steps[0].checks[0].kind" is the text "reachabilty". Did you mean "reachability"? Allowed: reachability, resource, cluster, intent, answer.',
    ],
  ],
  [
    'an unknown dependency',
    { file: 'lab.yaml', from: 'dependsOn: [stranger-denied]', to: 'dependsOn: [stranger-denid]' },
    ['lab.yaml:37:21 "stranger-denid" is no check of this step. Did you mean "stranger-denied"?'],
  ],
  [
    'hints that cost more than the check can earn',
    {
      file: 'lab.yaml',
      from: 'dependsOn: [stranger-denied]',
      to: 'dependsOn: [stranger-denied]\n        hintCosts: [1, 9]',
    },
    [
      'lab.yaml:38:20 the hints cost more than the 2 points of the check. Let them cost less together than the check can earn.',
    ],
  ],
  [
    'an endpoint that nobody can read',
    { file: 'lab.yaml', from: 'from: "shop/{app=stranger}"', to: 'from: "shop:stranger"' },
    [
      'lab.yaml:31:21 "shop:stranger" names no endpoint; write namespace/pod, namespace/{app=web}, service:namespace/name, node:name, outside:name or ip:address. See "Endpoints" in labs/README.md.',
    ],
  ],
  [
    'an unknown fence',
    { file: 'steps/1-close.md', from: '```run', to: '```runn' },
    ['1-close.md:3:1 unknown fence "runn". Did you mean "run"?'],
  ],
  [
    'raw HTML',
    { file: 'steps/1-close.md', from: 'not how.', to: 'not <b>how</b>.' },
    [
      '1-close.md:7:1 raw HTML "<b>". Write it in backquotes, or in words.',
      '1-close.md:7:1 raw HTML "</b>". Write it in backquotes, or in words.',
    ],
  ],
  [
    'an unknown placeholder',
    { file: 'steps/1-close.md', from: 'not how.', to: 'not how, {{ learner.nam }}.' },
    ['1-close.md:7:1 unknown placeholder {{ learner.nam }}. Did you mean {{ learner.name }}?'],
  ],
  [
    'a question that nobody asks',
    { file: 'steps/1-close.md', from: '```question id=direction\n```', to: '' },
    [
      'lab.yaml:18:5 the question "direction" is asked 0 times. Ask it once, with a fence ```question id=direction',
    ],
  ],
  [
    'a wrong answer for a check that is not there',
    { file: 'wrong/nobody/expect.yaml', from: 'client-allowed', to: 'client-alowed' },
    ['expect.yaml:4:11 "client-alowed" is no check of step close. Did you mean "client-allowed"?'],
  ],
  [
    'a namespace that the set-up does not make',
    { file: 'setup/10-shop.yaml', from: '  name: shop\n', to: '  name: shopp\n' },
    [
      'setup:1:1 Pod web is in the namespace "shop", which no file of setup/ makes. Add the Namespace, in a file that comes before.',
      'setup:1:1 Pod client is in the namespace "shop", which no file of setup/ makes. Add the Namespace, in a file that comes before.',
      'setup:1:1 Pod stranger is in the namespace "shop", which no file of setup/ makes. Add the Namespace, in a file that comes before.',
      'setup:1:1 Service web is in the namespace "shop", which no file of setup/ makes. Add the Namespace, in a file that comes before.',
    ],
  ],
])('lint explains %s', async (_what, change, problems) => {
  expect(await problemsAfter(change)).toEqual(problems);
});

test('a lab is found by its full name and by any tail that only it has', async () => {
  await using labs = await createLabs();
  await scaffoldLab(labs.root, '06-storage/03-my-lab');
  const catalog = await loadCatalog(labs.root);
  expect(findLab(catalog, '05-networking/17-my-lab').number).toBe('17');
  expect(findLab(catalog, '03-my-lab').chapter).toBe('06-storage');
  expect(() => findLab(catalog, 'my-lab')).toThrow('"my-lab" names 2 labs');
});

test('an unknown lab names the nearest', async () => {
  const catalog = await loadCatalog('labs');
  expect(findLab(catalog, 'deny-all').id).toBe('05-networking/09-deny-all');
  expect(() => findLab(catalog, 'deny-al')).toThrow('There is no lab "deny-al"');
  try {
    findLab(catalog, 'deny-al');
  } catch (error) {
    expect(error).toMatchObject({
      code: 'LAB_NOT_FOUND',
      fix: 'Did you mean 05-networking/09-deny-all?',
    });
  }
});
