import { imageOfRelease, parseKindVersion, SUPPORTED_KUBERNETES } from './node-image.js';

test('each kind gets the node image that was built for it, by digest', () => {
  const image = (output: string | undefined): string => imageOfRelease(parseKindVersion(output));
  expect(image('kind v0.27.0 go1.24.4 linux/amd64')).toMatch(
    /^kindest\/node:v1\.32\.2@sha256:f2263459/,
  );
  expect(image('kind v0.29.0 go1.24.4 linux/amd64')).toMatch(/:v1\.33\.1@sha256:05007225/);
  expect(image('kind v0.31.0 go1.25 darwin/arm64')).toMatch(/:v1\.35\.0@sha256:452d707d/);
  // One that we do not know yet gets the newest that we do.
  expect(image('kind v0.99.0-alpha+1234 go1.30')).toBe(image('kind v0.33.0'));
  expect(image(undefined)).toBe(image('kind v0.27.0'));
  for (const version of ['0.27', '0.28', '0.29', '0.30', '0.31', '0.32', '0.33']) {
    expect(image(`kind v${version}.0`)).toMatch(/^kindest\/node:v1\.\d+\.\d+@sha256:[0-9a-f]{64}$/);
  }
  expect(SUPPORTED_KUBERNETES).toEqual(['1.32', '1.33', '1.34', '1.35', '1.36', '1.37']);
});
