import { matchesLabels, type Facts } from '../label-predicate.js';
import { parseSelector } from './parse-selector.js';
import { SelectorError } from './selector-tokens.js';

const WEB: Facts = {
  kind: 'pod',
  labels: { app: 'web', in: 'x', 'k8s.io/zone': 'eu-1', empty: '' },
  namespace: { name: 'prod', labels: { team: 'red' } },
  account: { name: 'runner', labels: { trust: 'high' } },
};
const HOST: Facts = { kind: 'host', labels: { app: 'web' } };

const holds = (selector: string, facts = WEB, scope: 'own' | 'namespace' | 'account' = 'own') =>
  matchesLabels(parseSelector(selector, scope), facts);

const TRUE = [
  '',
  '  ',
  'all()',
  'all( )',
  "app == 'web'",
  'app=="web"',
  "app != 'db'",
  "absent != 'db'",
  "app in {'db', 'web'}",
  "app in {'web',}",
  "app not in {'db'}",
  "app notin {'db'}",
  "absent not in {'db'}",
  'absent not in {}',
  'has(app)',
  'has( k8s.io/zone )',
  '!has(absent)',
  '!!has(app)',
  "app contains 'e'",
  "app starts with 'we'",
  "app startswith 'we'",
  "app ends  with 'eb'",
  "empty == ''",
  // A label may be called like an operator.
  "in == 'x'",
  "in in {'x'}",
  // && binds closer than ||, ! closer than both.
  "app == 'web' || app == 'db' && has(absent)",
  "!has(absent) && app == 'web'",
  "!(app == 'db' || has(absent))",
  "projectcalico.org/namespace == 'prod'",
  "projectcalico.org/serviceaccount == 'runner'",
  "projectcalico.org/orchestrator == 'k8s'",
  "projectcalico.org/orchestrator starts with 'k'",
  "pcns.team == 'red'",
  "pcns.projectcalico.org/name == 'prod'",
  "pcsa.trust == 'high'",
  "app == 'say \"web\"' || app == 'web'",
];

const FALSE = [
  '!all()',
  'app in {}',
  "app == 'Web'",
  "has(absent) || app == 'db'",
  "(app == 'web' || app == 'db') && has(absent)",
  "absent contains ''",
  "absent starts with ''",
  'global()',
  "projectcalico.org/orchestrator == 'openstack'",
  'has(team)',
];

test.each(TRUE)('%p selects a pod that is so', (selector) => {
  expect(holds(selector)).toBe(true);
});

test.each(FALSE)('%p does not select it', (selector) => {
  expect(holds(selector)).toBe(false);
});

test('a namespaceSelector asks about the namespace and its name, and a host endpoint has none', () => {
  expect(holds("team == 'red'", WEB, 'namespace')).toBe(true);
  expect(holds("projectcalico.org/name == 'prod'", WEB, 'namespace')).toBe(true);
  expect(holds("app == 'web'", WEB, 'namespace')).toBe(false);
  expect([holds('all()', WEB, 'namespace'), holds('all()', HOST, 'namespace')]).toEqual([
    true,
    false,
  ]);
  expect([holds('global()', WEB, 'namespace'), holds('global()', HOST, 'namespace')]).toEqual([
    false,
    true,
  ]);
});

test('a serviceAccountSelector asks about the account', () => {
  expect(holds("trust == 'high'", WEB, 'account')).toBe(true);
  expect(holds("projectcalico.org/name == 'runner'", WEB, 'account')).toBe(true);
  expect(holds("trust == 'high'", HOST, 'account')).toBe(false);
});

test.each([
  ["app == 'web", 'unterminated string', 8],
  ['app = "web"', 'expected ==', 5],
  ["app == 'a' & b == 'c'", 'expected &&', 12],
  ["app == 'a' | b == 'c'", 'expected ||', 12],
  ['app', 'unexpected end of string looking for op', 4],
  ["app == 'a' &&", 'unexpected end of string looking for op', 14],
  ['app == web', 'expected string', 8],
  ['app in web', 'expected set literal', 8],
  ["app in {'a' 'b'}", 'expected }', 13],
  ["(app == 'a'", 'expected )', 12],
  ["app like 'a'", "unexpected characters after label 'app', was expecting an operator", 5],
  ["app not 'a'", "unexpected characters after label 'app', was expecting an operator", 5],
  ['has()', 'no label name in has( expression', 1],
  ['has(app', "no closing ')' after has(", 1],
  ['all(x)', "no closing ')' after all(", 1],
  ["app == 'a' b == 'c'", 'unexpected content at end of selector', 12],
  ["== 'a'", 'unexpected token: ==', 1],
  ["app ( 'a'", 'expected == or != not: (', 5],
  ["app == 'a' && ?", 'unexpected characters', 15],
])('%p is wrong, and where', (selector, reason, position) => {
  expect(() => parseSelector(selector, 'own')).toThrow(new SelectorError(reason, position));
});
