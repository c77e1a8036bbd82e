import { isDeepStrictEqual } from 'node:util';
import type { ReachabilityRow } from '../../common/lab.js';
import type { Endpoint, ProbeRequest } from '../../common/probe.js';
import { notInPlace, type CastPod } from './cast.js';
import { backendsOf, type ClusterView } from '../cluster-view.js';
import { findEnds, parseEndpoint, type End } from './endpoint.js';
import { strangersBehind } from './stand-ins.js';

/** One path to be probed, and what is probed beside it so that the answer can be believed. */
export interface Cell {
  /** The same path has the same id in every round. */
  id: string;
  subject: string;
  row: ReachabilityRow;
  from: End;
  to: End;
  request: ProbeRequest;
  /** The source to itself: any answer proves that it can send and hear. */
  canary: ProbeRequest | undefined;
  /** The server to itself, behind every policy: proves that it lives. One per pod behind a Service. */
  alive: readonly ProbeRequest[];
  /** Who else than the pods that the row means stands behind the Service. */
  strangers: readonly string[];
}

/** A row whose ends are not there. */
export interface MissingCell {
  id: string;
  subject: string;
  missing: string;
}

export interface Matrix {
  cells: Cell[];
  missing: MissingCell[];
}

/** Turns rows into single paths, with the pods there are now; `cast` are those that the lab came with. */
export function expandRows(
  rows: readonly ReachabilityRow[],
  view: ClusterView,
  cast: readonly CastPod[] = [],
): Matrix {
  const matrix: Matrix = { cells: [], missing: [] };
  const seen = new Set<string>();
  const lookUp = (text: string): { ends: readonly End[]; missing: readonly MissingCell[] } => {
    const ref = parseEndpoint(text);
    const { ends, missing } = findEnds(ref, view);
    if (missing !== undefined) {
      return { ends, missing: [{ id: `missing ${text}`, subject: text, missing }] };
    }
    const absent = notInPlace(ref, { cast, view });
    return { ends, missing: absent.map((one) => ({ id: `missing ${one.subject}`, ...one })) };
  };
  for (const row of rows) {
    const targets = asList(row.to).map(lookUp);
    const sources = asList(row.from).map(lookUp);
    for (const cell of [...sources, ...targets].flatMap(({ missing }) => missing)) {
      if (seen.has(cell.id)) continue;
      seen.add(cell.id);
      matrix.missing.push(cell);
    }
    for (const source of sources) {
      for (const target of targets) {
        for (const from of source.ends) {
          for (const to of target.ends) {
            // A pod always reaches itself; in a matrix of "all to all" that says nothing.
            if (isDeepStrictEqual(from.endpoint, to.endpoint)) continue;
            const cell = createCell(row, { from, to, view });
            if (!seen.has(cell.id)) matrix.cells.push(cell);
            seen.add(cell.id);
          }
        }
      }
    }
  }
  return matrix;
}

function createCell(row: ReachabilityRow, ends: { from: End; to: End; view: ClusterView }): Cell {
  const { from, to, view } = ends;
  const { port, protocol } = row;
  const subject = `${from.label} → ${to.label}:${port}/${protocol}`;
  return {
    id: subject,
    subject,
    row,
    from,
    to,
    request: { from: from.endpoint, to: to.endpoint, port, protocol },
    // TCP whatever is asked for: a closed port answers as surely as an open one.
    canary:
      from.endpoint.type === 'address'
        ? undefined
        : toItself(from.endpoint, { port, protocol: 'TCP' }),
    alive: aliveProbes(row, to, view),
    strangers: strangersBehind(row, to, view),
  };
}

function aliveProbes(row: ReachabilityRow, to: End, view: ClusterView): ProbeRequest[] {
  const { port, protocol } = row;
  if (to.service !== undefined) {
    return backendsOf(view, to.service, { port, protocol }).map(({ pod, port: podPort }) =>
      toItself(
        { type: 'pod', namespace: pod.namespace, name: pod.name },
        { port: podPort, protocol },
      ),
    );
  }
  return to.endpoint.type === 'address' ? [] : [toItself(to.endpoint, { port, protocol })];
}

function toItself(
  endpoint: Endpoint,
  options: Pick<ProbeRequest, 'port' | 'protocol'>,
): ProbeRequest {
  return { from: endpoint, to: endpoint, ...options };
}

function asList(value: string | readonly string[]): readonly string[] {
  return typeof value === 'string' ? [value] : value;
}
