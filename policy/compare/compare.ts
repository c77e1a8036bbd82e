import { readPolicies } from '../read-policies.js';
import { conjuncts, KIND, type LabelPredicate } from '../label-predicate.js';
import type { NormalPolicies, NormalPolicy } from '../normal-form.js';
import { Circuit } from './circuit.js';
import { encodePolicies } from './encode-policies.js';
import { readWitness } from './read-witness.js';
import { resolveSets } from './resolve-sets.js';
import { negate, SatSolver } from './sat-solver.js';
import { narrowToSmallest } from './smallest-witness.js';
import { ACCOUNT_NAME, NAMESPACE_NAME, Universe, type KnownNamespace } from './universe.js';
import { policiesOf, VocabularyBuilder } from './vocabulary.js';
import type { Witness } from './witness.js';

/** Kubernetes objects as stored: policies of every kind that `policy/` reads, and what they refer to. */
export type PolicySet = readonly unknown[];

export type Comparison = (
  | { equal: true }
  /** The smallest flow on which they differ. */
  | { equal: false; witness: Witness }
) & {
  /**
   * Objects on either side that were not compared: unknown kinds, host endpoints, policies about nodes. While
   * it is not 0, `equal` is no promise.
   */
  unknown: number;
};

export interface CompareOptions {
  /** Families of the cluster's networks. Default both. */
  families?: readonly (4 | 6)[];
  /** Namespaces that exist, with exactly these labels. Default none: any namespace may have any label. */
  namespaces?: readonly KnownNamespace[];
  /** Whether there may be namespaces beside those. Default true. */
  newNamespaces?: boolean;
}

/**
 * Whether two sets of policies let the same connections pass, for every possible pod, namespace, address, port
 * and protocol. Exact, not sampled: docs/policy-meaning.md says how. Traffic of a pod with itself and with its
 * own node is left out, as policies never decide on it.
 * @throws TooHard in contrived cases: the answer is unknown, not wrong.
 */
export function compare(a: PolicySet, b: PolicySet, options: CompareOptions = {}): Comparison {
  const namespaces = options.namespaces ?? [];
  const [sideA, sideB] = [readSide(a, namespaces), readSide(b, namespaces)];
  const unknown = sideA.unknown + sideB.unknown;
  const solver = new SatSolver({ maxConflicts: MAX_CONFLICTS });
  const circuit = new Circuit(solver);
  const universe = new Universe(circuit, collect([sideA.policies, sideB.policies], namespaces), {
    families: options.families ?? [4, 6],
    namespaces,
    newNamespaces: options.newNamespaces ?? true,
    everyProtocol: [sideA, sideB].some(({ policies }) =>
      policiesOf(policies).some(({ kind }) => kind !== 'NetworkPolicy'),
    ),
  });
  const verdicts = {
    a: encodePolicies(sideA.policies, { circuit, universe }),
    b: encodePolicies(sideB.policies, { circuit, universe }),
  };
  const difference = negate(circuit.same(verdicts.a.allowed, verdicts.b.allowed));
  if (!solver.solve([difference])) return { equal: true, unknown };
  const { addressMatters } = narrowToSmallest(difference, { solver, circuit, universe });
  const witness = readWitness({ solver, universe, ...verdicts, namespaces, addressMatters });
  return { equal: false, witness, unknown };
}

function readSide(
  set: PolicySet,
  namespaces: readonly KnownNamespace[],
): { policies: NormalPolicies; unknown: number } {
  const read = readPolicies(set);
  const policies = resolveSets(read, namespaces);
  const aside = policiesOf(policies).filter(isAboutNodes).length;
  return { policies, unknown: read.unknown + read.hostEndpoints.length + aside };
}

/** What is said of the nodes' own traffic is read, but not compared. */
function isAboutNodes({ ingress = [], egress = [], stage }: NormalPolicy): boolean {
  const peers = [...ingress, ...egress].flatMap(({ when }) =>
    when.flatMap((one) => (one.about === 'packet' ? [] : one.anyOf)),
  );
  return (
    stage !== 'filter' ||
    peers.some((peer) => peer.type === 'endpoint' && conjuncts(peer.where).some(asksForNodes))
  );
}

const asksForNodes = (part: LabelPredicate): boolean =>
  part.op === 'in' &&
  part.scope === 'own' &&
  part.key === KIND &&
  part.values.includes('node') &&
  !part.values.includes('pod');

/** Far more than sets of policies that people write ever need. */
const MAX_CONFLICTS = 200_000;

function collect(
  policies: readonly NormalPolicies[],
  namespaces: readonly KnownNamespace[],
): VocabularyBuilder {
  const vocabulary = new VocabularyBuilder();
  for (const policy of policies.flatMap(policiesOf)) vocabulary.addPolicy(policy);
  if ([...vocabulary.labels.values()].some(({ scope }) => scope === 'account')) {
    vocabulary.questionsOn(ACCOUNT_NAME).equals.add('default');
  }
  const names = vocabulary.questionsOn(NAMESPACE_NAME);
  for (const known of namespaces) {
    names.equals.add(known.name);
    for (const { scope, key, questions } of vocabulary.labels.values()) {
      const value = Object.hasOwn(known.labels, key) ? known.labels[key] : undefined;
      if (scope === 'namespace' && value !== undefined) questions.equals.add(value);
    }
  }
  return vocabulary;
}
