import fc from 'fast-check';
import { bruteForceTiers } from '../test/policy-wire/brute-force-tiers.js';
import { withCrowd, withOrderedCrowd } from '../test/policy-wire/crowd.js';
import { randomSituation, situationFlows } from '../test/policy-wire/random-situation.js';
import { randomWorld } from '../test/policy-wire/random-world.js';
import { simulate } from '../test/policy-wire/simulate-rules.js';
import { networkPolicy, smallWorld, type SmallWorld } from '../test/policy-wire/small-world.js';
import { compile } from './compile.js';
import type { Flow, World } from './model.js';
import { CHAIN_KINDS, type NodeRules } from './node-rules.js';
import { renderDelta, renderFull } from './render.js';

const PODS: SmallWorld['pods'] = {
  'prod/db': { ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }] },
  'prod/web': {},
  'prod/far': { node: 'node-2' },
};

const oneRule = (direction: 'ingress' | 'egress', rule: unknown): World =>
  smallWorld({
    pods: PODS,
    policies: [
      networkPolicy('prod/p', {
        podSelector: { matchLabels: { app: 'db' } },
        policyTypes: [direction === 'ingress' ? 'Ingress' : 'Egress'],
        [direction]: [rule],
      }),
    ],
  });

/** The nft rules of the only policy chain, names of sets shortened. */
const linesOf = (world: World, node = 'node-1'): string[] =>
  [...compile(world, node).policyChains.values()]
    .flat()
    .map((line) => line.replace(/-[0-9a-f]{16}/g, ''));

test('a rule becomes one line per kind of peer and group of ports', () => {
  const from = [
    { podSelector: { matchLabels: { app: 'web' } } },
    { ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } },
  ];
  const ports = [
    { port: 53 },
    { protocol: 'UDP', port: 53 },
    { port: 'sql' },
    { protocol: 'SCTP' },
  ];
  expect(linesOf(oneRule('ingress', { from, ports }))).toMatchInlineSnapshot(`
   [
     "ip saddr @pods4 tcp dport 53 counter accept comment "np:prod/p:ingress:0"",
     "ip saddr @pods4 udp dport 53 counter accept comment "np:prod/p:ingress:0"",
     "ip saddr @pods4 meta l4proto sctp counter accept comment "np:prod/p:ingress:0"",
     "ip saddr @pods4 ip daddr . tcp dport @ports4 counter accept comment "np:prod/p:ingress:0"",
     "ip saddr 10.0.0.0-10.0.255.255 tcp dport 53 counter accept comment "np:prod/p:ingress:0"",
     "ip saddr 10.0.0.0-10.0.255.255 udp dport 53 counter accept comment "np:prod/p:ingress:0"",
     "ip saddr 10.0.0.0-10.0.255.255 meta l4proto sctp counter accept comment "np:prod/p:ingress:0"",
     "ip saddr 10.0.0.0-10.0.255.255 ip daddr . tcp dport @ports4 counter accept comment "np:prod/p:ingress:0"",
     "ip saddr 10.2.0.0-10.255.255.255 tcp dport 53 counter accept comment "np:prod/p:ingress:0"",
     "ip saddr 10.2.0.0-10.255.255.255 udp dport 53 counter accept comment "np:prod/p:ingress:0"",
     "ip saddr 10.2.0.0-10.255.255.255 meta l4proto sctp counter accept comment "np:prod/p:ingress:0"",
     "ip saddr 10.2.0.0-10.255.255.255 ip daddr . tcp dport @ports4 counter accept comment "np:prod/p:ingress:0"",
   ]
  `);
  expect(
    linesOf(
      oneRule('egress', {
        to: [{ ipBlock: { cidr: '0.0.0.0/0' } }],
        ports: [{ port: 1, endPort: 9 }, { port: 10 }, { port: 20 }],
      }),
    ),
  ).toMatchInlineSnapshot(`
   [
     "meta nfproto ipv4 tcp dport 1-10 counter accept comment "np:prod/p:egress:0"",
     "meta nfproto ipv4 tcp dport 20 counter accept comment "np:prod/p:egress:0"",
   ]
  `);
  expect(linesOf(oneRule('ingress', {}))).toMatchInlineSnapshot(`
   [
     "counter accept comment "np:prod/p:ingress:0"",
   ]
  `);
});

