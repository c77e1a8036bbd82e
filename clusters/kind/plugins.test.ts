import { rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { SILENT } from '../../common/logger.js';
import { createTempFolder } from '../../system/temp-folder.js';
import { createContext } from './context.js';
import { imagesOf, pluginManifest, PLUGINS } from './plugins.js';
import { Programs } from './programs.js';
import { KindSettings } from './settings.js';

test('images of a manifest are found, fields of definitions are not', () => {
  const manifest =
    'apiVersion: apps/v1\nkind: DaemonSet\nspec: {template: {spec: {initContainers: [{image: "a:1"}], containers: [{image: "b:2"}]}}}\n---\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nspec: {image: no}\n';
  expect(imagesOf(manifest)).toEqual(['a:1', 'b:2']);
});

test('a manifest that is not the one we know is refused, with what to look at', async () => {
  await using folder = await createTempFolder('plugins');
  const manifest = path.join(folder.path, 'calico.yaml');
  writeFileSync(manifest, 'apiVersion: v1\nkind: List\nitems: []\n');
  const settings = KindSettings.parse({
    plugins: { calico: { file: manifest, sha256: '0'.repeat(64) } },
  });
  const context = createContext({
    stateDir: folder.path,
    logger: SILENT,
    settings,
    programs: new Programs({ path: '' }),
  });
  await expect(pluginManifest(context, 'calico')).rejects.toMatchObject({
    code: 'MACHINE_NOT_READY',
    message: expect.stringContaining('is not the one that is trusted'),
  });
  const { official } = PLUGINS.calico;
  // Calico 3.30 knows Kubernetes up to 1.34, 3.32 what comes after.
  expect([32, 34, 35, 37].map((minor) => /v3\.\d+/.exec(official?.(minor).url ?? '')?.[0])).toEqual(
    ['v3.30', 'v3.30', 'v3.32', 'v3.32'],
  );
});

test('the first manifest fetched is remembered, and another one in its place refused', async () => {
  await using folder = await createTempFolder('plugins');
  let text = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\n';
  let asked = 0;
  const server = createServer((_, response) => {
    asked += 1;
    response.end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = server.address() as AddressInfo;
    const context = createContext({
      stateDir: folder.path,
      logger: SILENT,
      settings: KindSettings.parse({
        plugins: { flannel: { url: `http://127.0.0.1:${port}/flannel.yml` } },
      }),
      programs: new Programs({ path: '' }),
    });
    const { file } = await pluginManifest(context, 'flannel');
    await pluginManifest(context, 'flannel');
    expect(asked).toBe(1);
    rmSync(file);
    text = text.replace('name: a', 'name: b');
    await expect(pluginManifest(context, 'flannel')).rejects.toMatchObject({
      message: expect.stringContaining('is not the one that is trusted'),
    });
  } finally {
    server.close();
  }
});
