/** Lays out the policies of a tier as rules, so that neither a packet nor a change has to do with all of them. */
import { nameFor } from './compile-criteria.js';
import type { CompiledPolicy } from './compile-policy.js';
import type { Direction, Tier } from './normal-form.js';

/** Chains that rules of a run jump to, by name; filled by the run. */
export interface RunChains {
  policyChains: Map<string, readonly string[]>;
  portChains: Map<string, readonly string[]>;
  groupChains: Map<string, readonly string[]>;
}

/**
 * Up to sixteen policies in a row are a jump each. More stand in groups with chains of their own, whose bounds the
 * policies' names decide: one policy more or less changes one group, not the whole list. In a group a map leads a packet by
 * its port to the policies that speak of that port, past all others that name ports.
 */
export class PolicyRun {
  readonly #chains: RunChains;
  readonly #direction: Direction;
  readonly #mode: Tier['mode'];
  readonly #rules: string[] = [];
  #policies: CompiledPolicy[] = [];

  constructor(
    chains: RunChains,
    { direction, mode }: { direction: Direction; mode: Tier['mode'] },
  ) {
    this.#chains = chains;
    this.#direction = direction;
    this.#mode = mode;
  }

  addPolicy(policy: CompiledPolicy): void {
    this.#chains.policyChains.set(policy.name, policy.rules);
    this.#policies.push(policy);
  }

  /** Rules that must stand in the tier's own chain. */
  addRules(rules: readonly string[]): void {
    this.#flush();
    this.#rules.push(...rules);
  }

  rules(): readonly string[] {
    this.#flush();
    return this.#rules;
  }

  #flush(): void {
    const policies = this.#policies;
    this.#policies = [];
    if (policies.length <= MAX_UNGROUPED) {
      this.#rules.push(...policies.map(jumpTo));
      return;
    }
    for (const group of groupsOf(policies)) {
      const name = this.#addChain('groupChains', this.#groupRules(group));
      this.#rules.push(`jump ${name}`);
    }
  }

  #groupRules(group: readonly CompiledPolicy[]): readonly string[] {
    // Where order means nothing, those that name ports come first, so that one map is enough.
    const ordered =
      this.#mode === 'union'
        ? [...group.filter(({ ports }) => ports), ...group.filter(({ ports }) => !ports)]
        : group;
    const rules: string[] = [];
    let sameSort: CompiledPolicy[] = [];
    for (const [i, policy] of ordered.entries()) {
      sameSort.push(policy);
      const next = ordered[i + 1];
      if (next !== undefined && (next.ports === undefined) === (policy.ports === undefined))
        continue;
      rules.push(...(policy.ports === undefined ? sameSort.map(jumpTo) : this.#byPort(sameSort)));
      sameSort = [];
    }
    return rules;
  }

  /** Policies that all name ports. */
  #byPort(policies: readonly CompiledPolicy[]): readonly string[] {
    if (policies.length < MIN_MAPPED) return policies.map(jumpTo);
    const byPort = new Map<string, string[]>();
    for (const policy of policies) {
      for (const port of policy.ports ?? []) {
        const jumps = byPort.get(port) ?? [];
        byPort.set(port, jumps);
        jumps.push(jumpTo(policy));
      }
    }
    const elements = [...byPort].map(([port, jumps]) => {
      const [only = ''] = jumps;
      return `${port} : ${jumps.length === 1 ? only : `jump ${this.#addChain('portChains', jumps)}`}`;
    });
    return [`meta l4proto . th dport vmap { ${elements.join(', ')} }`];
  }

  #addChain(kind: 'portChains' | 'groupChains', rules: readonly string[]): string {
    const sort = kind === 'portChains' ? 'port' : 'group';
    const name = `${sort}-${this.#direction}-${nameFor(rules.join('\n'))}`;
    this.#chains[kind].set(name, rules);
    return name;
  }
}

const jumpTo = ({ name }: CompiledPolicy): string => `jump ${name}`;

function groupsOf(policies: readonly CompiledPolicy[]): CompiledPolicy[][] {
  const groups: CompiledPolicy[][] = [[]];
  for (const policy of policies) {
    groups.at(-1)?.push(policy);
    if (GROUP_END.test(policy.name)) groups.push([]);
  }
  return groups.filter(({ length }) => length > 0);
}

/** One name in 64. */
const GROUP_END = /[048c]0$/;
const MAX_UNGROUPED = 16;
/** Fewer jumps than this cost no more than a map. */
const MIN_MAPPED = 3;
