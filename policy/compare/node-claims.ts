import { formatAddress, type Address } from '../address-range.js';
import type { Side } from '../normal-form.js';
import type { Circuit } from './circuit.js';
import { FALSE, negate, TRUE, type Literal } from './sat-solver.js';
import type { UnknownEnd } from './unknown-end.js';

/** What is asked of the unknown flow. */
export interface Whereabouts {
  ends: Readonly<Record<Side, UnknownEnd>>;
  isAt: (end: UnknownEnd, address: Address) => Literal;
  isFamily: (family: 4 | 6) => Literal;
}

/**
 * Which node each address of a host endpoint belongs to: the one that the endpoint names, or where endpoints
 * contradict each other, one of those or none. A node of which addresses are known has no others.
 */
export class NodeClaims {
  readonly #owners = new Map<string, { address: Address; by: Map<string, Literal> }>();

  constructor(
    circuit: Circuit,
    where: Whereabouts,
    claims: ReadonlyMap<string, readonly Address[]>,
  ) {
    for (const [node, addresses] of claims) {
      for (const address of addresses) {
        const key = formatAddress(address);
        const known = this.#owners.get(key) ?? { address, by: new Map<string, Literal>() };
        this.#owners.set(key, known);
        known.by.set(node, TRUE);
      }
    }
    for (const { address, by } of this.#owners.values()) {
      if (by.size > 1) {
        for (const node of by.keys()) by.set(node, circuit.variable());
        const owns = [...by.values()];
        for (const [i, one] of owns.entries()) {
          for (const other of owns.slice(i + 1)) circuit.require([negate(one), negate(other)]);
        }
      }
      for (const end of Object.values(where.ends)) {
        const isThere = negate(where.isAt(end, address));
        for (const [node, owns] of by) {
          const isOfNode = circuit.all([end.isNode, end.node.is(node)]);
          circuit.require([isThere, negate(owns), isOfNode]);
          circuit.require([isThere, negate(isOfNode), owns]);
        }
      }
    }
    this.#keepToKnown(circuit, where);
  }

  owns(node: string, address: Address): Literal {
    return this.#owners.get(formatAddress(address))?.by.get(node) ?? FALSE;
  }

  get all(): { node: string; address: Address; owns: Literal }[] {
    return [...this.#owners.values()].flatMap(({ address, by }) =>
      [...by].map(([node, owns]) => ({ node, address, owns })),
    );
  }

  /** Those that are in doubt. */
  get literals(): Literal[] {
    return this.all.map(({ owns }) => owns).filter((owns) => owns !== TRUE);
  }

  /** The addresses of a node in a solution. */
  ownedBy(node: string, isTrue: (literal: Literal) => boolean): Address[] {
    return this.all.flatMap((one) => (one.node === node && isTrue(one.owns) ? [one.address] : []));
  }

  #keepToKnown(circuit: Circuit, where: Whereabouts): void {
    for (const node of new Set(this.all.map((one) => one.node))) {
      for (const family of [4, 6] as const) {
        const own = this.all.filter((one) => one.node === node && one.address.family === family);
        if (!own.some(({ owns }) => owns === TRUE)) continue;
        for (const end of Object.values(where.ends)) {
          const isElsewhere = [end.isNode, end.node.is(node), where.isFamily(family)].map(negate);
          const there = own.map(({ address }) => where.isAt(end, address));
          circuit.require([...isElsewhere, ...there]);
        }
      }
    }
  }
}
