import { readPolicies } from '../read-policies.js';
import type { HostEndpoint } from '../calico/resources.js';
import type { NormalPolicies } from '../normal-form.js';
import { Circuit } from './circuit.js';
import { encodePolicies } from './encode-policies.js';
import { hostBearing, isAtHost, type HostBearing } from './host-bearing.js';
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
   * Objects on either side that were not compared: unknown kinds, and host endpoints and early policies where
   * what bears on them is not the same on both sides. While it is not 0, `equal` is no promise.
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
  const unknown = sideA.unknown + sideB.unknown + countHostDifferences(sideA, sideB);
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
  const hosts = [sideA, sideB].flatMap((side) => side.hosts);
  // There the host endpoints have a say as well, and they were not asked.
  const isOpen = [witness.source, witness.destination].some(({ address }) =>
    isAtHost(hosts, address),
  );
  return { equal: false, witness, unknown: isOpen ? Math.max(unknown, hosts.length) : unknown };
}

interface ComparedSide {
  policies: NormalPolicies;
  hosts: readonly HostEndpoint[];
  bearing: HostBearing;
  unknown: number;
}

function readSide(set: PolicySet, namespaces: readonly KnownNamespace[]): ComparedSide {
  const read = readPolicies(set);
  const policies = resolveSets(read, namespaces);
  const { hostEndpoints: hosts, unknown } = read;
  return { policies, hosts, bearing: hostBearing(policies, hosts), unknown };
}

/** The traffic of nodes is not compared: it is the same where all that bears on it is, word for word. */
function countHostDifferences(a: ComparedSide, b: ComparedSide): number {
  // A name that a host endpoint gives a port may be asked for by rules of pods.
  const named = [...a.hosts, ...b.hosts].some(({ ports }) => ports.length > 0);
  return a.bearing.text === b.bearing.text && !named ? 0 : a.bearing.count + b.bearing.count;
}

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
