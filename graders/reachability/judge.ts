import type { ProbeResult } from '../../common/probe.js';
import type { Finding } from '../../common/verdict.js';
import type { Cell, MissingCell } from './cells.js';
import { listed, type End } from './endpoint.js';
import type { Prediction } from './model.js';

/** What came back for one path and the probes beside it. */
export interface Observation {
  main: ProbeResult;
  canary: ProbeResult | undefined;
  alive: readonly ProbeResult[];
  /** Another path from this source, or to this target, was open at the same moment. */
  otherPathOpen: boolean;
  /** The kernel here says of every packet that a policy dropped which one it was. */
  namesDrops: boolean;
}

export interface Judgement {
  finding: Finding;
  /**
   * For how long after the check began it is worth to look again before this is believed. 0: wire, model and
   * controls agree, which waiting cannot improve.
   */
  retryForMs: number;
  /** Wire and model contradict each other: if that lasts, it is a defect of ours. */
  disagreement?: true;
}

/** Nothing there: a little patience for what is being created right now. */
const BRIEF_MS = 600;
/** The cluster may still be applying a change. */
const SETTLE_MS = 2000;
/** A pod is starting. */
const START_MS = 8000;

export function judgeMissing(cell: MissingCell): Judgement {
  return {
    finding: {
      subject: cell.subject,
      expected: 'it exists',
      observed: 'not found',
      outcome: 'failed',
      reason: cell.missing,
      next: 'kubectl get pods,services -A --show-labels',
    },
    retryForMs: BRIEF_MS,
  };
}

/** The wire decides, the model explains; a denial counts only while its controls hold. Pure. */
export function judgeCell(cell: Cell, seen: Observation, prediction: Prediction): Judgement {
  const words = { cell, seen, prediction };
  const { main, canary } = seen;
  const source = brokenPod(cell.from, 'source');
  if (main.cause === 'no-source' || (source !== undefined && main.cause !== 'open')) {
    return source ?? unsure(words, main.detail ?? `${cell.from.label} has no running network.`);
  }
  if (main.cause === 'unknown') {
    return unsure(words, `The probe could not be sent: ${main.detail ?? 'no reason was given'}.`);
  }
  if (canary !== undefined && canary.cause !== 'open' && canary.cause !== 'refused') {
    return unsure(
      words,
      `${cell.from.label} got no answer even from itself, so nothing can be said about this path.`,
    );
  }
  return cell.row.expect === 'allow' ? judgeAllow(words) : judgeDeny(words);
}

interface Words {
  cell: Cell;
  seen: Observation;
  prediction: Prediction;
}

function judgeAllow(words: Words): Judgement {
  const { cell, seen, prediction } = words;
  switch (seen.main.cause) {
    case 'open':
      if (prediction.type === 'denied') return disagreement(words);
      return standIn(words) ?? passed(words);
    case 'filtered':
      if (prediction.type === 'denied') return wrong(words, { reason: explained(prediction) });
      if (prediction.type !== 'silent') {
        const dead = deadServer(words);
        return dead ?? disagreement(words);
      }
      return (
        // Some networks drop what is meant for a Service without pods, others refuse it.
        (cell.alive.length === 0 ? deadServer(words) : undefined) ??
        wrong(words, {
          reason:
            droppedWords(seen.main) ??
            'The packets were not answered: something on the way drops them.',
          retryForMs: SETTLE_MS,
        })
      );
    case 'refused':
      if (prediction.type === 'denied') return disagreement(words);
      return (
        deadServer(words) ??
        wrong(words, {
          reason: `The packet arrived and was refused: nobody listens on ${cell.row.protocol} port ${cell.row.port} of ${cell.to.label}.`,
          retryForMs: SETTLE_MS,
        })
      );
    case 'unreachable':
    case 'no-target':
    case 'no-source':
    case 'unknown':
      return unreached(words);
  }
}

function judgeDeny(words: Words): Judgement {
  const { cell, seen, prediction } = words;
  switch (seen.main.cause) {
    case 'open':
      if (prediction.type === 'denied') return disagreement(words);
      if (prediction.type === 'not-enforced') {
        return wrong(words, {
          reason: `${prediction.explanation} But no network plugin of this cluster acts on policies: they are stored and nothing happens.`,
        });
      }
      if (prediction.type !== 'silent') {
        return wrong(words, { reason: explained(prediction) });
      }
      return wrong(words, {
        reason: prediction.why ?? 'The connection was made.',
        retryForMs: SETTLE_MS,
      });
    case 'refused':
      if (prediction.type === 'denied') return disagreement(words);
      return (
        deadServer(words) ??
        wrong(words, {
          reason: `"Refused" is an answer: the packet arrived at ${cell.to.label}, no policy stopped it.`,
          retryForMs: SETTLE_MS,
        })
      );
    case 'filtered':
      return deadServer(words) ?? judgeSilence(words);
    case 'unreachable':
    case 'no-target':
    case 'no-source':
    case 'unknown':
      return unreached(words);
  }
}

