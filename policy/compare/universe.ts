import type { Address } from '../address-range.js';
import { NAME } from '../label-predicate.js';
import type { Criterion, EndMatch, PacketMatch, Side } from '../normal-form.js';
import { PROTOCOL, WITH_PORTS } from '../protocols.js';
import { Choice } from './choice.js';
import type { Circuit } from './circuit.js';
import type { HostPort, KnownNamespace } from './compared-side.js';
import { NodeClaims } from './node-claims.js';
import { FALSE, negate, TRUE, type Literal } from './sat-solver.js';
import { UnknownEnd } from './unknown-end.js';
import type { Vocabulary } from './vocabulary.js';

export interface UniverseOptions {
  /** Families of the cluster's networks. */
  families: readonly (4 | 6)[];
  namespaces: readonly KnownNamespace[];
  /** Whether there can be other namespaces than those. */
  newNamespaces: boolean;
  /** Whether there are other protocols than TCP, UDP and SCTP. */
  everyProtocol: boolean;
}

export const NAMESPACE_NAME = { scope: 'namespace', key: NAME } as const;
export const ACCOUNT_NAME = { scope: 'account', key: NAME } as const;

/** Who stands at the ends as rules see them, and ports that host endpoints name. */
export type FlowView = Readonly<Record<Side, UnknownEnd>> & { hostPorts: readonly HostPort[] };

/**
 * Any flow in any cluster, as unknowns: whatever can be asked about it is a literal, and what cannot be true at
 * the same time is ruled out.
 */
export class Universe {
  readonly ends: Readonly<Record<Side, UnknownEnd>>;
  /** Whether a Service translated it; never where no policy looks before that. */
  readonly isDialled: Literal;
  /** What the client dialled then; else the destination itself. */
  readonly dialled: UnknownEnd;
  /** Which addresses belong to nodes with host endpoints. */
  readonly claims: NodeClaims;
  readonly isV4: Literal;
  readonly protocol: Choice<number>;
  readonly icmpType: Choice<number>;
  readonly icmpCode: Choice<number>;
  /** Both ends are pods of one namespace that policies or the world name. */
  readonly sameNamespace: Literal;
  readonly #circuit: Circuit;

  constructor(circuit: Circuit, vocabulary: Vocabulary, options: UniverseOptions) {
    this.#circuit = circuit;
    const { families, everyProtocol } = options;
    this.isV4 = families.includes(4) ? (families.includes(6) ? circuit.variable() : TRUE) : FALSE;
    this.protocol = new Choice(circuit, [
      ...WITH_PORTS,
      ...(everyProtocol
        ? [PROTOCOL.ICMP, PROTOCOL.ICMPv6, ...withAnother(vocabulary.protocols, OTHER_PROTOCOLS)]
        : []),
    ]);
    this.icmpType = new Choice(circuit, withAnother(vocabulary.icmpTypes, [8, 0, 3, 128]));
    this.icmpCode = new Choice(circuit, withAnother(vocabulary.icmpCodes, [0, 1, 2]));
    circuit.require([negate(this.protocol.is(PROTOCOL.ICMP)), this.isV4]);
    circuit.require([negate(this.protocol.is(PROTOCOL.ICMPv6)), negate(this.isV4)]);
    this.ends = {
      source: new UnknownEnd(circuit, { vocabulary, side: 'source' }),
      destination: new UnknownEnd(circuit, { vocabulary, side: 'destination' }),
    };
    this.sameNamespace = this.#sameOwner(NAMESPACE_NAME, vocabulary);
    this.#shareLabels('namespace', this.sameNamespace);
    const sameAccount = this.#sameOwner(ACCOUNT_NAME, vocabulary);
    this.#shareLabels('account', circuit.all([this.sameNamespace, sameAccount]));
    this.isDialled = vocabulary.looksBeforeServices
      ? circuit.all([
          circuit.variable(),
          circuit.any(WITH_PORTS.map((protocol) => this.protocol.is(protocol))),
        ])
      : FALSE;
    this.dialled = vocabulary.looksBeforeServices
      ? new UnknownEnd(circuit, { vocabulary, side: 'destination', isPlainAddress: true })
      : this.ends.destination;
    this.#knowNamespaces(options);
    this.#keepAddressesApart();
    if (this.isDialled !== FALSE) this.#keepDialledFromPods();
    this.claims = new NodeClaims(circuit, this, vocabulary.nodeAddresses);
    this.#keepFromOwnNode(vocabulary.nodes);
  }

