import { networkPolicy } from '../../test/policy-wire/small-world.js';
import { misread, type MisreadOptions } from './misread.js';

const web = { podSelector: { matchLabels: { app: 'web' } } };
const dev = { namespaceSelector: { matchLabels: { team: 'dev' } } };
const named = (name: string): object => ({
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } },
});
const db = { matchLabels: { app: 'db' } };
const DENY_ALL = networkPolicy('prod/deny-all', { podSelector: {}, policyTypes: ['Ingress'] });
const DNS = {
  ports: [
    { protocol: 'UDP', port: 53 },
    { protocol: 'TCP', port: 53 },
  ],
};

const ingress = (...rules: object[]): unknown =>
  networkPolicy('prod/p', { podSelector: db, policyTypes: ['Ingress'], ingress: rules });
const egress = (...rules: object[]): unknown =>
  networkPolicy('prod/p', { podSelector: db, policyTypes: ['Egress'], egress: rules });
const calico = (name: string, spec: object): unknown => ({
  apiVersion: 'projectcalico.org/v3',
  kind: 'GlobalNetworkPolicy',
  metadata: { name },
  spec,
});

interface Case {
  written: unknown[];
  intended: unknown[];
  options?: MisreadOptions;
  /** Mistake and place, as many as are to be named. */
  names: string[];
}

const CASES: Record<string, Case> = {
  'two entries where one was meant': {
    written: [ingress({ from: [dev, web] })],
    intended: [ingress({ from: [{ ...dev, ...web }] })],
    names: ['and-or spec.ingress[0].from[1]'],
  },
  'one entry where two were meant': {
    written: [egress({ to: [{ ...dev, ...web }] })],
    intended: [egress({ to: [dev, web] })],
    names: ['and-or spec.egress[0].to[0]'],
  },
  'a podSelector for pods of all namespaces': {
    written: [ingress({ from: [web] })],
    intended: [ingress({ from: [{ ...web, namespaceSelector: {} }] })],
    names: ['empty-or-absent spec.ingress[0].from[0]'],
  },
  'an empty namespaceSelector for the own namespace': {
    written: [ingress({ from: [{ namespaceSelector: {} }] })],
    intended: [ingress({ from: [{ podSelector: {} }] })],
    names: ['empty-or-absent spec.ingress[0].from[0]'],
  },
  'an empty list of peers for nobody': {
    written: [ingress({ from: [] })],
    intended: [ingress()],
    names: ['empty-or-absent spec.ingress[0].from'],
  },
  'no rules for everything': {
    written: [ingress()],
    intended: [ingress({})],
    names: ['empty-or-absent spec.ingress'],
  },
  'all pods for the whole world': {
    written: [ingress({ from: [{ namespaceSelector: {} }] })],
    intended: [ingress({})],
    names: ['empty-or-absent spec.ingress[0].from'],
  },
  'a policy in another namespace than its pods': {
    written: [networkPolicy('default/p', { podSelector: db, policyTypes: ['Ingress'] })],
    intended: [networkPolicy('prod/p', { podSelector: db, policyTypes: ['Ingress'] })],
    names: ['wrong-namespace metadata.namespace'],
  },
  'a label that namespaces do not have': {
    written: [ingress({ from: [{ namespaceSelector: { matchLabels: { name: 'dev' } } }] })],
    intended: [ingress({ from: [named('dev')] })],
    names: ['namespace-label spec.ingress[0].from[0]'],
  },
  'policyTypes without the direction of the rules': {
    written: [
      networkPolicy('prod/p', {
        podSelector: db,
        policyTypes: ['Ingress'],
        egress: [{ to: [web] }],
      }),
    ],
    intended: [
      networkPolicy('prod/p', {
        podSelector: db,
        policyTypes: ['Ingress', 'Egress'],
        egress: [{ to: [web] }],
      }),
    ],
    names: ['policy-types spec.policyTypes'],
  },
  'no policyTypes beside egress rules': {
    written: [networkPolicy('prod/p', { podSelector: db, egress: [{ to: [web] }] })],
    intended: [egress({ to: [web] })],
    names: ['policy-types spec.policyTypes'],
  },
  "a Service's port": {
    written: [ingress({ from: [web], ports: [{ port: 80 }] })],
    intended: [ingress({ from: [web], ports: [{ port: 8080 }] })],
    options: {
      services: [
        {
          apiVersion: 'v1',
          kind: 'Service',
          metadata: { namespace: 'prod', name: 'db' },
          spec: { ports: [{ port: 80, targetPort: 8080 }] },
        },
      ],
    },
    names: ['service-port spec.ingress[0].ports[0].port'],
  },
  'DNS left out': {
    written: [egress({ to: [web] })],
    intended: [egress({ to: [web] }, DNS)],
    names: ['dns-forgotten spec.egress'],
  },
  'DNS over UDP alone': {
    written: [egress({ to: [web] }, { ports: [{ protocol: 'UDP', port: 53 }] })],
    intended: [egress({ to: [web] }, DNS)],
    names: ['dns-forgotten spec.egress'],
  },
  'a quoted port': {
    written: [ingress({ ports: [{ port: '80' }] })],
    intended: [ingress({ ports: [{ port: 80 }] })],
    names: ['quoted-port spec.ingress[0].ports[0].port'],
  },
  'a list of those to keep out': {
    written: [ingress({ from: [web] })],
    intended: [
      ingress({
        from: [
          {
            podSelector: { matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['web'] }] },
          },
        ],
      }),
    ],
    names: ['deny-expected spec.ingress[0].from[0]'],
  },
  'addresses to keep out': {
    written: [egress({ to: [{ ipBlock: { cidr: '169.254.169.254/32' } }] })],
    intended: [
      egress({ to: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['169.254.169.254/32'] } }] }),
    ],
    names: ['deny-expected spec.egress[0].to[0]'],
  },
  'a policy that allows what another leaves out': {
    written: [DENY_ALL, networkPolicy('prod/open', { podSelector: {}, ingress: [{}] })],
    intended: [DENY_ALL],
    names: ['deny-expected metadata.name'],
  },
  'rules under the other direction': {
    written: [ingress({ from: [web] })],
    intended: [egress({ to: [web] })],
    names: ['wrong-direction spec.ingress'],
  },
  "the client's port": {
    written: [
      calico('p', {
        selector: "app == 'db'",
        types: ['Ingress'],
        ingress: [{ action: 'Allow', protocol: 'TCP', source: { ports: [80] } }],
      }),
    ],
    intended: [
      calico('p', {
        selector: "app == 'db'",
        types: ['Ingress'],
        ingress: [{ action: 'Allow', protocol: 'TCP', destination: { ports: [80] } }],
      }),
    ],
    names: ['source-port spec.ingress[0].source.ports'],
  },
  'two policies the wrong way round': {
    written: [
      calico('deny', {
        order: 10,
        selector: 'all()',
        types: ['Ingress'],
        ingress: [{ action: 'Deny' }],
      }),
      calico('allow', {
        order: 20,
        selector: "app == 'db'",
        types: ['Ingress'],
        ingress: [{ action: 'Allow' }],
      }),
    ],
    intended: [
      calico('deny', {
        order: 20,
        selector: 'all()',
        types: ['Ingress'],
        ingress: [{ action: 'Deny' }],
      }),
      calico('allow', {
        order: 10,
        selector: "app == 'db'",
        types: ['Ingress'],
        ingress: [{ action: 'Allow' }],
      }),
    ],
    names: ['order spec.order'],
  },
  'two rules the wrong way round': {
    written: [
      calico('p', {
        types: ['Ingress'],
        ingress: [{ action: 'Deny' }, { action: 'Allow', source: { selector: "app == 'web'" } }],
      }),
    ],
    intended: [
      calico('p', {
        types: ['Ingress'],
        ingress: [{ action: 'Allow', source: { selector: "app == 'web'" } }, { action: 'Deny' }],
      }),
    ],
    names: ['order spec.ingress[0]'],
  },
  'two mistakes at once': {
    written: [networkPolicy('default/p', { podSelector: db, ingress: [{ from: [dev, web] }] })],
    intended: [ingress({ from: [{ ...dev, ...web }] })],
    names: ['and-or spec.ingress[0].from[1]', 'wrong-namespace metadata.namespace'],
  },
};