/** Silence, with a living server behind it: whose doing is it? */
function judgeSilence(words: Words): Judgement {
  const { cell, seen, prediction } = words;
  const dropped = droppedWords(seen.main);
  switch (prediction.type) {
    case 'denied':
      return passed(words);
    case 'allowed':
    case 'not-enforced':
      return disagreement(words);
    case 'silent':
      if (dropped !== undefined) return passed(words);
      if (prediction.isForeign === true && seen.namesDrops) {
        return unsure(
          words,
          `No answer, but no policy dropped the packet: the kernel of this cluster would name it. ${cell.to.label} may be answering some and not others.`,
        );
      }
      if (!seen.otherPathOpen) {
        return unsure(
          words,
          `No answer, but no other path from ${cell.from.label} or to ${cell.to.label} was open either, so the network may be down.`,
        );
      }
      return passed(words);
  }
}

/** Set where somebody answered whom the row does not mean. */
function standIn({ cell }: Words): Judgement | undefined {
  const { to, row, strangers } = cell;
  if (strangers.length === 0 || to.service === undefined) return undefined;
  return failed(cell, {
    observed: 'another server',
    reason: `An answer came, but ${to.label} leads to ${listed(strangers)}, and it should lead to ${row.servedBy ?? ''} alone.`,
    next: `kubectl get endpointslices -n ${to.service.namespace} -l kubernetes.io/service-name=${to.service.name}`,
    retryForMs: SETTLE_MS,
  });
}

/** Set where silence or a refusal has another cause than a policy. */
function deadServer({ cell, seen, prediction }: Words): Judgement | undefined {
  const { to, row } = cell;
  const broken = brokenPod(to, 'target', cell);
  if (broken !== undefined) return broken;
  if (to.service !== undefined && cell.alive.length === 0) {
    return failed(cell, {
      observed: 'no server',
      reason: `No ready pod stands behind ${to.label} on port ${row.port}/${row.protocol} (its selector is ${JSON.stringify(to.service.selector)}), so nothing can answer, with or without policies.`,
      next: `kubectl describe service ${to.service.name} -n ${to.service.namespace}`,
      retryForMs: SETTLE_MS,
    });
  }
  if (seen.alive.length === 0 || seen.alive.some(({ cause }) => cause === 'open')) return undefined;
  if (seen.alive.some(({ cause }) => cause === 'unknown' || cause === 'filtered')) {
    return unsure(
      { cell, seen, prediction },
      `${to.label} did not answer even to itself, so nothing can be said about this path.`,
    );
  }
  return failed(cell, {
    observed: 'no server',
    reason: `Nobody listens ${placeOf(to, row)}: not even the pod itself gets an answer there, so a policy cannot be judged.`,
    next: whereToLook(to),
    retryForMs: SETTLE_MS,
  });
}

function placeOf(to: End, { protocol, port }: Cell['row']): string {
  const door = `${protocol} port ${port}`;
  return to.service === undefined
    ? `on ${door} in ${to.label}`
    : `where ${to.label} sends its ${door} to`;
}

/** Of a Service that sends to a closed port its own numbers tell more than its pods. */
function whereToLook({ pod, service }: End): string | undefined {
  if (service !== undefined) {
    return `kubectl describe service ${service.name} -n ${service.namespace}`;
  }
  return pod === undefined ? undefined : `kubectl get pods -n ${pod.namespace} -o wide`;
}

/** A pod that does not run: the learner's to repair where it says why, ours to wait for where it starts. */
function brokenPod(end: End, role: 'source' | 'target', cell?: Cell): Judgement | undefined {
  const { pod } = end;
  if (pod === undefined || (pod.phase === 'Running' && pod.addresses.length > 0)) return undefined;
  const subject = cell?.subject ?? end.label;
  const base = {
    subject,
    ...(cell === undefined ? {} : { path: pathOf(cell) }),
    expected: 'running',
    observed: pod.phase,
  };
  const next = `kubectl describe pod ${pod.name} -n ${pod.namespace}`;
  if (pod.problem !== undefined) {
    return {
      finding: {
        ...base,
        outcome: 'failed',
        reason: `The ${role} ${end.label} does not run: ${pod.problem}.`.replace(/\.\.$/, '.'),
        next,
      },
      retryForMs: SETTLE_MS,
    };
  }
  return {
    finding: {
      ...base,
      outcome: 'inconclusive',
      reason: `The ${role} ${end.label} is still ${pod.phase}. Check again when it runs.`,
      next,
    },
    retryForMs: START_MS,
  };
}

/** Neither an answer nor silence: no route, or the target was gone by then. */
function unreached(words: Words): Judgement {
  const { cell, seen } = words;
  const dead = deadServer(words);
  if (dead !== undefined) return dead;
  const reason = `There is no way to ${cell.to.label}: ${seen.main.detail ?? seen.main.cause}.`;
  return cell.row.expect === 'allow'
    ? wrong(words, { reason, retryForMs: SETTLE_MS })
    : unsure(words, `${reason} That is not a policy's doing.`);
}

