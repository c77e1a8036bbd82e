import { conjuncts, KIND, NAME, type LabelPredicate, type Scope } from '../label-predicate.js';
import type { Criterion, NormalPolicies, NormalPolicy, Side } from '../normal-form.js';
import { noQuestions, type ValueQuestions } from './label-values.js';

/** Everything that policies ask about: two flows that answer all of it alike are treated alike. */
export interface Vocabulary {
  labels: ReadonlyMap<string, LabelQuestions>;
  /** Whether anything is asked of nodes. */
  asksForNodes: boolean;
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
  readonly addressBoundaries = { 4: new Set<bigint>(), 6: new Set<bigint>() };
  readonly portBoundaries = { source: new Set<bigint>(), destination: new Set<bigint>() };
  readonly protocols = new Set<number>();
  readonly icmpTypes = new Set<number>();
  readonly icmpCodes = new Set<number>();

  addPolicy({ subject, ingress, egress }: NormalPolicy): void {
    this.addPredicate(subject);
    for (const rule of [...(ingress ?? []), ...(egress ?? [])]) {
      for (const criterion of rule.when) this.#addCriterion(criterion);
    }
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

  #addCriterion(criterion: Criterion): void {
    if (criterion.about !== 'packet') {
      for (const end of criterion.anyOf) {
        if (end.type === 'endpoint') this.addPredicate(end.where);
        else if (end.type === 'net') {
          for (const { family, first, last } of end.ranges) {
            this.addressBoundaries[family].add(first).add(last + 1n);
          }
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
          this.protocols.add(match.protocol);
          this.portBoundaries[match.side].add(BigInt(match.first)).add(BigInt(match.last + 1));
          break;
        case 'icmp':
          this.icmpTypes.add(match.icmpType);
          if (match.code !== undefined) this.icmpCodes.add(match.code);
      }
    }
  }
}
