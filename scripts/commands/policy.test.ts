import { jest } from '@jest/globals';
import { Command } from 'commander';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createTempFolder } from '../../system/temp-folder.js';
import { exitCodeOfError } from '../exit-codes.js';
import { addPolicyCommands } from './policy.js';

const APP = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, namespace: prod }
spec:
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: c, image: nginx }] }
---
apiVersion: v1
kind: Pod
metadata: { name: db, namespace: prod, labels: { app: db } }
spec: { containers: [{ name: c, image: postgres, ports: [{ containerPort: 5432 }] }] }
`;
const DB = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: db, namespace: prod }
spec:
  podSelector: { matchLabels: { app: db } }
  ingress:
  - from:
    - podSelector: { matchLabels: { app: web } }
`;
const FAULTY = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: db, namespace: prod }
spec:
  podSelector: { matchLabels: { app: nobody } }
  policyType: [Ingress]
  policyTypes: [Ingress]
  ingress:
  - from:
    - namespaceSelector: { matchLabels: { name: dev } }
    - podSelector: { matchLabels: { app: web } }
    ports:
    - port: "5432"
    - protocol: ICMP
  egress:
  - {}
`;

/** Runs `gatehouse policy …` in a folder with these files; names of the folder are left out of what it prints. */
async function run(
  args: readonly string[],
  files: Readonly<Record<string, string>>,
): Promise<{ exitCode: number; output: string; error: string }> {
  await using folder = await createTempFolder('policy-command');
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder.path, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, text);
  }
  const written: string[] = [];
  const spy = jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    written.push(String(text));
    return true;
  });
  const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
  addPolicyCommands(program);
  let [exitCode, error] = [0, ''];
  try {
    const own = args.map((arg) => (arg.startsWith('./') ? path.join(folder.path, arg) : arg));
    await program.parseAsync(['node', 'gatehouse', 'policy', ...own]);
  } catch (thrown) {
    exitCode = exitCodeOfError(thrown);
    error = String(thrown);
  } finally {
    spy.mockRestore();
  }
  const bare = (text: string): string => text.replaceAll(`${folder.path}/`, './');
  return { exitCode, output: bare(written.join('')), error: bare(error) };
}

test('explain says each policy in sentences, with its place', async () => {
  const { output, exitCode } = await run(['explain', './all'], {
    'all/app.yaml': APP,
    'all/db.yaml': DB,
  });
  expect(exitCode).toBe(0);
  expect(output).toMatchInlineSnapshot(`
   "NetworkPolicy prod/db (./all/db.yaml:1)
     Applies to pods with app=db in namespace prod.
     Ingress: only what is listed may come in: every port and protocol from pods with app=web in namespace prod.
     Egress: not touched by this policy.
   "
  `);
});

test('diff ends with 0 for the same meaning, and with 1 and a connection for another', async () => {
  const files = {
    'a.yaml': DB,
    'b/b.yaml': DB.replace('name: db', 'name: other'),
    'c.yaml': FAULTY,
  };
  expect(await run(['diff', './a.yaml', './b'], files)).toMatchObject({
    exitCode: 0,
    output: expect.stringMatching(/^Equal: /),
  });
  const { exitCode, output } = await run(['diff', './a.yaml', './c.yaml'], files);
  expect(exitCode).toBe(1);
  expect(output).toMatchInlineSnapshot(`
   "Different: ./c.yaml allows a connection that ./a.yaml denies.
     Connection: TCP 80 from a pod without labels in namespace prod to a pod with app=db in namespace prod
     ./a.yaml: Denied: policy prod/db selects pod prod/destination for ingress and none of its rules allows this source.
     ./c.yaml: Allowed: no policy isolates pod prod/source for egress or pod prod/destination for ingress.
   "
  `);
  const json = await run(['diff', './a.yaml', './c.yaml', '--json'], files);
  expect(JSON.parse(json.output)).toMatchObject({ equal: false, witness: { protocol: 'TCP' } });
});

test('diff cannot tell where it does not know an object', async () => {
  const alien = 'apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: { name: x }\n';
  const files = { 'a.yaml': DB, 'b.yaml': `${DB}---\n${alien}` };
  expect(await run(['diff', './a.yaml', './b.yaml'], files)).toMatchObject({ exitCode: 3 });
});

test('who-can names who reaches a pod and by which rule', async () => {
  const files = { 'all.yaml': `${APP}---\n${DB}` };
  const { output, exitCode } = await run(['who-can', 'prod/{app=db}', './all.yaml'], files);
  expect(exitCode).toBe(0);
  expect(output).toMatchInlineSnapshot(`
   "yes  prod/web -> prod/db TCP 5432
        Allowed: the first ingress rule of prod/db admits it.
   no   outside the cluster -> prod/db TCP 5432
        Denied: policy prod/db selects pod prod/db for ingress and none of its rules allows this source.
   "
  `);
  const other = await run(['who-can', 'prod/db', './all.yaml', '--port', '53/UDP', '--dot'], files);
  expect(other.output).toContain('"prod/web" -> "prod/db" [label="UDP 53"];');
  const drawing = await run(['who-can', 'prod/db', './all.yaml', '--svg'], files);
  expect(drawing.output).toMatch(/^<svg [^]*>prod\/web<[^]*<\/svg>\n$/);
  expect(drawing.output).not.toContain('outside');
});

test('lint names mistakes with file and line, and ends with 1', async () => {
  const { output, exitCode } = await run(['lint', './all'], {
    'all/app.yaml': APP,
    'all/p.yaml': FAULTY,
  });
  expect(exitCode).toBe(1);
  expect(output).toMatchInlineSnapshot(`
   "./all/p.yaml:5: NetworkPolicy prod/db: it selects none of the pods that are known, so it has no effect: no pod in namespace prod has app=nobody (app=db or web) [selects-nothing]
   ./all/p.yaml:6: NetworkPolicy prod/db: unknown field "policyType": did you mean "policyTypes"? [unknown-field]
   ./all/p.yaml:10: NetworkPolicy prod/db: Namespaces have no label \`name\` unless somebody puts it there. Their name is in the label \`kubernetes.io/metadata.name\`, which is always there. [namespace-label]
   ./all/p.yaml:11: NetworkPolicy prod/db: namespaceSelector and podSelector are two entries, so either one is enough; if both must hold, make them one entry [and-or]
   ./all/p.yaml:13: NetworkPolicy prod/db: "5432" in quotes is the name of a port. For the number, take the quotes away. [quoted-port]
   ./all/p.yaml:14: NetworkPolicy prod/db: spec.ingress[0].ports[1]: protocol is not TCP, UDP or SCTP [not-valid]
   ./all/p.yaml:16: NetworkPolicy prod/db: its egress rules have no effect: policyTypes does not name Egress [policy-types]
   "
  `);
  expect(await run(['lint', './db.yaml'], { 'db.yaml': DB })).toMatchObject({
    exitCode: 0,
    output: 'Nothing found in 1 policy.\n',
  });
});

