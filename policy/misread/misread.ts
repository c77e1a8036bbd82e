import { isJsonObject, type JsonObject } from '../../common/json.js';
import { compare, type CompareOptions, type PolicySet } from '../compare/compare.js';
import { denyExpected, orderReversed } from './order.js';
import { dnsForgotten, quotedPort, servicePort, sourcePort } from './ports.js';
import { fieldOf, textAt, type FindRepairs, type Repair } from './repair.js';
import { namespaceLabel, policyTypes, wrongDirection, wrongNamespace } from './scope.js';
import { andOr, emptyOrAbsent } from './selectors.js';

/** The classic mistakes, the most telling first: an earlier one is named where several would explain it. */
const MISTAKES: readonly { id: MistakeId; find: FindRepairs }[] = [
  { id: 'quoted-port', find: quotedPort },
  { id: 'and-or', find: andOr },
  { id: 'policy-types', find: policyTypes },
  { id: 'wrong-namespace', find: wrongNamespace },
  { id: 'namespace-label', find: namespaceLabel },
  { id: 'service-port', find: servicePort },
  { id: 'dns-forgotten', find: dnsForgotten },
  { id: 'source-port', find: sourcePort },
  { id: 'order', find: orderReversed },
  { id: 'wrong-direction', find: wrongDirection },
  { id: 'deny-expected', find: denyExpected },
  { id: 'empty-or-absent', find: emptyOrAbsent },
];

export type MistakeId =
  | 'quoted-port'
  | 'and-or'
  | 'policy-types'
  | 'wrong-namespace'
  | 'namespace-label'
  | 'service-port'
  | 'dns-forgotten'
  | 'source-port'
  | 'order'
  | 'wrong-direction'
  | 'deny-expected'
  | 'empty-or-absent';

/** A mistake that was made, and where. */
export interface Misreading {
  id: MistakeId;
  /** For its author: what it means as written, and what to write instead. */
  sentence: string;
  place: {
    /** `NetworkPolicy prod/allow-web` */
    object: string;
    /** Its index in the set. */
    at: number;
    /** `spec.ingress[0].from[1]` */
    field: string;
  };
}

export interface MisreadOptions extends CompareOptions {
  /** Service objects of the cluster: without them a Service's port cannot be recognised. */
  services?: readonly unknown[];
}

/**
 * Names the classic mistakes that explain why policies do not mean what was intended: with exactly these
 * undone they would. One mistake if one explains it, or two; none if they mean the intended already or if
 * nothing known explains the difference. Never a guess: each answer was compared for every possible flow.
 */
export function misread(
  written: PolicySet,
  intended: PolicySet,
  options: MisreadOptions = {},
): Misreading[] {
  const context = {
    objects: written.filter((object) => isJsonObject(object)),
    intended: intended.filter((object) => isJsonObject(object)),
    services: (options.services ?? []).filter((object) => isJsonObject(object)),
  };
  let questions = 0;
  const isIntended = (objects: PolicySet): boolean => {
    questions += 1;
    return compare(objects, intended, options).equal;
  };
  if (isIntended(written)) return [];
  const first = [...repairsOf(context.objects)];
  for (const found of first) {
    if (isIntended(found.repair.objects)) return [tell(found, context.objects)];
  }
  for (const found of first) {
    for (const second of repairsOf(found.repair.objects)) {
      if (second.id === found.id || questions >= MAX_QUESTIONS) continue;
      if (isIntended(second.repair.objects)) {
        return [tell(found, context.objects), tell(second, found.repair.objects)];
      }
    }
  }
  return [];

  function* repairsOf(objects: readonly JsonObject[]): Generator<Found> {
    for (const { id, find } of MISTAKES) {
      for (const repair of find({ ...context, objects })) yield { id, repair };
    }
  }
}

/** A learner waits for the answer: two mistakes at once are looked for as long as this takes. */
const MAX_QUESTIONS = 500;

interface Found {
  id: MistakeId;
  repair: Repair;
}

function tell({ id, repair }: Found, objects: readonly JsonObject[]): Misreading {
  const { at, path, sentence } = repair;
  const object = objects[at] ?? {};
  const namespace = textAt(object, ['metadata', 'namespace']);
  const name = textAt(object, ['metadata', 'name']) ?? '';
  const kind = textAt(object, ['kind']) ?? 'NetworkPolicy';
  return {
    id,
    sentence,
    place: {
      object: `${kind} ${namespace === undefined ? name : `${namespace}/${name}`}`,
      at,
      field: fieldOf(path),
    },
  };
}
