/** Ways to change Kubernetes objects without touching the originals. */
import { isJsonObject, valueAt, type Json, type JsonObject } from '../../common/json.js';

export type Path = readonly (string | number)[];

/** One mistake undone. */
export interface Repair {
  /** Index of the object it is found in. */
  at: number;
  path: Path;
  /** Says to its author what the policy means as written, and what to write instead. */
  sentence: string;
  /** All objects, with the mistake undone. */
  objects: readonly JsonObject[];
}

export interface RepairContext {
  objects: readonly JsonObject[];
  intended: readonly JsonObject[];
  /** Service objects of the cluster: without them nobody can tell a Service's port from a pod's. */
  services: readonly JsonObject[];
}

export type FindRepairs = (context: RepairContext) => Iterable<Repair>;

/** `spec.ingress[0].from[1]` */
export function fieldOf(path: Path): string {
  return path.reduce<string>(
    (text, step) =>
      typeof step === 'number' ? `${text}[${step}]` : text === '' ? step : `${text}.${step}`,
    '',
  );
}

/** A copy with another value at the path; undefined takes the key or element away. */
export function withValue(object: JsonObject, path: Path, value: Json | undefined): JsonObject {
  const changed = replace(object, path, value);
  if (!isJsonObject(changed)) throw new Error('The path leads nowhere.');
  return changed;
}

export function withObject(
  objects: readonly JsonObject[],
  at: number,
  object: JsonObject | undefined,
): JsonObject[] {
  return objects.flatMap((old, i) => (i === at ? (object === undefined ? [] : [object]) : [old]));
}

export interface RuleAt {
  objects: readonly JsonObject[];
  at: number;
  object: JsonObject;
  direction: 'ingress' | 'egress';
  /** Of the rule. */
  path: Path;
  rule: JsonObject;
  /** Of its list of peers, absent or not. */
  peersPath: Path;
  peers: readonly JsonObject[];
}

/** Every rule of every NetworkPolicy of Kubernetes. */
export function* rulesOf(objects: readonly JsonObject[]): Generator<RuleAt> {
  for (const { at, object } of networkPolicies(objects)) {
    for (const direction of ['ingress', 'egress'] as const) {
      const key = direction === 'ingress' ? 'from' : 'to';
      for (const [i, rule] of listAt(object, ['spec', direction]).entries()) {
        const path = ['spec', direction, i];
        const peersPath = [...path, key];
        const peers = listAt(object, peersPath);
        yield { objects, at, object, direction, path, rule, peersPath, peers };
      }
    }
  }
}

export function* networkPolicies(
  objects: readonly JsonObject[],
): Generator<{ at: number; object: JsonObject }> {
  for (const [at, object] of objects.entries()) {
    const version = object['apiVersion'];
    const isOurs = typeof version === 'string' && version.startsWith('networking.k8s.io/');
    if (object['kind'] === 'NetworkPolicy' && isOurs) yield { at, object };
  }
}

/** Policies of Calico, and those of the cluster as a whole, which have an order. */
export function* orderedPolicies(
  objects: readonly JsonObject[],
): Generator<{ at: number; object: JsonObject; orderKey: 'order' | 'priority' }> {
  for (const [at, object] of objects.entries()) {
    const version = textAt(object, ['apiVersion']) ?? '';
    if (textAt(object, ['kind'])?.endsWith('NetworkPolicy') !== true) continue;
    if (version.includes('projectcalico.org/')) yield { at, object, orderKey: 'order' };
    if (version.startsWith('policy.networking.k8s.io/')) {
      yield { at, object, orderKey: 'priority' };
    }
  }
}

/** The rule with other peers; undefined takes the list away. */
export function withPeers(
  { objects, at, object, peersPath }: RuleAt,
  peers: readonly JsonObject[] | undefined,
  { i, sentence }: { i?: number; sentence: string },
): Repair {
  return {
    at,
    path: i === undefined ? peersPath : [...peersPath, i],
    sentence,
    objects: withObject(
      objects,
      at,
      withValue(object, peersPath, peers === undefined ? undefined : [...peers]),
    ),
  };
}

/** The objects of a list; empty where there is none. */
export function listAt(object: JsonObject, path: Path): JsonObject[] {
  const value = valueAt(object, path);
  return Array.isArray(value) ? value.filter((item) => isJsonObject(item)) : [];
}

export function objectAt(object: JsonObject, path: Path): JsonObject | undefined {
  const value = valueAt(object, path);
  return isJsonObject(value) ? value : undefined;
}

export function textAt(object: JsonObject, path: Path): string | undefined {
  const value = valueAt(object, path);
  return typeof value === 'string' ? value : undefined;
}

function replace(current: Json | undefined, path: Path, value: Json | undefined): Json | undefined {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  if (typeof step === 'number') {
    const list = Array.isArray(current) ? current : [];
    const next = replace(list[step], rest, value);
    return next === undefined
      ? list.filter((_, i) => i !== step)
      : list.map((item, i) => (i === step ? next : item));
  }
  const { [step]: old, ...others } = isJsonObject(current) ? current : {};
  const next = replace(old, rest, value);
  return next === undefined ? others : { ...others, [step]: next };
}
