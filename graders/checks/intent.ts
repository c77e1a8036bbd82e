import { setTimeout as sleep } from 'node:timers/promises';
import { isJsonObject, valueAt, type JsonObject } from '../../common/json.js';
import type { Finding } from '../../common/verdict.js';
import { compare, type CompareOptions, type Comparison } from '../../policy/compare/compare.js';
import { describeEnd, describeWitness } from '../../policy/compare/describe-witness.js';
import type { Witness } from '../../policy/compare/witness.js';
import { witnessWorld } from '../../policy/compare/witness-world.js';
import { misread } from '../../policy/misread/misread.js';
import { decide } from '../../policy/decide.js';
import type { CheckContext, CheckOf, CheckVerdict } from '../check-context.js';
import { objectsOfKind, type ClusterView } from '../cluster-view.js';
import type { WitnessTrial } from '../intent/real-witness.js';
import { isPolicy } from '../policy-engine.js';
import { listed } from '../reachability/endpoint.js';

type IntentCheck = CheckOf<'intent'>;
/** Looked at again after these pauses, while packets and policies do not agree yet. */
const PAUSES_MS = [100, 300, 600, 1000];

/**
 * Compares the live policies with the reference by meaning. Where they differ, the smallest flow on which they
 * do is made real and told; where they do not, a flow that must be stopped is made real as well: policies that
 * are only stored prove nothing.
 */
export async function checkIntent(
  check: IntentCheck,
  context: CheckContext,
): Promise<CheckVerdict> {
  let round = await look(check, { context, number: 0 });
  for (const [index, pauseMs] of PAUSES_MS.entries()) {
    if (!round.mayChange) break;
    await sleep(pauseMs * context.patience, undefined, { signal: context.signal });
    round = await look(check, { context, number: index + 1 });
  }
  if (round.mayChange) {
    context.logger.error('packets and policies disagree', {
      lab: context.lab.id,
      check: check.id,
      cluster: context.cluster,
      finding: round.finding,
    });
  }
  const { finding } = round;
  if (finding.outcome === 'passed') {
    const message = `Your policies mean what was asked for, for every pod, namespace and port. ${finding.reason ?? ''}`;
    return { outcome: 'passed', message: message.trim(), findings: [finding] };
  }
  return {
    outcome: finding.outcome === 'failed' ? 'failed' : 'inconclusive',
    message: finding.reason ?? finding.observed,
    findings: [finding],
  };
}

interface Round {
  finding: Finding;
  /** Packets contradict the policies: looking again may help, and if not, it is ours. */
  mayChange: boolean;
}

async function look(
  check: IntentCheck,
  { context, number }: { context: CheckContext; number: number },
): Promise<Round> {
  const sides = sidesOf(check, context, await context.view({ fresh: true }));
  const { view, reference, live } = sides;
  const options: CompareOptions = {
    families: [4],
    namespaces: view.namespaces,
    newNamespaces: check.newNamespaces,
  };
  const compareOnce = comparerOf(context, options);
  const result = compareOnce(reference, live);
  if (view.unknownPolicies.length > 0) {
    const reason = 'Among them are policies of a kind that cannot be compared.';
    return tell(sides, { outcome: 'inconclusive', observed: 'cannot be compared', reason });
  }
  const isLater = (names: readonly string[]): boolean =>
    compareOnce(referenceOf(names, context), live).equal;
  return result.equal || check.later.some(isLater)
    ? proveEnforced(sides, { context, options, number })
    : showDifference(check, sides, { context, options, witness: result.witness });
}

type Comparer = (a: readonly JsonObject[], b: readonly JsonObject[]) => Comparison;

/** Compares what no other check of this run has compared; the others' answers are taken over. */
function comparerOf({ comparisons }: CheckContext, options: CompareOptions): Comparer {
  return (a, b) => {
    const key = JSON.stringify([a, b, options]);
    const result = comparisons.get(key) ?? compare(a, b, options);
    comparisons.set(key, result);
    return result;
  };
}

/** What is compared, and the other policies, which stay as they are on both sides. */
interface Sides {
  view: ClusterView;
  scope: readonly string[];
  reference: readonly JsonObject[];
  live: readonly JsonObject[];
  others: readonly JsonObject[];
}

function sidesOf(check: IntentCheck, context: CheckContext, view: ClusterView): Sides {
  const reference = referenceOf(check.reference, context);
  const scope = check.namespaces ?? [...new Set(reference.map(namespaceOf))];
  // A policy without a namespace governs all of them.
  const isCompared = (policy: JsonObject): boolean => ['', ...scope].includes(namespaceOf(policy));
  const policies = view.world.networkPolicies.filter(isJsonObject);
  return {
    view,
    scope,
    reference,
    live: policies.filter(isCompared),
    others: policies.filter((policy) => !isCompared(policy)),
  };
}

function referenceOf(names: readonly string[], { lab }: CheckContext): JsonObject[] {
  return names.flatMap((name) => lab.references[name] ?? []).filter(isPolicy);
}

interface Tools {
  context: CheckContext;
  options: CompareOptions;
}