test('a rule that matches nobody makes no line, and the pod is denied all the same', () => {
  const rules = compile(
    oneRule('ingress', { from: [{ podSelector: {}, ipBlock: { cidr: '0.0.0.0/0' } }] }),
    'node-1',
  );
  expect(rules.policyChains.size).toBe(0);
  expect(
    [...rules.podChains.values()].flat().map((line) => line.replace(/[0-9a-f]{16}/g, '…')),
  ).toEqual(['counter log group 1 prefix "gh:deny:ingress:…" drop comment "gh:deny:ingress:…"']);
  expect([...rules.denials.values()]).toEqual([
    { direction: 'ingress', policies: ['prod/p'], tier: 'default' },
  ]);
});

test('pods are guarded by the node that hosts them, and nowhere else', () => {
  const world = smallWorld({
    pods: PODS,
    policies: [networkPolicy('prod/p', { podSelector: {} })],
  });
  const guarded = (node: string): string[] => [...compile(world, node).verdicts.ingress4.keys()];
  expect(guarded('node-1')).toEqual(['10.244.1.10', '10.244.1.11']);
  expect(guarded('node-2')).toEqual(['10.244.1.12']);
});

test('a pending pod with an address is guarded; without one, finished, or on its node’s network it is not', () => {
  const pods = {
    'prod/pending': { phase: 'Pending' as const },
    'prod/nowhere': { phase: 'Pending' as const, addresses: [] },
    'prod/done': { phase: 'Failed' as const },
    'prod/host': { hostNetwork: true, addresses: ['172.18.0.2'] },
  };
  const world = smallWorld({ pods, policies: [networkPolicy('prod/p', { podSelector: {} })] });
  expect([...compile(world, 'node-1').verdicts.ingress4.keys()]).toEqual(['10.244.1.10']);
});

test('pods with the same policies share a chain', () => {
  const world = smallWorld({
    pods: PODS,
    policies: [networkPolicy('prod/p', { podSelector: {} })],
  });
  const { podChains, verdicts } = compile(world, 'node-1');
  expect(podChains.size).toBe(1);
  expect(verdicts.ingress4.size).toBe(2);
});

