import { familiarName } from './images.js';

test('an image is named as Docker shows it', () => {
  const digest = `sha256:${'a'.repeat(64)}`;
  expect(
    [
      'nginx',
      'docker.io/library/nginx:1.27',
      'docker.io/calico/node:v3.30.3',
      'mirror.example:5000/nginx',
      `kindest/node:v1.32.2@${digest}`,
      `mirror.example:5000/node@${digest}`,
    ].map(familiarName),
  ).toEqual([
    'nginx:latest',
    'nginx:1.27',
    'calico/node:v3.30.3',
    'mirror.example:5000/nginx:latest',
    `kindest/node@${digest}`,
    `mirror.example:5000/node@${digest}`,
  ]);
});
