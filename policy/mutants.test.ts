/** Deliberate faults in the evaluator and the compiler: each must make some answer differ from the plain reading. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { build } from 'esbuild';
import fc from 'fast-check';
import { bruteForceTiers } from '../test/policy-wire/brute-force-tiers.js';
import {
  calicoPolicy,
  felixConfiguration,
  globalPolicy,
  hostEndpoint,
} from '../test/policy-wire/small-policies.js';
import { withCrowd, withOrderedCrowd } from '../test/policy-wire/crowd.js';
import { flow, networkPolicy, smallWorld } from '../test/policy-wire/small-world.js';
import { randomSituation, situationFlows } from '../test/policy-wire/random-situation.js';
import { simulate } from '../test/policy-wire/simulate-rules.js';
import type { compile } from './compile.js';
import type { decide } from './decide.js';
import type { Flow, World } from './model.js';

/** File, what stands there, and what is put in its place. */
const MUTANTS: readonly (readonly [string, string, string])[] = [
  [
    'label-predicate.ts',
    'return !matchesLabels(predicate.of, facts)',
    'return matchesLabels(predicate.of, facts)',
  ],
  [
    'label-predicate.ts',
    'predicate.of.every((part) => matchesLabels',
    'predicate.of.some((part) => matchesLabels',
  ],
  [
    'label-predicate.ts',
    'predicate.of.some((part) => matchesLabels',
    'predicate.of.every((part) => matchesLabels',
  ],
  [
    'label-predicate.ts',
    'value !== undefined && predicate.values.includes(value)',
    'value === undefined || predicate.values.includes(value)',
  ],
  [
    'label-predicate.ts',
    '?.startsWith(predicate.text) ?? false',
    '?.startsWith(predicate.text) ?? true',
  ],
  [
    'label-predicate.ts',
    '?.includes(predicate.text) ?? false',
    '?.endsWith(predicate.text) ?? false',
  ],
  [
    'calico/parse-selector.ts',
    "while (this.#take('||') !== undefined) parts.push(this.#readAnd());",
    "while (this.#take('||') !== undefined) this.#readAnd();",
  ],
  ['calico/parse-selector.ts', 'return allOf(...parts);', "return { op: 'any', of: parts };"],
  [
    'calico/parse-selector.ts',
    "kind === '==' ? is : { op: 'not', of: is }",
    "kind === '==' ? is : is",
  ],
  [
    'calico/parse-selector.ts',
    "kind === 'in' ? is : { op: 'not', of: is }",
    "kind === 'in' ? { op: 'not', of: is } : is",
  ],
  [
    'calico/parse-selector.ts',
    "this.#scope === 'namespace' ? NAMESPACED : EVERYTHING",
    'EVERYTHING',
  ],
  [
    'calico/parse-selector.ts',
    "if (key === 'projectcalico.org/namespace') return",
    "if (key === 'projectcalico.org/nam') return",
  ],
  [
    'calico/parse-selector.ts',
    "if (key === 'projectcalico.org/serviceaccount') return",
    "if (key === 'projectcalico.org/sa') return",
  ],
  ['calico/parse-policy.ts', "types.includes('Egress') }", "types.includes('Ingress') }"],
  [
    'calico/parse-policy.ts',
    "ingress: has('ingress') || !has('egress')",
    "ingress: has('ingress')",
  ],
  ['calico/parse-policy.ts', "egress: has('egress') };", 'egress: true };'],
  [
    'calico/parse-policy.ts',
    "typeof order === 'number' ? order : Infinity",
    "typeof order === 'number' ? order : 0",
  ],
  [
    'calico/parse-policy.ts',
    "allOf(isKind('pod'), inNamespace(namespace), ...parts)",
    "allOf(isKind('pod'), ...parts)",
  ],
  [
    'calico/parse-rule.ts',
    "namespace !== '' && !isGiven(ofNamespace) ? [inNamespace(namespace)] : []",
    '[]',
  ],
  ['calico/parse-rule.ts', "(namespace !== '' && isGiven(entity['notSelector']))", 'false'],
  ['calico/parse-rule.ts', "['notNets', true]", "['notNets', false]"],
  ['calico/parse-rule.ts', "['notPorts', true]", "['notPorts', false]"],
  ['calico/parse-rule.ts', "['notProtocol', true]", "['notProtocol', false]"],
  ['calico/parse-rule.ts', "['Pass', 'pass']", "['Pass', 'allow']"],
  ['calico/parse-rule.ts', "['Log', 'log']", "['Log', 'allow']"],
  [
    'calico/parse-rule.ts',
    'const last = Number(match[2] ?? match[1]);',
    'const last = Number(match[1]);',
  ],
  ['calico/parse-rule.ts', "isKind('pod', 'host', 'set')", "isKind('pod')"],
  [
    'cluster-wide/parse-cluster-policy.ts',
    "spec['tier'] === 'Baseline'",
    "spec['tier'] === 'Admin'",
  ],
  [
    'cluster-wide/parse-cluster-policy.ts',
    "typeof priority === 'number' ? priority : 0",
    "typeof priority === 'number' ? -priority : 0",
  ],
  ['cluster-wide/parse-cluster-policy.ts', "['Accept', 'allow']", "['Accept', 'pass']"],
  [
    'parse-network-policy.ts',
    'egress: broken || (Array.isArray(egress) && egress.length > 0)',
    'egress: broken || Array.isArray(egress)',
  ],
  ['parse-network-policy.ts', 'const last = endPort ?? port;', 'const last = port;'],
  [
    'parse-network-policy.ts',
    "allOf(isKind('pod'), namespaces, pods)",
    "allOf(isKind('pod'), pods)",
  ],
  ['parse-network-policy.ts', 'ranges: subtract(range, cuts)', 'ranges: [range]'],
  ['parse-network-policy.ts', "written['protocol'] ?? 'TCP'", "written['protocol'] ?? 'UDP'"],
  [
    'parse-network-policy.ts',
    'const NETWORK_POLICY_ORDER = 1000',
    'const NETWORK_POLICY_ORDER = 5',
  ],
  [
    'read-policies.ts',
    "{ name: ADMIN_TIER, order: 1000, defaultAction: 'pass' }",
    "{ name: ADMIN_TIER, order: 1000, defaultAction: 'deny' }",
  ],
  [
    'read-policies.ts',
    '{ name: BASELINE_TIER, order: 10_000_000,',
    '{ name: BASELINE_TIER, order: 10,',
  ],
  [
    'read-policies.ts',
    'compare(a.order, b.order) ||\n  compare(tierName(a), tierName(b))',
    'compare(tierName(a), tierName(b))',
  ],
  [
    'walk-tiers.ts',
    "decisive === undefined && tier.tier.defaultAction === 'deny'",
    'decisive === undefined',
  ],
  ['walk-tiers.ts', "action !== 'log');\n    if", 'true);\n    if'],
  [
    'match-rule.ts',
    'match.first <= port && port <= match.last',
    'match.first <= port && port < match.last',
  ],
  [
    'match-rule.ts',
    'answers.every((answer) => answer.isPacket',
    'answers.some((answer) => answer.isPacket',
  ],
  [
    'match-rule.ts',
    'PROTOCOL[flow.protocol] === match.protocol &&\n        portsOf(flow, match.side).every((port) => numbers',
    'portsOf(flow, match.side).every((port) => numbers',
  ],
  ['compile-criteria.ts', "operator: not ? '!= ' : ''", "operator: ''"],
  [
    'compile-criteria.ts',
    "about === 'source' ? 'saddr' : 'daddr'",
    "about === 'source' ? 'daddr' : 'saddr'",
  ],
  ['compile-criteria.ts', 'const ofSets = hasNetworkSets ?', 'const ofSets = !hasNetworkSets ?'],
  ['compile-criteria.ts', 'first <= previous.last + 1', 'first <= previous.last + 100'],
  ['compile-criteria.ts', 'meta l4proto != ${', 'meta l4proto ${'],
  ['compile-policy.ts', "return 'counter return';", "return 'counter accept';"],
  ['compile-policy.ts', "written.some(({ action }) => action === 'pass')", 'false'],
  ['compile-policy.ts', 'prefix "${prefix}" drop`', 'prefix "${prefix}" accept`'],
  ['compile-tiers.ts', "if (tier.defaultAction === 'pass') return rules;", 'return rules;'],
  ['compile-policy.ts', "match.side === 'destination' && match.first === match.last", 'true'],
  [
    'compile-policy.ts',
    "criterion.about !== 'packet' || criterion.not",
    "criterion.about !== 'packet'",
  ],
  ['compile-policy.ts', 'keys.includes(undefined) ? undefined', 'keys.length === 0 ? undefined'],
  ['policy-run.ts', "this.#mode === 'union'", "this.#mode !== 'union'"],
  [
    'policy-run.ts',
    'const name = this.#addChain(',
    'const name = [...this.#chains.groupChains.keys()][0] ?? this.#addChain(',
  ],
  ['compile-tiers.ts', 'if (i === tiers.length - 1) {', 'if (i >= 0) {'],
  [
    'compile.ts',
    'if (pod.node !== node || pod.addresses.length === 0) continue;',
    'if (pod.node === node || pod.addresses.length === 0) continue;',
  ],
  [
    'compile.ts',
    'name === meaning.name && protocol === meaning.protocol',
    'protocol === meaning.protocol',
  ],
  ['decide-host.ts', "if (failsafe && type === 'local')", "if (type === 'local')"],
  ['decide-host.ts', "(type === 'local' || onForward)", 'true'],
  ['failsafe.ts', 'all?.[direction] ??', ''],
  ['failsafe.ts', 'net === undefined ||', 'true ||'],
  ['host-policies.ts', "defaultAction: 'pass'", "defaultAction: 'deny'"],
];

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

