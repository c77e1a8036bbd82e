import { setTimeout as sleep } from 'node:timers/promises';
import type { ProbeRequest, ProbeResult } from '../../common/probe.js';
import { pathKey } from '../reachability/path-key.js';
import type { Finding } from '../../common/verdict.js';
import {
  worstOutcome,
  type CheckContext,
  type CheckOf,
  type CheckVerdict,
} from '../check-context.js';
import { castOf } from '../reachability/cast.js';
import { expandRows, type Cell, type MissingCell } from '../reachability/cells.js';
import { judgeCell, judgeMissing, type Judgement } from '../reachability/judge.js';
import { predict } from '../reachability/model.js';

/** Looked at again after these pauses, while anything is not yet as certain as it can be. */
const PAUSES_MS = [100, 200, 300, 400, 500, 500, 1000, 1000, 1000, 1000, 1000, 1000];

/**
 * Sends real packets for every pair of the rows, with controls in the same batch. What wire, model and
 * controls agree on is final at once; the rest is probed again while waiting may still change it.
 */
export async function checkReachability(
  check: CheckOf<'reachability'>,
  context: CheckContext,
): Promise<CheckVerdict> {
  const startedAt = performance.now();
  const run: Run = { context, judged: new Map(), openPaths: [] };
  let judgements = await look(check, run, { fresh: false });
  for (const pauseMs of PAUSES_MS) {
    const elapsedMs = performance.now() - startedAt;
    if (judgements.every(({ retryForMs }) => retryForMs * context.patience <= elapsedMs)) break;
    await sleep(pauseMs * context.patience, undefined, { signal: context.signal });
    judgements = await look(check, run, { fresh: true });
  }
  const findings = judgements.map(({ finding }) => finding);
  for (const { finding } of judgements.filter(({ disagreement }) => disagreement === true)) {
    context.logger.error('packets and policies disagree', {
      lab: context.lab.id,
      check: check.id,
      cluster: context.cluster,
      finding,
    });
  }
  return { outcome: worstOutcome(findings), message: messageOf(findings), findings };
}

interface Run {
  context: CheckContext;
  judged: Map<string, Judgement>;
  /** Paths that were seen open: controls for the silence of others. */
  openPaths: Cell[];
}

/** One round: the pods of this moment, one batch of probes for all that is not final, one judgement per path. */
async function look(
  check: CheckOf<'reachability'>,
  run: Run,
  options: { fresh: boolean },
): Promise<Judgement[]> {
  const { context, judged, openPaths } = run;
  const view = await context.view(options);
  const { cells, missing } = expandRows(check.rows, view, castOf(context.lab));
  const pending = cells.filter(({ id }) => judged.get(id)?.retryForMs !== 0);
  const answers = await probeAll(pending, context);
  const answerTo = (request: ProbeRequest): ProbeResult =>
    answers.get(pathKey(request)) ?? { request, cause: 'unknown', tookMs: 0 };
  openPaths.push(...pending.filter(({ request }) => answerTo(request).cause === 'open'));
  for (const cell of pending) {
    const main = answerTo(cell.request);
    const observation = {
      main,
      canary: cell.canary === undefined ? undefined : answerTo(cell.canary),
      alive: cell.alive.map(answerTo),
      namesDrops: context.namesDrops,
      otherPathOpen: openPaths.some(
        ({ from, to }) => from.label === cell.from.label || to.label === cell.to.label,
      ),
    };
    judged.set(cell.id, judgeCell(cell, observation, predict(cell, view, main.address)));
  }
  const nothing: MissingCell[] =
    cells.length + missing.length > 0
      ? []
      : [
          {
            id: 'nothing',
            subject: check.title,
            missing: 'No two different pods match, so nothing was tested.',
          },
        ];
  return [
    ...[...missing, ...nothing].map(judgeMissing),
    ...cells.flatMap(({ id }) => judged.get(id) ?? []),
  ];
}

/** Main probes and controls go out together: a control says nothing about another moment. */
async function probeAll(
  cells: readonly Cell[],
  { wire, signal }: CheckContext,
): Promise<Map<string, ProbeResult>> {
  const requests = new Map<string, ProbeRequest>();
  for (const { request, canary, alive } of cells) {
    for (const one of [request, ...(canary === undefined ? [] : [canary]), ...alive]) {
      requests.set(pathKey(one), one);
    }
  }
  if (requests.size === 0) return new Map();
  const expected = new Map(cells.map(({ request, row }) => [pathKey(request), row.expect]));
  const results = await wire.probe([...requests.values()], { signal, expected });
  return new Map(
    [...requests.keys()].flatMap((key, index) => {
      const result = results[index];
      return result === undefined ? [] : [[key, result] as const];
    }),
  );
}

function messageOf(findings: readonly Finding[]): string {
  const failed = findings.filter(({ outcome }) => outcome === 'failed');
  const unclear = findings.filter(({ outcome }) => outcome === 'inconclusive');
  const [first] = failed.length > 0 ? failed : unclear;
  if (first === undefined) {
    return findings.length === 1
      ? `The path is as it should be: ${findings[0]?.subject ?? ''} is ${findings[0]?.expected ?? ''}.`
      : `All ${findings.length} paths are as they should be.`;
  }
  const count = failed.length > 0 ? failed.length : unclear.length;
  const rest =
    count > 1
      ? ` (${count} of ${findings.length} paths ${failed.length > 0 ? 'are not right' : 'could not be told'}.)`
      : '';
  const what =
    first.observed === 'not found'
      ? (first.reason ?? '')
      : `${first.subject} should be ${first.expected}, but was: ${first.observed}. ${first.reason ?? ''}`;
  return `${what.trim()}${rest}`;
}