/** Model and wire contradict each other: the cluster is settling, or one of us is wrong. Never the learner. */
function disagreement(words: Words): Judgement {
  const { seen, prediction } = words;
  const explanation = prediction.type === 'silent' ? '' : ` ${prediction.explanation}`;
  const dropped = droppedWords(seen.main);
  const kernel = dropped === undefined ? '' : ` The kernel says: ${dropped}`;
  const reason = `Packets and policies do not agree (${OBSERVED[seen.main.cause]}).${explanation}${kernel} This is ours to find out; nothing is counted against you.`;
  return { ...unsure(words, reason), disagreement: true };
}

function passed(words: Words): Judgement {
  const { cell, seen, prediction } = words;
  const explained =
    prediction.type === 'silent'
      ? (droppedWords(seen.main) ?? prediction.why)
      : prediction.explanation;
  return {
    finding: {
      ...facts(cell, seen),
      outcome: 'passed',
      ...(explained === undefined ? {} : { reason: explained }),
    },
    retryForMs: 0,
  };
}

function wrong(words: Words, options: { reason: string; retryForMs?: number }): Judgement {
  const { cell, seen, prediction } = words;
  const reason = [options.reason, cell.row.why].filter(Boolean).join(' ');
  return {
    finding: {
      ...facts(cell, seen),
      outcome: 'failed',
      reason,
      next: nextCommand(cell, prediction),
    },
    retryForMs: options.retryForMs ?? 0,
  };
}

function failed(
  cell: Cell,
  options: { observed: string; reason: string; next: string | undefined; retryForMs: number },
): Judgement {
  const { next, retryForMs, ...words } = options;
  return {
    finding: {
      subject: cell.subject,
      path: pathOf(cell),
      expected: EXPECTED[cell.row.expect],
      outcome: 'failed',
      ...words,
      ...(next === undefined ? {} : { next }),
    },
    retryForMs,
  };
}

function unsure({ cell, seen }: Words, reason: string): Judgement {
  return {
    finding: { ...facts(cell, seen), outcome: 'inconclusive', reason },
    retryForMs: SETTLE_MS,
  };
}

const EXPECTED = { allow: 'allowed', deny: 'denied' } as const;
const OBSERVED = {
  open: 'connected',
  refused: 'refused',
  filtered: 'no answer',
  unreachable: 'no route',
  'no-source': 'the source does not run',
  'no-target': 'the target does not run',
  unknown: 'could not be probed',
} as const;

function facts(
  cell: Cell,
  { main }: Observation,
): Pick<Finding, 'subject' | 'path' | 'expected' | 'observed' | 'droppedBy'> {
  return {
    subject: cell.subject,
    path: pathOf(cell),
    expected: EXPECTED[cell.row.expect],
    observed: OBSERVED[main.cause],
    ...(main.droppedBy === undefined ? {} : { droppedBy: main.droppedBy }),
  };
}

function pathOf({ from, to, row }: Cell): Finding['path'] {
  return { from: from.label, to: `${to.label}:${row.port}/${row.protocol}` };
}

function droppedWords({ droppedBy }: ProbeResult): string | undefined {
  if (droppedBy === undefined) return undefined;
  const { direction, node, policies, rule } = droppedBy;
  if (policies.length === 0)
    return `dropped on node ${node} by its host endpoint for ${direction}.`;
  const which = rule === undefined ? direction : `${direction} rule ${rule}`;
  return `dropped on node ${node} by ${which} of ${listed(policies)}.`;
}

/** Which rule decided, and what there is beside it. */
function explained({ explanation, background }: Exclude<Prediction, { type: 'silent' }>): string {
  return [explanation, background].filter(Boolean).join(' ');
}

/** A command that shows what decided: the policy, or that there is none. */
function nextCommand(cell: Cell, prediction: Prediction): string {
  const { from, to } = cell;
  if (prediction.type !== 'silent') {
    const { egress, ingress } = prediction.decision;
    const [rule] = [...ingress.allowedBy, ...egress.allowedBy];
    if (prediction.decision.allowed && rule !== undefined)
      return describePolicy(rule.namespace, rule.policy);
    const [isolating] = egress.allowed ? ingress.isolatedBy : egress.isolatedBy;
    const [namespace, name] = isolating?.split('/') ?? [];
    if (!prediction.decision.allowed && namespace !== undefined && name !== undefined)
      return describePolicy(namespace, name);
  }
  const source = from.pod?.namespace;
  const target = to.pod?.namespace ?? to.service?.namespace;
  // Both ends may be closed: the source for egress, the target for ingress.
  const namespace = source === target || source === undefined ? target : undefined;
  return namespace === undefined
    ? 'kubectl get networkpolicies -A'
    : `kubectl get networkpolicies -n ${namespace}`;
}

function describePolicy(namespace: string, name: string): string {
  return `kubectl describe networkpolicy ${name} -n ${namespace}`;
}
