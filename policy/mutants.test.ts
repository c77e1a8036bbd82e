/** Deliberate faults in the evaluator and the compiler: each must make some answer differ from the plain reading. */
import fc from 'fast-check';
import { bruteForceTiers } from '../test/policy-wire/brute-force-tiers.js';
import {
  calicoPolicy,
  felixConfiguration,
  globalPolicy,
  hostEndpoint,
} from '../test/policy-wire/small-policies.js';
import { withCrowd, withOrderedCrowd } from '../test/policy-wire/crowd.js';
import { FAULTS } from '../test/policy-wire/faults.js';
import { loadEvaluator, type Evaluator } from '../test/policy-wire/faulty-evaluator.js';
import { flow, networkPolicy, smallWorld } from '../test/policy-wire/small-world.js';
import { randomSituation, situationFlows } from '../test/policy-wire/random-situation.js';
import { simulate } from '../test/policy-wire/simulate-rules.js';
import type { Flow, World } from './model.js';

const SITUATIONS = fc.sample(randomSituation(), { numRuns: 120, seed: 7 });

const into = (spec: object, rule: object, order?: number): unknown =>
  globalPolicy(`p-${order ?? 'last'}`, {
    selector: 'all()',
    types: ['Ingress'],
    ...(order === undefined ? {} : { order }),
    ...spec,
    ingress: [rule],
  });
const allow = (more: object = {}): object => ({ action: 'Allow', ...more });
const deny = { action: 'Deny' };

/** What chance seldom brings. */
const POINTED: readonly (readonly unknown[])[] = [
  [into({ selector: "nosuch starts with 'w'" }, deny)],
  [into({ selector: "app contains 'e'" }, deny)],
  [into({}, allow({ source: { selector: "list == 'bad'", namespaceSelector: 'all()' } }))],
  [into({}, allow(), 10), into({}, deny)],
  [
    calicoPolicy('prod/p', {
      selector: 'all()',
      types: ['Ingress'],
      ingress: [allow({ source: { notSelector: "app == 'nosuch'" } })],
    }),
  ],
  [networkPolicy('prod/np', { podSelector: {}, ingress: [{}] }), into({}, deny, 10)],
  [into({}, allow({ protocol: 'TCP', destination: { ports: [1, 82] } }))],
  [into({}, allow({ destination: { ports: ['http'] } }))],
  [calicoPolicy('prod/p', { selector: 'all()' })],
  [
    networkPolicy('prod/np', {
      podSelector: {},
      ingress: [{ ports: [{ port: 79, endPort: 80 }] }],
    }),
  ],
  [into({ tier: 'early' }, { action: 'Pass' }, 10), into({}, deny)],
  [into({}, allow({ protocol: 'TCP', destination: { ports: ['80:81'] } }))],
];

/** A sample of the cells of each situation with what the plain reading says. */
const [FIRST, SECOND] = SITUATIONS;
const CROWDED = [withCrowd(FIRST!), withOrderedCrowd(SECOND!)];
const CELLS = [...POINTED.map(pointed), ...SITUATIONS, ...CROWDED].map((world, i) => ({
  world,
  flows: situationFlows(world, ['TCP', 'UDP'])
    .filter((_, at) => i < POINTED.length || at % 5 === i % 5)
    .map((asked) => ({ asked, allowed: bruteForceTiers(world, asked) })),
}));

function pointed(policies: readonly unknown[]): World {
  const [world] = SITUATIONS;
  const other = { name: 'other', port: 81, protocol: 'TCP' as const };
  return {
    ...world!,
    pods: world!.pods.map((pod) => ({ ...pod, ports: [...pod.ports, other] })),
    networkPolicies: policies,
  };
}

const guard = hostEndpoint('guard', { role: 'node' }, { node: 'node-1', interfaceName: 'eth0' });
const hostWorld = (policies: unknown[], resources: unknown[] = []): World => ({
  ...smallWorld({ pods: { 'prod/web': {} }, policies }),
  policyResources: [guard, ...resources],
});
const untracked = globalPolicy('u', {
  selector: "role == 'node'",
  types: ['Ingress'],
  applyOnForward: true,
  doNotTrack: true,
  ingress: [{ action: 'Deny', protocol: 'TCP', destination: { ports: [9] } }],
});
const open = globalPolicy('o', { selector: "role == 'node'", ingress: [{ action: 'Allow' }] });
const shut = globalPolicy('s', { selector: "role == 'node'", ingress: [{ action: 'Deny' }] });
const failsafe = felixConfiguration('default', {
  failsafeInboundHostPorts: [{ protocol: 'tcp', port: 8080, net: '192.0.2.0/24' }],
});
const HOST_CASES: readonly [World, Flow, boolean][] = [
  [hostWorld([]), flow('192.0.2.1', '172.18.0.2', 'TCP 9100'), false],
  [hostWorld([]), flow('192.0.2.1', '172.18.0.2', 'TCP 22'), true],
  [hostWorld([]), flow('192.0.2.1', 'prod/web'), true],
  [hostWorld([shut]), flow('192.0.2.1', 'prod/web'), true],
  [hostWorld([], [failsafe]), flow('192.0.2.1', '172.18.0.2', 'TCP 8080'), true],
  [hostWorld([], [failsafe]), flow('203.0.113.1', '172.18.0.2', 'TCP 8080'), false],
  [hostWorld([], [failsafe]), flow('192.0.2.1', '172.18.0.2', 'TCP 22'), false],
  [hostWorld([untracked, open]), flow('192.0.2.1', '172.18.0.2', 'TCP 9100'), true],
];

/** The first answer that is wrong. */
function firstWrong(subject: Evaluator): string | undefined {
  for (const [world, asked, allowed] of HOST_CASES) {
    if (subject.decide(world, asked).allowed !== allowed) return 'a host endpoint';
  }
  for (const { world, flows } of CELLS) {
    const rules = new Map(world.nodes.map(({ name }) => [name, subject.compile(world, name)]));
    for (const { asked, allowed } of flows) {
      if (subject.decide(world, asked).allowed !== allowed) return 'a decision';
      if (simulate(world, asked, (node) => rules.get(node)!) !== allowed) return 'the rules';
    }
  }
  return undefined;
}

test('without a fault every answer is right', async () => {
  expect(firstWrong(await loadEvaluator())).toBeUndefined();
});

test.each(
  Object.entries(FAULTS).flatMap(([file, faults]) =>
    faults.map(([from, to]) => [file, from, to] as const),
  ),
)('a fault in %s is found: %j', async (file, from, to) => {
  let wrong: string | undefined;
  const subject = await loadEvaluator({ file, from, to });
  try {
    wrong = firstWrong(subject);
  } catch (error) {
    wrong = String(error);
  }
  expect(wrong).toBeDefined();
});
