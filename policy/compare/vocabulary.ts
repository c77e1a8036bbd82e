import { conjuncts, KIND, NAME, type LabelPredicate, type Scope } from '../label-predicate.js';
import type { Address, AddressRange } from '../address-range.js';
import type { Criterion, NormalPolicies, NormalPolicy, NormalRule, Side } from '../normal-form.js';
import type { ComparedSide } from './compared-side.js';
import { noQuestions, type ValueQuestions } from './label-values.js';

/** Everything that policies ask about: two flows that answer all of it alike are treated alike. */
export interface Vocabulary {
  labels: ReadonlyMap<string, LabelQuestions>;
  /** Whether anything is asked of nodes. */
  asksForNodes: boolean;
  /** Those that host endpoints name. */
  nodes: ReadonlySet<string>;
  /** Addresses that host endpoints say are a node's. */
  nodeAddresses: ReadonlyMap<string, readonly Address[]>;
  /** Whether any policy sees what was dialled before a Service is translated. */
  looksBeforeServices: boolean;
  /** Where ranges begin, and where they are over. */
  addressBoundaries: Readonly<Record<4 | 6, ReadonlySet<bigint>>>;
  portBoundaries: Readonly<Record<Side, ReadonlySet<bigint>>>;
  protocols: ReadonlySet<number>;
  icmpTypes: ReadonlySet<number>;
  icmpCodes: ReadonlySet<number>;
}

export interface LabelQuestions {
  scope: Scope;
  key: string;
  questions: ValueQuestions;
}

/** The API server puts this label on every namespace, with its name: they are one and the same. */
export const NAMESPACE_NAME_LABEL = 'kubernetes.io/metadata.name';

export const canonicalKey = ({ scope, key }: { scope: Scope; key: string }): string =>
  scope === 'namespace' && key === NAMESPACE_NAME_LABEL ? NAME : key;

export const labelId = (label: { scope: Scope; key: string }): string =>
  `${label.scope} ${canonicalKey(label)}`;

/** Of nodes and nobody else, as peers of cluster-wide policies can be. */
export const isAboutNodes = (predicate: LabelPredicate): boolean =>
  conjuncts(predicate).some(
    (part) =>
      part.op === 'in' &&
      part.key === KIND &&
      !part.values.includes('pod') &&
      part.values.includes('node'),
  );

export const policiesOf = ({ tiers }: NormalPolicies): NormalPolicy[] =>
  tiers.flatMap((tier) => tier.policies);

export class VocabularyBuilder implements Vocabulary {
  readonly labels = new Map<string, LabelQuestions>();
  asksForNodes = false;
  looksBeforeServices = false;
  readonly nodeAddresses = new Map<string, readonly Address[]>();
  readonly addressBoundaries = { 4: new Set<bigint>(), 6: new Set<bigint>() };
  readonly portBoundaries = { source: new Set<bigint>(), destination: new Set<bigint>() };
  readonly protocols = new Set<number>();
  readonly icmpTypes = new Set<number>();
  readonly icmpCodes = new Set<number>();

  get nodes(): ReadonlySet<string> {
    return new Set(this.nodeAddresses.keys());
  }

  addPolicy({ subject, ingress, egress }: NormalPolicy): void {
    this.addPredicate(subject);
    this.#addRules([...(ingress ?? []), ...(egress ?? [])]);
  }

  /** Host endpoints, and what they bring of their own. */
  addHosts({ policies: { tiers, profiles }, hosts, failsafeOf, hostPorts }: ComparedSide): void {
    if (hosts.length === 0) return;
    if (tiers.some((tier) => tier.policies.some(({ stage }) => stage !== 'filter'))) {
      this.looksBeforeServices = true;
    }
    for (const { node, addresses } of hosts) {
      this.nodeAddresses.set(node, [...(this.nodeAddresses.get(node) ?? []), ...addresses]);
      for (const address of addresses) this.#addRange(onlyOf(address));
      const { ingress, egress } = failsafeOf(node);
      for (const { protocol, port, net } of [...ingress, ...egress]) {
        this.#addPorts('destination', { protocol, first: port, last: port });
        if (net !== undefined) this.#addRange(net);
      }
    }
    for (const { protocol, port } of hostPorts) {
      for (const side of ['source', 'destination'] as const) {
        this.#addPorts(side, { protocol, first: port, last: port });
      }
    }
    for (const { ingress, egress } of profiles) this.#addRules([...ingress, ...egress]);
  }

  addPredicate(predicate: LabelPredicate): void {
    if (isAboutNodes(predicate)) this.asksForNodes = true;
    switch (predicate.op) {
      case 'not':
        this.addPredicate(predicate.of);
        return;
      case 'all':
      case 'any':
        for (const part of predicate.of) this.addPredicate(part);
        return;
      case 'exists':
        this.questionsOn(predicate);
        return;
      case 'in':
        for (const value of predicate.values) this.questionsOn(predicate).equals.add(value);
        return;
      case 'starts':
      case 'ends':
      case 'contains':
        this.questionsOn(predicate)[predicate.op].add(predicate.text);
    }
  }

  questionsOn(label: { scope: Scope; key: string }): ValueQuestions {
    if (label.scope === 'own' && label.key === KIND) return noQuestions();
    const id = labelId(label);
    const known = this.labels.get(id);
    if (known !== undefined) return known.questions;
    const questions = noQuestions();
    this.labels.set(id, { scope: label.scope, key: canonicalKey(label), questions });
    return questions;
  }

  #addRules(rules: readonly NormalRule[]): void {
    for (const { when } of rules) for (const criterion of when) this.#addCriterion(criterion);
  }

  #addRange({ family, first, last }: AddressRange): void {
    this.addressBoundaries[family].add(first).add(last + 1n);
  }

  #addPorts(
    side: Side,
    { protocol, first, last }: { protocol: number; first: number; last: number },
  ): void {
    this.protocols.add(protocol);
    this.portBoundaries[side].add(BigInt(first)).add(BigInt(last + 1));
  }

  #addCriterion(criterion: Criterion): void {
    if (criterion.about !== 'packet') {
      for (const end of criterion.anyOf) {
        if (end.type === 'endpoint') this.addPredicate(end.where);
        else if (end.type === 'net') {
          for (const range of end.ranges) this.#addRange(range);
        }
      }
      return;
    }
    for (const match of criterion.anyOf) {
      switch (match.type) {
        case 'family':
          break;
        case 'protocol':
        case 'named-port':
          this.protocols.add(match.protocol);
          break;
        case 'port':
          this.#addPorts(match.side, match);
          break;
        case 'icmp':
          this.icmpTypes.add(match.icmpType);
          if (match.code !== undefined) this.icmpCodes.add(match.code);
      }
    }
  }
}

const onlyOf = ({ family, value }: Address): AddressRange => ({
  family,
  first: value,
  last: value,
});
