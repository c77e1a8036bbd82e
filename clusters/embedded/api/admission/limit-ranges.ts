import type {
  Container,
  LimitRangeItem,
  PersistentVolumeClaimSpec,
} from 'kubernetes-types/core/v1.js';
import { forbidden } from '../api-error.js';
import type { ClusterApi, KubeObject } from '../cluster-api.js';
import type { LimitRange } from '../kinds/core/limitranges.js';
import type { Pod } from '../kinds/core/pod.js';
import type { Loose, ObjectOf } from '../kinds/loose.js';
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  parseQuantity,
} from '../kinds/quantity.js';
import type { Admission, AdmissionRequest } from '../registry/admission.js';

type Claim = ObjectOf<PersistentVolumeClaimSpec>;
type Item = Loose<LimitRangeItem>;
type Amounts = Readonly<Record<string, string>>;
interface Usage {
  requests: Amounts;
  limits: Amounts;
}

const ANNOTATION = 'kubernetes.io/limit-ranger';

/** Gives new pods the requests and limits of their namespace, and refuses pods and claims that go beyond its bounds. */
export function createLimitRangeAdmission(): Admission {
  return {
    mutate(request) {
      const { object } = request;
      if (object === undefined || !isNewPod(request, object)) return;
      const set = itemsFor(request, 'Container').flatMap((item) => setDefaults(object, item));
      if (set.length === 0) return;
      const note = `LimitRanger plugin set: ${set.join('; ')}`;
      object.metadata.annotations = { ...object.metadata.annotations, [ANNOTATION]: note };
    },
    validate(request) {
      const { object } = request;
      if (object === undefined) return;
      if (isNewPod(request, object)) refuseIfAny(request, podFaults(request, object));
      else if (isClaim(request, object)) refuseIfAny(request, claimFaults(request, object));
    },
  };
}

function isNewPod(request: AdmissionRequest, object: KubeObject): object is Pod {
  const { resource, operation, subresource } = request;
  return (
    resource === 'pods' && operation === 'CREATE' && subresource === undefined && 'spec' in object
  );
}

/** Also one that grows; not one that is only let go of. */
function isClaim(request: AdmissionRequest, object: KubeObject): object is Claim {
  const { resource, subresource } = request;
  return (
    resource === 'persistentvolumeclaims' &&
    subresource === undefined &&
    object.metadata.deletionTimestamp === undefined &&
    'spec' in object
  );
}

function itemsFor(
  { api, namespace }: { api: ClusterApi; namespace: string | undefined },
  type?: string,
): Item[] {
  return api
    .list<LimitRange>('limitranges', namespace)
    .flatMap(({ spec }) => spec.limits ?? [])
    .filter((item) => type === undefined || item.type === type);
}

function podFaults(request: AdmissionRequest, pod: Pod): string[] {
  return itemsFor(request).flatMap((item) => faultsOf(pod, item));
}

function claimFaults(request: AdmissionRequest, { spec }: Claim): string[] {
  const usage = { requests: spec.resources?.requests ?? {}, limits: {} };
  return itemsFor(request, 'PersistentVolumeClaim').flatMap(({ type = '', min = {}, max = {} }) => [
    ...each(min, (resource, enforced) => belowMinimum(type, resource, { enforced, usage })),
    ...each(max, (resource, enforced) => {
      const stem = `maximum ${resource} usage per ${type} is ${canonicalQuantity(enforced)}`;
      const { [resource]: asked } = usage.requests;
      if (asked === undefined) return `${stem}.  No request is specified`;
      return compareQuantities(asked, enforced) > 0
        ? `${stem}, but request is ${asked}`
        : undefined;
    }),
  ]);
}

function refuseIfAny({ definition, name }: AdmissionRequest, faults: readonly string[]): void {
  if (faults.length === 0) return;
  const unique = [...new Set(faults)];
  const why = unique.length === 1 ? (unique[0] ?? '') : `[${unique.join(', ')}]`;
  throw forbidden(definition, name, why);
}

function setDefaults({ spec }: Pod, item: Item): string[] {
  const told: string[] = [];
  for (const [kind, containers] of [
    ['container', spec.containers ?? []],
    ['init container', spec.initContainers ?? []],
  ] as const) {
    for (const container of containers) {
      const resources = (container.resources ??= {});
      const limits = missing(resources.limits, item.default);
      const requests = missing(resources.requests, item.defaultRequest);
      if (requests.length > 0) {
        resources.requests = { ...pick(item.defaultRequest, requests), ...resources.requests };
        told.push(`${requests.join(', ')} request for ${kind} ${container.name ?? ''}`);
      }
      if (limits.length > 0) {
        resources.limits = { ...pick(item.default, limits), ...resources.limits };
        told.push(`${limits.join(', ')} limit for ${kind} ${container.name ?? ''}`);
      }
    }
  }
  return told;
}