/** The smallest flow that tells them apart, told with its rule, and tried for real. */
async function showDifference(
  check: IntentCheck,
  sides: Sides,
  { context, options, witness }: Tools & { witness: Witness },
): Promise<Round> {
  const { view, scope, reference, live, others } = sides;
  const { wire, signal } = context;
  const otherwise = [...others, ...reference];
  // With the other policies in force there may be a smaller world in which it shows.
  const shown = comparerOf(context, options)(otherwise, [...others, ...live]);
  const real = shown.equal ? witness : shown.witness;
  const tried = await wire.tryWitness(real, { view, otherwise, signal });
  const observed = `different: ${describeWitness(real)}`;
  const [mistake] = misread(live, reference, { ...options, services: servicesIn(view) });
  const reason = [differenceWords(check, { witness: real, tried, live }), mistake?.sentence]
    .filter(Boolean)
    .join(' ');
  if (tried.outcome === 'contradicted') {
    const contradiction = `${reason} But the packets say otherwise (${tried.words}). This is ours to find out; nothing is counted against you.`;
    const finding = { outcome: 'inconclusive', observed, reason: contradiction } as const;
    return tell(sides, finding, { mayChange: true });
  }
  const next =
    live.length === 0
      ? 'kubectl get networkpolicies -A'
      : `kubectl describe networkpolicies -n ${scope[0] ?? ''}`;
  return tell(sides, { outcome: 'failed', observed, reason, next });
}

/** Equal in meaning; is it enforced? The smallest flow that only the live policies stop must be stopped. */
async function proveEnforced(
  sides: Sides,
  { context, options, number }: Tools & { number: number },
): Promise<Round> {
  const { view, live, others } = sides;
  const { wire, signal } = context;
  const without = comparerOf(context, options)([...others, ...live], others);
  if (without.equal) return tell(sides, { outcome: 'passed', observed: 'the same' });
  // Several checks of one run may compare the same policies: one packet serves them all.
  const key = `enforced ${number} ${JSON.stringify([others, live])}`;
  const proof =
    context.proofs.get(key) ??
    wire.tryWitness(without.witness, { view, otherwise: others, orLike: true, signal });
  context.proofs.set(key, proof);
  const tried = await proof;
  const { words } = tried;
  const same = { observed: 'the same' } as const;
  switch (tried.outcome) {
    case 'confirmed':
      return tell(sides, {
        outcome: 'passed',
        ...same,
        reason: 'A packet that they must stop was sent, and stopped.',
      });
    case 'untried':
      return tell(sides, { outcome: 'passed', ...same });
    case 'blocked':
      return tell(sides, {
        outcome: 'inconclusive',
        ...same,
        reason: `Your policies mean what was asked for, but it could not be tried whether they are enforced: ${words}.`,
      });
    case 'contradicted': {
      const isStoredOnly = view.policyEngine.enforces === false;
      const reason = isStoredOnly
        ? 'Your policies mean what was asked for, but no network plugin of this cluster acts on policies: they are stored and nothing happens.'
        : `Your policies mean what was asked for, but a packet that they must stop was not stopped (${words}).`;
      const outcome = isStoredOnly ? 'failed' : 'inconclusive';
      return tell(sides, { outcome, ...same, reason }, { mayChange: !isStoredOnly });
    }
  }
}

/** "A pod … can still reach …, because …": who, where, which rule, and what was wanted. */
function differenceWords(
  check: IntentCheck,
  { witness, tried, live }: { witness: Witness; tried: WitnessTrial; live: readonly JsonObject[] },
): string {
  const { source, destination, protocol, port = 0 } = witness;
  const { world, flow } = witnessWorld(witness, live);
  const because = tried.decision?.explanation ?? decide(world, flow).explanation;
  const isOpen = witness.allowedBy === 'b';
  const can = isOpen ? 'can still reach' : 'cannot reach';
  const wanted = isOpen ? 'That should be stopped.' : 'That should be allowed.';
  const proof =
    tried.outcome === 'confirmed'
      ? `Tried just now with pods of our own: ${tried.words}.`
      : `Told from the policies alone (${tried.words}).`;
  const flowWords = `${upperFirst(describeEnd(source))} ${can} ${describeEnd(destination)} on ${protocol} port ${port}`;
  return [`${flowWords}.`, because, wanted, check.why, proof].filter(Boolean).join(' ');
}

function tell(
  { scope }: Sides,
  finding: Omit<Finding, 'subject' | 'expected'>,
  rest: Partial<Round> = {},
): Round {
  const subject = `what the policies in ${listed(scope)} mean`;
  return {
    finding: { subject, expected: 'as asked for', ...finding },
    mayChange: false,
    ...rest,
  };
}

function servicesIn({ objects }: ClusterView): JsonObject[] {
  return objectsOfKind(objects, 'v1', 'Service');
}

function namespaceOf(object: JsonObject): string {
  const namespace = valueAt(object, ['metadata', 'namespace']);
  return typeof namespace === 'string' ? namespace : '';
}

function upperFirst(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
