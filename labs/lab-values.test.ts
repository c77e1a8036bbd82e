import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runChecks } from '../graders/run-checks.js';
import { recordedCluster, serviceObject } from '../graders/test-cluster.js';
import { findLab, loadCatalog, seededLab, type Lab } from './catalog.js';
import { drawValues, fillValues } from './lab-values.js';
import { loadLab } from './load-lab.js';

const VALUES = 'port: { from: 8001, to: 8999 }\ncolour: { oneOf: [red, green, blue] }\n';
const ID = '05-networking/08-curl-pods';

test('a seed always draws the same values, within what is declared', () => {
  const { values, problems } = drawValues(VALUES, 'ada');
  expect(problems).toEqual([]);
  expect(drawValues(VALUES, 'ada').values).toEqual(values);
  for (const seed of ['a', 'b', 'c', 'd', 'e', 'f']) {
    const drawn = drawValues(VALUES, seed).values;
    expect(drawn['port']).toBeGreaterThanOrEqual(8001);
    expect(drawn['port']).toBeLessThanOrEqual(8999);
    expect(['red', 'green', 'blue']).toContain(drawn['colour']);
  }
});

test('seeds draw different values, all of a short list among them', () => {
  const seeds = Array.from({ length: 100 }, (_, i) => `learner-${i}`);
  const drawn = seeds.map((seed) => drawValues(VALUES, seed).values);
  expect(new Set(drawn.map(({ port }) => port)).size).toBeGreaterThan(80);
  expect(new Set(drawn.map(({ colour }) => colour)).size).toBe(3);
});

test.each([
  ['lab.yaml', "port: '{{ values.port }}'", 'port: 8080'],
  ['lab.yaml', 'port: "{{values.port}}"', 'port: 8080'],
  ['lab.yaml', "title: 'Port {{ values.port }}'", "title: 'Port 8080'"],
  ['lab.yaml', "app: '{{ values.colour }}'", "app: 'red'"],
  ['1-look.md', "dial '{{ values.port }}'", "dial '8080'"],
  ['1-look.md', 'for {{ learner.name }}', 'for {{ learner.name }}'],
  ['commands.sh', 'curl web:{{ values.port }}', 'curl web:8080'],
])('in %s, %s becomes %s', (name, text, filled) => {
  expect(fillValues({ name, text }, { port: 8080, colour: 'red' })).toEqual({
    filled,
    problems: [],
  });
});

test('the same lab differs from learner to learner in every place where the value stands', async () => {
  const catalog = await loadCatalog('labs');
  const lab = findLab(catalog, ID);
  const other = await seededLab(catalog, lab, 'other');
  const port = Number(other.drawn?.values['api-port']);
  expect(port).not.toBe(lab.drawn?.values['api-port']);
  expect(other.digest).toBe(lab.digest);
  const places = JSON.stringify([other.steps, other.wrong, other.diagrams]);
  expect(places).not.toContain('{{ values');
  expect(other.steps[0]?.markdown).toContain(`port **${port}**`);
  expect(other.steps[0]?.solution?.commands).toContain(`--port=${port} `);
  const rows = other.steps.flatMap(({ definition }) =>
    definition.checks.flatMap((check) => (check.kind === 'reachability' ? check.rows : [])),
  );
  expect(rows.map((row) => row.port)).toContain(port);
  const same = findLab(catalog, '09-deny-all');
  expect(await seededLab(catalog, same, 'other')).toBe(same);
});

test("a neighbour's answer fails, and says which value was asked for", async () => {
  const catalog = await loadCatalog('labs');
  const lab = findLab(catalog, ID);
  const other = await seededLab(catalog, lab, 'other');
  const portOf = ({ drawn }: Lab) => Number(drawn?.values['api-port']);
  const [mine, theirs] = [portOf(other), portOf(lab)];
  const cluster = recordedCluster([serviceObject('stock/api', { app: 'api' }, [theirs, 80])]);
  const judge = async (which: Lab) => {
    const { checks, seed } = await runChecks({ lab: which, cluster, answers: {}, patience: 0 });
    expect(seed).toBe(which.drawn?.seed);
    return checks.find(({ id }) => id === 'api-service');
  };
  expect((await judge(lab))?.outcome).toBe('passed');
  expect(await judge(other)).toMatchObject({
    outcome: 'failed',
    message: expect.stringContaining(`should be ${mine}, but is ${theirs}`),
  });
});

test.each([
  [
    'a value that is not declared',
    {
      file: 'steps/1-servers.md',
      from: '{{ values.api-port }}',
      to: '{{ values.api-prot }}',
    },
    [
      'steps/1-servers.md:16:64 there is no value "api-prot" in values.yaml. Did you mean "api-port"?',
      expect.stringContaining('unknown placeholder {{ values.api-prot }}'),
    ],
  ],
  [
    'a range that is none',
    { file: 'values.yaml', from: 'to: 8999', to: 'to: 1' },
    [expect.stringMatching(/^values.yaml:2:11 .*"from" below "to"/)],
  ],
])('%s is told with its place', async (_, { file, from, to }, told) => {
  const copy = await mkdtemp(path.join(tmpdir(), 'lab-values-'));
  await cp(path.join('labs', ID), copy, { recursive: true });
  const text = await readFile(path.join(copy, file), 'utf8');
  await writeFile(path.join(copy, file), text.replace(from, to));
  const { lab, problems } = await loadLab(copy, ID);
  await rm(copy, { recursive: true });
  expect(lab).toBeUndefined();
  expect(
    problems
      .filter((problem) => problem.file.endsWith(file))
      .map(
        ({ file: where, line, column, message, fix }) =>
          `${where.slice(ID.length + 1)}:${line}:${column} ${message}. ${fix}`,
      ),
  ).toEqual(told);
});