function missing(has: Amounts | undefined, defaults: Amounts | undefined): string[] {
  return Object.keys(defaults ?? {})
    .filter((name) => has?.[name] === undefined)
    .sort();
}

function pick(amounts: Amounts | undefined, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, amounts?.[name] ?? '0']));
}

function faultsOf({ spec }: Pod, item: Item): string[] {
  const containers = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  if (item.type === 'Container')
    return containers.flatMap((one) => usageFaults(item, usageOf(one)));
  if (item.type !== 'Pod') return [];
  return usageFaults(
    item,
    (spec.containers ?? []).map(usageOf).reduce(sum, { requests: {}, limits: {} }),
  );
}

function usageOf({ resources }: Loose<Container>): Usage {
  return { requests: resources?.requests ?? {}, limits: resources?.limits ?? {} };
}

function sum(a: Usage, b: Usage): Usage {
  return { requests: added(a.requests, b.requests), limits: added(a.limits, b.limits) };
}

function added(a: Amounts, b: Amounts): Amounts {
  const total: Record<string, string> = { ...a };
  for (const [name, amount] of Object.entries(b))
    total[name] = addQuantities(total[name] ?? '0', amount);
  return total;
}

function usageFaults(item: Item, usage: Usage): string[] {
  const { type = '', min = {}, max = {}, maxLimitRequestRatio = {} } = item;
  return [
    ...each(min, (name, enforced) => belowMinimum(type, name, { enforced, usage })),
    ...each(max, (name, enforced) => aboveMaximum(type, name, { enforced, usage })),
    ...each(maxLimitRequestRatio, (name, enforced) => aboveRatio(type, name, { enforced, usage })),
  ];
}

function each(
  amounts: Amounts,
  check: (name: string, enforced: string) => string | undefined,
): string[] {
  return Object.entries(amounts).flatMap(([name, enforced]) => check(name, enforced) ?? []);
}

function belowMinimum(
  type: string,
  name: string,
  { enforced, usage }: { enforced: string; usage: Usage },
): string | undefined {
  const stem = `minimum ${name} usage per ${type} is ${canonicalQuantity(enforced)}`;
  const { [name]: request } = usage.requests;
  const { [name]: limit } = usage.limits;
  if (request === undefined) return `${stem}.  No request is specified`;
  if (compareQuantities(request, enforced) < 0)
    return `${stem}, but request is ${canonicalQuantity(request)}`;
  if (limit === undefined || compareQuantities(limit, enforced) >= 0) return undefined;
  return `${stem}, but limit is ${canonicalQuantity(limit)}`;
}

function aboveMaximum(
  type: string,
  name: string,
  { enforced, usage }: { enforced: string; usage: Usage },
): string | undefined {
  const stem = `maximum ${name} usage per ${type} is ${canonicalQuantity(enforced)}`;
  const { [name]: request } = usage.requests;
  const { [name]: limit } = usage.limits;
  if (limit === undefined) return `${stem}.  No limit is specified`;
  if (compareQuantities(limit, enforced) > 0)
    return `${stem}, but limit is ${canonicalQuantity(limit)}`;
  if (request === undefined || compareQuantities(request, enforced) <= 0) return undefined;
  return `${stem}, but request is ${canonicalQuantity(request)}`;
}

function aboveRatio(
  type: string,
  name: string,
  { enforced, usage }: { enforced: string; usage: Usage },
): string | undefined {
  const stem = `${name} max limit to request ratio per ${type} is ${canonicalQuantity(enforced)}`;
  const request = Number(parseQuantity(usage.requests[name] ?? '0')?.nano ?? 0n);
  const limit = Number(parseQuantity(usage.limits[name] ?? '0')?.nano ?? 0n);
  const most = Number(parseQuantity(enforced)?.nano ?? 0n) / 1e9;
  if (request === 0) return `${stem}, but no request is specified or request is 0`;
  if (limit === 0) return `${stem}, but no limit is specified or limit is 0`;
  return limit / request > most
    ? `${stem}, but provided ratio is ${(limit / request).toFixed(6)}`
    : undefined;
}
