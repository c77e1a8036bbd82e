import { parseEndpoint } from './endpoint.js';
import { matchesTerms, parseTerms } from './label-terms.js';

test.each([
  ['prod-ns/web', { type: 'pod', namespace: 'prod-ns', name: 'web' }],
  ['service:prod-ns/web', { type: 'service', namespace: 'prod-ns', name: 'web' }],
  ['node:worker-1', { type: 'node', name: 'worker-1' }],
  ['outside:internet', { type: 'outside', name: 'internet' }],
  ['ip:10.0.0.1', { type: 'address', address: '10.0.0.1' }],
  ['prod-ns/{}', { type: 'pods', namespace: 'prod-ns', terms: [], selector: '{}' }],
])('%s is an endpoint', (text, endpoint) => {
  expect(parseEndpoint(text)).toEqual(endpoint);
});

test.each([
  'web',
  'prod ns/web',
  'service:web',
  'outside:mars',
  'prod/{app=}x',
  'prod/{=x}',
  'prod/{a,,b}',
])('%s is none, and it is said why', (text) => {
  expect(() => parseEndpoint(text)).toThrow(/write|there are/);
});

test('label requirements mean what kubectl means by them', () => {
  const matches = (selector: string, labels: Record<string, string>) =>
    matchesTerms(labels, parseTerms(selector));
  expect(matches('app=web,role!=db', { app: 'web' })).toBe(true);
  expect(matches('app=web,role!=db', { app: 'web', role: 'db' })).toBe(false);
  expect(matches('app', { app: '' })).toBe(true);
  expect(matches('!app', { app: '' })).toBe(false);
  expect(matches('app=', { app: '' })).toBe(true);
  expect(matches('app=', {})).toBe(false);
});
