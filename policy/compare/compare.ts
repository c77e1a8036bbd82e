import { Circuit } from './circuit.js';
import type { ComparedSide, KnownNamespace } from './compared-side.js';
import { readSide } from './read-side.js';
import { encodePolicies } from './encode-policies.js';
import { readWitness } from './read-witness.js';
import { negate, SatSolver } from './sat-solver.js';
import { narrowToSmallest } from './smallest-witness.js';
import { ACCOUNT_NAME, NAMESPACE_NAME, Universe } from './universe.js';
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
   * Objects of unknown kinds on either side, which were not compared. While it is not 0, `equal` is no promise.
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
  const universe = new Universe(circuit, collect([sideA, sideB], namespaces), {
    families: options.families ?? [4, 6],
    namespaces,
    newNamespaces: options.newNamespaces ?? true,
    everyProtocol: [sideA, sideB].some(
      ({ policies, hosts }) =>
        hosts.length > 0 || policiesOf(policies).some(({ kind }) => kind !== 'NetworkPolicy'),
    ),
  });
  const verdicts = {
    a: encodePolicies(sideA, { circuit, universe }),
    b: encodePolicies(sideB, { circuit, universe }),
  };
  const difference = negate(circuit.same(verdicts.a.allowed, verdicts.b.allowed));
  if (!solver.solve([difference])) return { equal: true, unknown };
  const { addressMatters } = narrowToSmallest(difference, { solver, circuit, universe });
  const witness = readWitness({ solver, universe, ...verdicts, namespaces, addressMatters });
  return { equal: false, witness, unknown };
}

/** Far more than sets of policies that people write ever need. */
const MAX_CONFLICTS = 200_000;

function collect(
  sides: readonly ComparedSide[],
  namespaces: readonly KnownNamespace[],
): VocabularyBuilder {
  const vocabulary = new VocabularyBuilder();
  for (const side of sides) {
    for (const policy of policiesOf(side.policies)) vocabulary.addPolicy(policy);
    vocabulary.addHosts(side);
  }
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
