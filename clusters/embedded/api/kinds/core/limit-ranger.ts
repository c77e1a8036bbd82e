import type { Container, LimitRangeItem } from 'kubernetes-types/core/v1.js';
import { forbidden, type GroupResource } from '../../api-error.js';
import type { StrategyContext } from '../../resource-definition.js';
import type { Loose } from '../loose.js';
import { addQuantities, canonicalQuantity, compareQuantities, parseQuantity } from '../quantity.js';
import type { LimitRange } from './limitranges.js';
import type { Pod } from './pod.js';

type Item = Loose<LimitRangeItem>;
type Amounts = Readonly<Record<string, string>>;
interface Usage {
  requests: Amounts;
  limits: Amounts;
}

const ANNOTATION = 'kubernetes.io/limit-ranger';

/** Gives a new pod the requests and limits of its namespace, and refuses it where it goes beyond them. */
export function applyLimitRanges(pod: Pod, { api }: StrategyContext): void {
  const { namespace, name } = pod.metadata;
  const items = api
    .list<LimitRange>('limitranges', namespace)
    .flatMap(({ spec }) => spec.limits ?? []);
  if (items.length === 0) return;
  const set = items.flatMap((item) => (item.type === 'Container' ? setDefaults(pod, item) : []));
  if (set.length > 0) {
    pod.metadata.annotations = {
      ...pod.metadata.annotations,
      [ANNOTATION]: `LimitRanger plugin set: ${set.join('; ')}`,
    };
  }
  refuseIfAny(
    { group: '', plural: 'pods' },
    name,
    items.flatMap((item) => faultsOf(pod, item)),
  );
}

/** Storage that a new claim asks for, against the limits of its namespace. */
export function checkClaimLimits(
  claim: { name: string; namespace: string | undefined; requests: Amounts },
  { api }: StrategyContext,
): void {
  const usage = { requests: claim.requests, limits: {} };
  const faults = api
    .list<LimitRange>('limitranges', claim.namespace)
    .flatMap(({ spec }) => spec.limits ?? [])
    .filter(({ type }) => type === 'PersistentVolumeClaim')
    .flatMap(({ type = '', min = {}, max = {} }) => [
      ...each(min, (resource, enforced) => belowMinimum(type, resource, { enforced, usage })),
      ...each(max, (resource, enforced) => {
        const stem = `maximum ${resource} usage per ${type} is ${canonicalQuantity(enforced)}`;
        const asked = usage.requests[resource];
        if (asked === undefined) return `${stem}.  No request is specified`;
        return compareQuantities(asked, enforced) > 0
          ? `${stem}, but request is ${asked}`
          : undefined;
      }),
    ]);
  refuseIfAny({ group: '', plural: 'persistentvolumeclaims' }, claim.name, faults);
}

function refuseIfAny(resource: GroupResource, name: string, faults: readonly string[]): void {
  if (faults.length === 0) return;
  const unique = [...new Set(faults)];
  throw forbidden(
    resource,
    name,
    unique.length === 1 ? (unique[0] ?? '') : `[${unique.join(', ')}]`,
  );
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
