import { valuesAtPath } from './json-path.js';

const POLICY = {
  metadata: { labels: { 'a.b/c': 'x' } },
  spec: {
    podSelector: {},
    ingress: [{ from: [1, 2] }, { from: [3] }],
    containers: [
      { name: 'web', image: 'nginx' },
      { name: 'log', image: 'busybox' },
    ],
  },
};

test.each([
  ['.spec.podSelector', [{}]],
  ['.spec.ingress[1].from', [[3]]],
  ['.spec.ingress[*].from[*]', [1, 2, 3]],
  [".metadata.labels['a.b/c']", ['x']],
  ['.metadata.labels.a\\.b/c', ['x']],
  ['.spec.containers[?(@.name=="log")].image', ['busybox']],
  ['{.spec.containers[0].name}', ['web']],
  ['.spec.missing.field', []],
  ['.spec.ingress[9]', []],
])('%s reads %j', (path, values) => {
  expect(valuesAtPath(POLICY, path)).toEqual(values);
});

test('text that is no path is refused with an example', () => {
  expect(() => valuesAtPath({}, 'spec..x')).toThrow('write for example .spec.ports[0].port');
});