  /** Literals one of which must be true for a criterion to hold. */
  alternatives(criterion: Criterion, view: FlowView): Literal[] {
    const matches =
      criterion.about === 'packet'
        ? criterion.anyOf.map((match) => this.#isPacket(match, view))
        : criterion.anyOf.map((match) => this.#isEnd(view[criterion.about], match));
    return criterion.not ? [negate(this.#circuit.any(matches))] : matches;
  }

  isFamily(family: 4 | 6): Literal {
    return family === 4 ? this.isV4 : negate(this.isV4);
  }

  isAt(end: UnknownEnd, { family, value }: Address): Literal {
    return this.#circuit.all([
      this.isFamily(family),
      end.address[family].isWithin({ first: value, last: value }),
    ]);
  }

  #isEnd(end: UnknownEnd, match: EndMatch): Literal {
    switch (match.type) {
      case 'endpoint':
        return end.isEndpoint(match.where);
      case 'service':
        return end.isBehind(match);
      case 'net':
        return this.#circuit.any(
          match.ranges.map((range) =>
            this.#circuit.all([
              this.isFamily(range.family),
              end.address[range.family].isWithin(range),
            ]),
          ),
        );
    }
  }

  #isPacket(match: PacketMatch, view: FlowView): Literal {
    switch (match.type) {
      case 'family':
        return this.isFamily(match.family);
      case 'protocol':
        return this.protocol.is(match.protocol);
      case 'port': {
        const { port } = view[match.side];
        return this.#circuit.all([
          this.protocol.is(match.protocol),
          port.isWithin({ first: BigInt(match.first), last: BigInt(match.last) }),
        ]);
      }
      case 'named-port':
        return this.#circuit.all([this.protocol.is(match.protocol), this.#isNamed(match, view)]);
      case 'icmp':
        return this.#circuit.all([
          this.protocol.is(match.family === 4 ? PROTOCOL.ICMP : PROTOCOL.ICMPv6),
          this.icmpType.is(match.icmpType),
          match.code === undefined ? TRUE : this.icmpCode.is(match.code),
        ]);
    }
  }

  #isNamed(match: PacketMatch & { type: 'named-port' }, view: FlowView): Literal {
    const end = view[match.side];
    const byHosts = view.hostPorts.flatMap(({ address, name, protocol, port }) =>
      name === match.name && protocol === match.protocol
        ? [
            this.#circuit.all([
              this.isAt(end, address),
              end.port.isWithin({ first: BigInt(port), last: BigInt(port) }),
            ]),
          ]
        : [],
    );
    return this.#circuit.any([end.namesPort(match.protocol, match.name), ...byHosts]);
  }

  /** Both ends belong to one owner that is known by name; of others there is always one more. */
  #sameOwner(owner: typeof NAMESPACE_NAME | typeof ACCOUNT_NAME, vocabulary: Vocabulary): Literal {
    const { source, destination } = this.ends;
    const names = vocabulary.labels.get(`${owner.scope} ${owner.key}`)?.questions.equals ?? [];
    return this.#circuit.any(
      [...names].map((name) =>
        this.#circuit.all([
          source.isPod,
          destination.isPod,
          source.label(owner)?.is(name) ?? FALSE,
          destination.label(owner)?.is(name) ?? FALSE,
        ]),
      ),
    );
  }

  #shareLabels(scope: 'namespace' | 'account', same: Literal): void {
    if (same === FALSE) return;
    for (const { of, value } of this.ends.source.labels.values()) {
      const other = this.ends.destination.label(of);
      if (other === undefined || of.key === NAME || of.scope !== scope) continue;
      this.#circuit.require([negate(same), value.equals(other)]);
    }
  }

  #knowNamespaces({ namespaces, newNamespaces }: UniverseOptions): void {
    for (const end of Object.values(this.ends)) {
      const name = end.label(NAMESPACE_NAME);
      if (name === undefined) continue;
      for (const known of namespaces) {
        for (const { of, value } of end.labels.values()) {
          if (of.scope !== 'namespace' || of.key === NAME) continue;
          const label = Object.hasOwn(known.labels, of.key) ? known.labels[of.key] : undefined;
          this.#circuit.require([negate(name.is(known.name)), value.is(label)]);
        }
      }
      if (!newNamespaces) this.#circuit.require(namespaces.map((known) => name.is(known.name)));
    }
  }

  /** Two ends never have one address: where an interval is a single address, only one of them is there. */
  #keepAddressesApart(): void {
    const { source, destination } = this.ends;
    for (const family of [4, 6] as const) {
      for (const start of source.address[family].starts) {
        const interval = source.address[family].intervalOf(start);
        if (interval.first !== interval.last) continue;
        this.#circuit.require([
          negate(this.isFamily(family)),
          negate(source.address[family].isWithin(interval)),
          negate(destination.address[family].isWithin(interval)),
        ]);
      }
    }
  }

  /** A Service's address is no pod's: where only one or two addresses are left, they are not shared. */
  #keepDialledFromPods(): void {
    const { source, destination } = this.ends;
    const pods = [source, destination];
    for (const family of [4, 6] as const) {
      for (const start of this.dialled.address[family].starts) {
        const interval = this.dialled.address[family].intervalOf(start);
        const left = interval.last - interval.first;
        if (left > 1n) continue;
        const isIn = (end: UnknownEnd): Literal => end.address[family].isWithin(interval);
        const free = [this.isDialled, this.isFamily(family), isIn(this.dialled)].map(negate);
        const taken = pods.map((end) => negate(this.#circuit.all([end.isPod, isIn(end)])));
        if (left === 1n) this.#circuit.require([...free, ...taken]);
        else for (const not of taken) this.#circuit.require([...free, not]);
      }
    }
  }

  /** No policy decides on traffic between a pod and its own node. */
  #keepFromOwnNode(nodes: Iterable<string>): void {
    const { source, destination } = this.ends;
    for (const node of nodes) {
      for (const [pod, other] of [
        [source, destination],
        [destination, source],
      ] as const) {
        this.#circuit.require([
          negate(pod.isPod),
          negate(pod.node.is(node)),
          negate(other.isNode),
          negate(other.node.is(node)),
        ]);
      }
    }
  }
}

/** GRE, ESP and others that nobody asks for: one of them stands for all. */
const OTHER_PROTOCOLS = [47, 50, 89, 253];

/** The numbers that were asked for, and one that was not. */
function withAnother(asked: ReadonlySet<number>, candidates: readonly number[]): number[] {
  const another = candidates.find((candidate) => !asked.has(candidate));
  return [...asked, ...(another === undefined ? [] : [another])];
}