test.each(Object.entries(CASES))('names %s', (_, { written, intended, options, names }) => {
  const found = misread(written, intended, options);
  expect(found.map(({ id, place }) => `${id} ${place.field}`)).toEqual(names);
  for (const { sentence, place } of found) {
    expect(sentence).toMatch(/^[A-Z"`\d].*\.$/);
    expect(place.object).toMatch(/^\w+ \S+$/);
  }
});

test('names nothing where the meaning is the intended one, however it is written', () => {
  expect(
    misread([ingress({ from: [dev] }, { from: [web] })], [ingress({ from: [web, dev] })]),
  ).toEqual([]);
});

test('names nothing where no classic mistake explains the whole difference', () => {
  const intended = ingress({ from: [{ ...dev, ...web }], ports: [{ port: 5432 }] });
  for (const other of [
    ingress({ from: [{ ...dev, ...web }], ports: [{ port: 5433 }] }),
    ingress({
      from: [dev, { podSelector: { matchLabels: { app: 'wep' } } }],
      ports: [{ port: 5432 }],
    }),
    ingress({ from: [{ ipBlock: { cidr: '10.0.0.0/8' } }] }),
    egress({ to: [web] }),
  ]) {
    expect(misread([other], [intended])).toEqual([]);
  }
  expect(misread([], [intended])).toEqual([]);
});
