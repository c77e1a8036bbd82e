import { readFileSync } from 'node:fs';
import path from 'node:path';
import { findProjectRoot } from '../../../system/project-root.js';
import { explainMissingImage, FAMILIES, findImage, suggestImages } from './find-image.js';
import { renderImageList } from './image-list.js';
import { formatImageReference, imageId, parseImageReference } from './image-reference.js';

test.each([
  ['nginx', 'docker.io/library/nginx:latest'],
  ['nginx:1.27-alpine', 'docker.io/library/nginx:1.27-alpine'],
  ['library/nginx', 'docker.io/library/nginx:latest'],
  ['curlimages/curl:8.11.0', 'docker.io/curlimages/curl:8.11.0'],
  ['index.docker.io/library/redis', 'docker.io/library/redis:latest'],
  ['localhost:5000/a/b:c', 'localhost:5000/a/b:c'],
  ['registry.k8s.io/e2e-test-images/agnhost:2.53', 'registry.k8s.io/e2e-test-images/agnhost:2.53'],
])('%s is %s in full', (reference, full) => {
  expect(formatImageReference(parseImageReference(reference)!)).toBe(full);
});

test.each(['', 'Nginx', 'a b', 'nginx:', 'nginx@sha256:1', '/nginx', 'a//b', 'nginx:-x', '-a'])(
  '%p is no image reference',
  (reference) => {
    expect(parseImageReference(reference)).toBeUndefined();
    expect(findImage(reference)).toBeUndefined();
  },
);

test('an image is found by any of its names, with any tag that may exist, and by digest', () => {
  const names = [
    'nginx',
    'docker.io/nginx:1.27.4',
    'docker.io/library/nginx:alpine',
    `nginx@sha256:${'a'.repeat(64)}`,
  ];
  for (const name of names) expect(findImage(name)?.name).toBe('nginx');
  expect(findImage('quay.io/calico/node:v3.29.1')?.name).toBe('calico/node');
  expect(findImage('k8s.gcr.io/pause:3.1')?.name).toBe('registry.k8s.io/pause');
});

test.each([
  'nginx:1.161',
  'nginx:nope',
  'busybox:1.360',
  'redis:seven',
  'example.com/nginx',
  'nosuch',
])('%s does not exist', (reference) => {
  expect(findImage(reference)).toBeUndefined();
});

test('what is misspelt gets a suggestion', () => {
  expect(suggestImages('ngnix')).toEqual(['nginx']);
  expect(suggestImages('nginx:1.161')).toEqual(['nginx:latest']);
  expect(suggestImages('netshoot')[0]).toBe('nicolaka/netshoot');
  expect(suggestImages('example.com/team/redis')[0]).toBe('redis');
  expect(suggestImages('something-else-entirely')).toEqual([]);
  expect(explainMissingImage('ngnix')).toBe(
    "ngnix: not found: no such image in this cluster's catalogue (it has no registry to pull from). Did you mean nginx?",
  );
});

test('an id looks like a digest, is stable, and differs by tag', () => {
  expect(imageId('nginx')).toMatch(/^docker\.io\/library\/nginx@sha256:[0-9a-f]{64}$/);
  expect(imageId('nginx')).toBe(imageId('docker.io/library/nginx:latest'));
  expect(imageId('nginx:1.26')).not.toBe(imageId('nginx'));
});

const entries = Object.values(FAMILIES).flat();

test('no two images claim the same name, and every name is a valid reference', () => {
  const names = entries.flatMap((entry) =>
    entry.names.map((name) => parseImageReference(name)?.repository),
  );
  expect(names).not.toContain(undefined);
  expect(new Set(names).size).toBe(names.length);
});

test('links go where a sandbox has room for them', () => {
  for (const { names, links, userland } of entries) {
    const taken =
      userland === 'minimal'
        ? /^\/(usr\/local|etc|proc|dev)\//
        : /^\/(s?bin|usr|lib|etc|proc|dev)\//;
    for (const link of Object.keys(links ?? {}))
      expect(`${names[0]}: ${link}`).not.toMatch(new RegExp(`: ${taken.source.slice(1)}`));
  }
});

test('the documentation lists the catalogue as it is', () => {
  const page = readFileSync(path.join(findProjectRoot(), 'docs/images.md'), 'utf8');
  expect(page).toBe(renderImageList());
});