test('lint says what was perhaps meant, as data too', async () => {
  const files = { 'all.yaml': `${APP}---\n${DB.replace('app: web', 'app: wbe')}` };
  const { output, exitCode } = await run(['lint', './all.yaml', '--json'], files);
  expect(exitCode).toBe(1);
  expect(JSON.parse(output)).toMatchObject([
    { file: './all.yaml', id: 'peer-matches-nothing', hint: 'app=web' },
  ]);
});

test('what cannot be read is said with its place, and ends with 2', async () => {
  const bad = await run(['lint', './bad.yaml'], { 'bad.yaml': 'kind: X\nspec: [\n' });
  expect(bad).toMatchObject({
    exitCode: 2,
    error: expect.stringMatching(/\.\/bad\.yaml:\d+:\d+: /),
  });
  expect(await run(['explain', './none.yaml'], {})).toMatchObject({ exitCode: 2 });
  expect(await run(['explain'], {})).toMatchObject({ exitCode: 2 });
  expect(await run(['who-can', 'x', './a.yaml'], { 'a.yaml': APP })).toMatchObject({ exitCode: 2 });
  expect(
    await run(['who-can', 'prod/db', './a.yaml', '--port', '70000'], { 'a.yaml': APP }),
  ).toMatchObject({ exitCode: 2 });
});