test('names from outside never reach the script', () => {
  const policy = {
    metadata: { namespace: 'prod', name: 'x"; flush ruleset; "' },
    spec: { podSelector: {}, ingress: [{ ports: [{ port: 'a"}; drop' }, { port: 80 }] }] },
  };
  const rules = compile(smallWorld({ pods: PODS, policies: [policy] }), 'node-1');
  const script = renderFull(rules).join('\n');
  expect(script).not.toMatch(/flush ruleset|"}/);
  const [[comment, ref] = []] = rules.comments;
  expect(script).toContain(`"${comment!}"`);
  expect(ref).toMatchObject({ policy: 'x"; flush ruleset; "', rule: 0 });
});

test('a changed label touches elements only', () => {
  const world = oneRule('ingress', { from: [{ podSelector: { matchLabels: { role: 'x' } } }] });
  const relabelled = {
    ...world,
    pods: world.pods.map((pod) => (pod.name === 'far' ? { ...pod, labels: { role: 'x' } } : pod)),
  };
  const delta = renderDelta(compile(world, 'node-1'), compile(relabelled, 'node-1'));
  expect(delta.map((text) => text.replace(/[0-9a-f]{16}/g, '…'))).toEqual([
    'add element inet gatehouse-a pods4-… { 10.244.1.12 }',
  ]);
});

/** One in eight with many policies. */
const anyWorld = fc
  .tuple(randomWorld({ policies: 6 }), fc.nat({ max: 7 }))
  .map(([world, i]) => (i === 0 ? withCrowd(world) : world));

test('a delta ends exactly where a full compile ends, and never leaves a pod without its chain', () => {
  fc.assert(
    fc.property(anyWorld, anyWorld, (a, b) => {
      const [old, next] = [compile(a, 'node-1'), compile(b, 'node-1')];
      const table = new TableModel();
      for (const script of renderFull(old)) table.run(script);
      expect(table.state()).toEqual(stateOf(old));
      for (const script of renderDelta(old, next)) table.run(script);
      expect(table.state()).toEqual(stateOf(next));
      expect(renderDelta(next, next)).toEqual([]);
    }),
    { numRuns: 60 },
  );
});

test.each([
  ['Kubernetes', withCrowd],
  ['ordered', withOrderedCrowd],
])('seventy %s policies in a row judge packets as one after the other', (_, crowd) => {
  const seen = new Set<boolean>();
  const wrong: Flow[] = [];
  for (const small of fc.sample(randomSituation(), { numRuns: 2, seed: 7 })) {
    const world = crowd(small);
    const rules = new Map(world.nodes.map(({ name }) => [name, compile(world, name)]));
    expect(rules.get('node-1')!.groupChains.size).toBeGreaterThan(0);
    for (const asked of situationFlows(world, ['TCP', 'UDP'])) {
      const allowed = bruteForceTiers(world, asked);
      seen.add(allowed);
      if (simulate(world, asked, (node) => rules.get(node)!) !== allowed) wrong.push(asked);
    }
  }
  expect(wrong).toEqual([]);
  expect(seen.size).toBe(2);
});

test('one policy more changes a group of jumps, not the whole list, and all are asked', () => {
  const portOf = (i: number): number => 1000 + (i % 150);
  const policies = Array.from({ length: 201 }, (_, i) =>
    networkPolicy(`prod/p-${i}`, { podSelector: {}, ingress: [{ ports: [{ port: portOf(i) }] }] }),
  );
  const rulesOf = (count: number): NodeRules =>
    compile(smallWorld({ pods: PODS, policies: policies.slice(0, count) }), 'node-1');
  const [old, next] = [rulesOf(200), rulesOf(201)];
  const lines = renderDelta(old, next).flatMap((text) => text.split('\n'));
  expect(lines.length).toBeLessThan(30);
  const [[outermost = ''] = []] = next.podChains;
  expect(next.portChains.size).toBeGreaterThan(0);
  expect(portsBehind(next, outermost).sort()).toEqual(policies.map((_, i) => portOf(i)).sort());
});

/** Ports that some rule behind a chain asks for. */
function portsBehind(rules: NodeRules, chain: string): number[] {
  const lines = CHAIN_KINDS.flatMap((kind) => rules[kind].get(chain) ?? []);
  return lines.flatMap((line) => {
    const targets = [...line.matchAll(/jump ([\w-]+)/g)].flatMap(([, target = '']) => target);
    if (targets.length > 0) return targets.flatMap((target) => portsBehind(rules, target));
    const [, port] = /dport (\d+)/.exec(line) ?? [];
    return port === undefined ? [] : [Number(port)];
  });
}

test('what is remembered of the pods does not outlive the labels of their namespace', () => {
  const base = smallWorld({
    pods: PODS,
    namespaces: { prod: { team: 'blue' } },
    policies: [
      networkPolicy('prod/p', {
        podSelector: {},
        ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: 'red' } } }] }],
      }),
    ],
  });
  const allowed = (world: World): number =>
    [...compile(world, 'node-1').sets]
      .filter(([name]) => name.startsWith('pods4'))
      .flatMap(([, { elements }]) => elements).length;
  expect(allowed(base)).toBe(0);
  const namespaces = base.namespaces.map((one) => ({ ...one, labels: { team: 'red' } }));
  expect(allowed({ ...base, namespaces })).toBe(3);
  expect(allowed(base)).toBe(0);
});

test('five hundred pods and a thousand policies compile within a second', () => {
  const pods = Object.fromEntries(
    Array.from({ length: 500 }, (_, i) => [
      `ns-${i % 20}/p${i}`,
      {
        labels: { app: `app-${i % 25}` },
        node: `node-${(i % 2) + 1}`,
        addresses: [`10.244.${i % 2}.${Math.floor(i / 2)}`],
      },
    ]),
  );
  const policies = Array.from({ length: 1000 }, (_, i) =>
    networkPolicy(`ns-${i % 20}/policy-${i}`, {
      podSelector: { matchLabels: { app: `app-${i % 25}` } },
      ingress: [
        {
          from: [{ namespaceSelector: {}, podSelector: { matchLabels: { app: `app-${i % 24}` } } }],
          ports: [{ port: 8000 + i }],
        },
      ],
    }),
  );
  const world = smallWorld({ pods, policies });
  const started = performance.now();
  const rules = compile(world, 'node-1');
  const tookMs = performance.now() - started;
  expect(rules.verdicts.ingress4.size).toBe(250);
  expect(tookMs).toBeLessThan(1000);
  expect(Math.max(...renderFull(rules).map((text) => text.split('\n').length))).toBeLessThanOrEqual(
    200,
  );
});