interface Subject {
  decide: typeof decide;
  compile: typeof compile;
}

/** The first answer that is wrong. */
function firstWrong(subject: Subject): string | undefined {
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

const FOLDER = path.resolve('policy');
const require = createRequire(path.join(FOLDER, 'decide.ts'));

/** The evaluator and the compiler with one text replaced; it must stand there exactly once. */
async function load([file, from, to]:
  readonly [string, string, string] | ['', '', '']): Promise<Subject> {
  const result = await build({
    stdin: {
      contents: "export { decide } from './decide.js'; export { compile } from './compile.js';",
      resolveDir: FOLDER,
      loader: 'ts',
    },
    bundle: true,
    write: false,
    platform: 'node',
    format: 'iife',
    globalName: 'subject',
    plugins: [
      {
        name: 'mutate',
        setup(building) {
          building.onLoad({ filter: /policy\/.*\.ts$/ }, async ({ path: full }) => {
            const text = await readFile(full, 'utf8');
            if (file === '' || full !== path.join(FOLDER, file))
              return { contents: text, loader: 'ts' };
            const parts = text.split(from);
            if (parts.length !== 2)
              throw new Error(`${file} holds ${JSON.stringify(from)} ${parts.length - 1} times`);
            return { contents: parts.join(to), loader: 'ts' };
          });
        },
      },
    ],
  });
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- our own code, bundled a moment ago
  const evaluate = new Function('require', `${result.outputFiles[0]!.text}; return subject;`) as (
    require: NodeJS.Require,
  ) => Subject;
  return evaluate(require);
}

test('without a fault every answer is right', async () => {
  expect(firstWrong(await load(['', '', '']))).toBeUndefined();
});

test.each(MUTANTS)('a fault in %s is found: %j', async (...mutant) => {
  let wrong: string | undefined;
  const subject = await load(mutant);
  try {
    wrong = firstWrong(subject);
  } catch (error) {
    wrong = String(error);
  }
  expect(wrong).toBeDefined();
});
