import { KIND, NAME, type LabelPredicate, type Scope } from '../label-predicate.js';
import type { Side } from '../normal-form.js';
import { Choice } from './choice.js';
import type { Circuit } from './circuit.js';
import { sampleValues } from './label-values.js';
import { FALSE, negate, TRUE, type Literal } from './sat-solver.js';
import { Scale } from './scale.js';
import { isAboutNodes, labelId, type LabelQuestions, type Vocabulary } from './vocabulary.js';

export interface UnknownLabel {
  of: LabelQuestions;
  /** Undefined where the label is absent. */
  value: Choice<string | undefined>;
}

export interface PortName {
  protocol: number;
  name: string;
  holds: Literal;
}

export interface ServiceMembership {
  namespace: string;
  name: string;
  holds: Literal;
}

/** One end of the unknown flow: a pod that policies can select, or an address where none is, a node's perhaps. */
export class UnknownEnd {
  readonly isPod: Literal;
  /** A node other than that of the pod at the other end; its labels are the end's own. */
  readonly isNode: Literal;
  /** The node that a pod runs on, or that the end is, where host endpoints name it; undefined for others. */
  readonly node: Choice<string | undefined>;
  /** By `labelId`. */
  readonly labels: ReadonlyMap<string, UnknownLabel>;
  readonly address: Readonly<Record<4 | 6, Scale>>;
  /** The flow's port on this side. */
  readonly port: Scale;
  readonly #circuit: Circuit;
  readonly #predicates = new Map<string, Literal>();
  readonly #portNames = new Map<string, PortName>();
  readonly #services = new Map<string, ServiceMembership>();

  constructor(
    circuit: Circuit,
    {
      vocabulary,
      side,
      isPlainAddress = false,
    }: {
      vocabulary: Vocabulary;
      side: Side;
      /** Nobody is asked for there but who has the address. */
      isPlainAddress?: boolean;
    },
  ) {
    this.#circuit = circuit;
    this.isPod = isPlainAddress ? FALSE : circuit.variable();
    const asksForNodes = vocabulary.asksForNodes || vocabulary.nodes.size > 0;
    this.isNode =
      asksForNodes && !isPlainAddress
        ? circuit.all([negate(this.isPod), circuit.variable()])
        : FALSE;
    this.node = new Choice<string | undefined>(circuit, [
      undefined,
      ...(isPlainAddress ? [] : vocabulary.nodes),
    ]);
    circuit.require([this.isPod, this.isNode, this.node.is(undefined)]);
    this.labels = new Map(
      [...(isPlainAddress ? [] : vocabulary.labels)].map(([id, of]) => {
        const isName = of.key === NAME;
        const samples = sampleValues(of.questions, isName ? 'name' : 'label');
        const options = isName ? samples : [undefined, ...samples];
        return [id, { of, value: new Choice<string | undefined>(circuit, options) }];
      }),
    );
    const addresses = (family: 4 | 6): Scale =>
      new Scale(circuit, {
        first: 0n,
        last: (1n << (family === 4 ? 32n : 128n)) - 1n,
        boundaries: vocabulary.addressBoundaries[family],
      });
    this.address = { 4: addresses(4), 6: addresses(6) };
    this.port = new Scale(circuit, {
      first: 1n,
      last: 65_535n,
      boundaries: vocabulary.portBoundaries[side],
    });
  }

  label(label: { scope: Scope; key: string }): Choice<string | undefined> | undefined {
    return this.labels.get(labelId(label))?.value;
  }

  /** Whether it is a pod, or a node where nodes are asked for, and as the predicate asks. */
  isEndpoint(predicate: LabelPredicate): Literal {
    const kind = isAboutNodes(predicate) ? this.isNode : this.isPod;
    return this.#circuit.all([kind, this.#holds(predicate)]);
  }

  /** Whether the pod here gives the flow's port this name. */
  namesPort(protocol: number, name: string): Literal {
    const key = `${protocol} ${name}`;
    const known = this.#portNames.get(key);
    if (known !== undefined) return known.holds;
    const holds = this.#circuit.all([this.isPod, this.#circuit.variable()]);
    this.#portNames.set(key, { protocol, name, holds });
    return holds;
  }

  /** Whether the address is behind a Service. */
  isBehind({ namespace, name }: { namespace: string; name: string }): Literal {
    const key = `${namespace}/${name}`;
    const known = this.#services.get(key);
    if (known !== undefined) return known.holds;
    const holds = this.#circuit.variable();
    this.#services.set(key, { namespace, name, holds });
    return holds;
  }

  /** Those that were asked about. */
  get portNames(): readonly PortName[] {
    return [...this.#portNames.values()];
  }

  get services(): readonly ServiceMembership[] {
    return [...this.#services.values()];
  }

  #holds(predicate: LabelPredicate): Literal {
    const key = JSON.stringify(predicate);
    const known = this.#predicates.get(key);
    if (known !== undefined) return known;
    const literal = this.#encode(predicate);
    this.#predicates.set(key, literal);
    return literal;
  }

  #encode(predicate: LabelPredicate): Literal {
    switch (predicate.op) {
      case 'not':
        return negate(this.#holds(predicate.of));
      case 'all':
        return this.#circuit.all(predicate.of.map((part) => this.#holds(part)));
      case 'any':
        return this.#circuit.any(predicate.of.map((part) => this.#holds(part)));
      case 'in':
        if (isAboutKind(predicate)) {
          return ['pod', 'node'].some((kind) => predicate.values.includes(kind)) ? TRUE : FALSE;
        }
        return this.#valueIs(predicate, (value) => predicate.values.includes(value));
      case 'exists':
        return isAboutKind(predicate) ? TRUE : this.#valueIs(predicate, () => true);
      case 'starts':
        return this.#valueIs(predicate, (value) => value.startsWith(predicate.text));
      case 'ends':
        return this.#valueIs(predicate, (value) => value.endsWith(predicate.text));
      case 'contains':
        return this.#valueIs(predicate, (value) => value.includes(predicate.text));
    }
  }

  #valueIs(label: { scope: Scope; key: string }, holds: (value: string) => boolean): Literal {
    return this.label(label)?.isOneWhere((value) => value !== undefined && holds(value)) ?? FALSE;
  }
}

const isAboutKind = ({ scope, key }: { scope: Scope; key: string }): boolean =>
  scope === 'own' && key === KIND;