/** Just enough of nft to follow our own scripts, strict about what must exist and what must not be in use. */
class TableModel {
  readonly #sets = new Map<string, Set<string>>();
  readonly #chains = new Map<string, string[]>();

  run(script: string): void {
    for (const line of script.split('\n')) this.#command(line);
  }

  state(): unknown {
    return {
      sets: sorted(this.#sets, (elements) => [...elements].sort()),
      chains: sorted(this.#chains, (lines) => lines),
    };
  }

  #command(line: string): void {
    const [, verb, kind, name = '', rest = ''] =
      /^(\w+) (\w+) inet (?:gatehouse-a ?)?(\S*) ?(.*)$/.exec(line) ?? [];
    const elements = rest.replace(/^\{ | \}$/g, '').split(', ');
    switch (`${verb!} ${kind!}`) {
      case 'add table':
      case 'delete table':
        return;
      case 'add map':
      case 'add set':
        if (!this.#sets.has(name)) this.#sets.set(name, new Set());
        return;
      case 'flush set':
        this.#sets.get(name)!.clear();
        return;
      case 'delete set':
        expect([...this.#chains.values()].flat().join()).not.toContain(`@${name} `);
        expect(this.#sets.delete(name)).toBe(true);
        return;
      case 'add element':
        for (const element of elements) {
          const target = / : goto (\S+)$/.exec(element)?.[1];
          if (target !== undefined) expect(this.#chains.has(target)).toBe(true);
          this.#sets.get(name)!.add(element);
        }
        return;
      case 'delete element':
        for (const gone of elements) {
          const found = [...this.#sets.get(name)!].find(
            (element) => element === gone || element.startsWith(`${gone} : `),
          );
          expect(found).toBeDefined();
          this.#sets.get(name)!.delete(found!);
        }
        return;
      case 'add chain':
        if (!rest.startsWith('{')) this.#chains.set(name, this.#chains.get(name) ?? []);
        return;
      case 'flush chain':
        this.#chains.set(name, []);
        return;
      case 'add rule': {
        for (const [, target = ''] of rest.matchAll(/jump ([\w-]+)/g)) {
          expect(this.#chains.has(target)).toBe(true);
        }
        this.#chains.get(name)?.push(rest);
        return;
      }
      case 'delete chain':
        expect(this.#chains.get(name)).toEqual([]);
        expect([...this.#sets.values()].flatMap((set) => [...set]).join('\n')).not.toContain(name);
        expect([...this.#chains.values()].flat().join('\n')).not.toContain(name);
        this.#chains.delete(name);
        return;
      default:
        throw new Error(`Not understood: ${line}`);
    }
  }
}

function stateOf(rules: NodeRules): unknown {
  const sets = new Map([...rules.sets].map(([name, set]) => [name, new Set(set.elements)]));
  for (const [map, entries] of Object.entries(rules.verdicts)) {
    sets.set(map, new Set([...entries].map(([address, chain]) => `${address} : goto ${chain}`)));
  }
  const chains = new Map(
    CHAIN_KINDS.flatMap((kind) => [...rules[kind]]).map(([name, lines]) => [name, [...lines]]),
  );
  return {
    sets: sorted(sets, (elements) => [...elements].sort()),
    chains: sorted(chains, (lines) => lines),
  };
}

const sorted = <T>(map: Map<string, T>, show: (value: T) => string[]): [string, string[]][] =>
  [...map]
    .map(([name, value]): [string, string[]] => [name, show(value)])
    .sort(([a], [b]) => (a < b ? -1 : 1));
