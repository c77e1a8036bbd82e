import { sizeOfManifest } from './doctor-images.js';

test('the size of an image that is not here is what its registry says for this platform', () => {
  const entry = (architecture: string, sizes: number[]) => ({
    Descriptor: { platform: { architecture, os: 'linux' } },
    OCIManifest: { layers: sizes.map((size) => ({ size })) },
  });
  const list = JSON.stringify([entry('arm64', [1, 2]), entry('amd64', [30, 40])]);
  expect(sizeOfManifest(list, 'x64')).toBe(70);
  expect(sizeOfManifest(list, 'arm64')).toBe(3);
  expect(sizeOfManifest(JSON.stringify(entry('amd64', [5])), 'x64')).toBe(5);
  expect(sizeOfManifest('no such manifest', 'x64')).toBeUndefined();
});
