import { kindConfigOf } from './kind-config.js';

test('kind gets no network of its own and as many nodes as wanted', () => {
  const config = kindConfigOf({ nodes: 3 }, { mirrors: {} });
  expect(config).toContain('disableDefaultCNI: true');
  expect(config.match(/role: worker/g)).toHaveLength(2);
  expect(config).toContain('podSubnet: 10.244.0.0/16');
});
