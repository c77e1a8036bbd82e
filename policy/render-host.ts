/** The hooks of a node's own interface. They are there only while a host endpoint guards it: each costs every packet. */
import { PASSED_EARLY } from './compile-host.js';
import { HOST_MAPS, type HostMap, type NodeRules } from './node-rules.js';

interface Hook {
  hook: 'prerouting' | 'input' | 'output' | 'forward';
  /** Before connection tracking; before Services are translated; before the hooks of pods. */
  priority: string;
  key: 'iifname' | 'oifname';
  /** What passed an early policy, and what belongs to a known connection, is through. */
  isOrdinary: boolean;
}

const HOOKS: Readonly<Record<HostMap, Hook>> = {
  'untracked-in': hook('prerouting', 'iifname', 'raw'),
  'untracked-out': hook('output', 'oifname', 'raw'),
  'pre-dnat': hook('prerouting', 'iifname', 'mangle'),
  'host-in': hook('input', 'iifname'),
  'host-out': hook('output', 'oifname'),
  'forward-in': hook('forward', 'iifname'),
  'forward-out': hook('forward', 'oifname'),
};

function hook(name: Hook['hook'], key: Hook['key'], priority?: string): Hook {
  return {
    hook: name,
    key,
    priority: priority ?? 'filter - 6',
    isOrdinary: priority === undefined,
  };
}

export function hostHooks(rules: NodeRules, table: string): string[] {
  return HOST_MAPS.filter((map) => rules.verdicts[map].size > 0).flatMap((map) =>
    addHook(map, table),
  );
}

/** What leads from the hooks of one state to those of another. */
export function changeHostHooks(old: NodeRules, next: NodeRules, table: string): string[] {
  return HOST_MAPS.flatMap((map) => {
    const [had, has] = [old.verdicts[map].size > 0, next.verdicts[map].size > 0];
    if (had === has) return [];
    const chain = `${table} at-${map}`;
    return has ? addHook(map, table) : [`flush chain ${chain}`, `delete chain ${chain}`];
  });
}

function addHook(map: HostMap, table: string): string[] {
  const { hook: name, priority, key, isOrdinary } = HOOKS[map];
  const chain = `${table} at-${map}`;
  return [
    `add chain ${chain} { type filter hook ${name} priority ${priority}; policy accept; }`,
    `flush chain ${chain}`,
    ...(isOrdinary
      ? [
          `add rule ${chain} ct state established,related accept`,
          `add rule ${chain} meta mark and ${PASSED_EARLY} == ${PASSED_EARLY} accept`,
        ]
      : map === 'pre-dnat'
        ? [`add rule ${chain} ct state established,related accept`]
        : []),
    // Neighbour discovery must work whatever policies say.
    `add rule ${chain} icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert, nd-redirect } accept`,
    `add rule ${chain} ${key} vmap @${map}`,
  ];
}
