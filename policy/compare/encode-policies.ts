import { DIRECTIONS, type Direction } from '../normal-form.js';
import type { Circuit } from './circuit.js';
import type { ComparedSide } from './compared-side.js';
import { encodeHosts } from './encode-hosts.js';
import { encodeTiers } from './encode-tiers.js';
import { FALSE, negate, TRUE, type Literal } from './sat-solver.js';
import type { Universe } from './universe.js';

/** Whether policies let the unknown flow pass: at its two ends, each with the node it leaves or comes to. */
export interface Verdict extends Readonly<Record<Direction, Literal>> {
  allowed: Literal;
}

export function encodePolicies(
  side: ComparedSide,
  { circuit, universe }: { circuit: Circuit; universe: Universe },
): Verdict {
  const hosts = encodeHosts(side, { circuit, universe });
  const [egress, ingress] = DIRECTIONS.map((direction) => {
    const subject = universe.ends[direction === 'egress' ? 'source' : 'destination'];
    const ofPod = encodeTiers(side.policies.tiers, {
      circuit,
      direction,
      ask: (criterion) =>
        universe.alternatives(criterion, { ...universe.ends, hostPorts: side.hostPorts }),
      // What comes before the ordinary stage is for host endpoints only.
      selects: ({ stage, subject: where }) =>
        stage === 'filter' ? subject.isEndpoint(where) : FALSE,
      // The profile that each pod has of its namespace allows everything.
      next: TRUE,
    });
    return circuit.all([circuit.any([negate(subject.isPod), ofPod]), hosts[direction]]);
  });
  if (egress === undefined || ingress === undefined) throw new Error('There are two directions.');
  return { egress, ingress, allowed: circuit.all([egress, ingress]) };
}
