import { forbidden } from '../api/api-error.js';
import type { KubeObject } from '../api/cluster-api.js';
import { addQuantities, compareQuantities, parseQuantity } from '../api/kinds/quantity.js';
import type { Admission, AdmissionRequest } from '../api/registry/admission.js';
import type { Container, LimitRange, PersistentVolumeClaim, Pod } from './objects.js';

const NOTE = 'kubernetes.io/limit-ranger';

type Item = NonNullable<LimitRange['spec']>['limits'][number];
interface Amounts {
  limits: Readonly<Record<string, string>>;
  requests: Readonly<Record<string, string>>;
}

/** Fills in a namespace's default requests and limits, and refuses pods and claims outside its bounds. */
export function createLimitRangeAdmission(): Admission {
  return {
    mutate(request) {
      const { object } = request;
      if (object === undefined || !isNewPod(request, object)) return;
      const notes = itemsFor(request, 'Container').flatMap((item) => fillIn(object, item));
      if (notes.length === 0) return;
      const note = `LimitRanger plugin set: ${notes.join('; ')}`;
      object.metadata.annotations = { ...object.metadata.annotations, [NOTE]: note };
    },
    validate(request) {
      const { definition, object } = request;
      if (object === undefined || request.operation !== 'CREATE') return;
      const faults = [...new Set(faultsOf(request, object))];
      if (faults.length === 0) return;
      const why = faults.length === 1 ? (faults[0] ?? '') : `[${faults.join(', ')}]`;
      throw forbidden(definition, object.metadata.name, why);
    },
  };
}

function faultsOf(request: AdmissionRequest, object: KubeObject): string[] {
  if (isNewPod(request, object)) {
    const containers = [...(object.spec?.containers ?? []), ...(object.spec?.initContainers ?? [])];
    return [
      ...itemsFor(request, 'Container').flatMap((item) =>
        containers.flatMap((container) => outside(item, amountsOf(container))),
      ),
      ...itemsFor(request, 'Pod').flatMap((item) => outside(item, podAmounts(object))),
    ];
  }
  if (isClaim(object)) {
    const requests = object.spec?.resources?.requests ?? {};
    return itemsFor(request, 'PersistentVolumeClaim').flatMap((item) =>
      outside(item, { requests, limits: {} }),
    );
  }
  return [];
}

function itemsFor({ api, namespace }: AdmissionRequest, type: string): Item[] {
  if (namespace === undefined) return [];
  return api
    .list<LimitRange>('limitranges', namespace)
    .flatMap((range) => (range.spec?.limits ?? []).filter((item) => item.type === type));
}

/** Returns what was set, in the words of the pod's annotation. */
function fillIn(pod: Pod, item: Item): string[] {
  const notes: string[] = [];
  const fill = (container: Container, kind: string): void => {
    for (const [side, defaults] of [
      ['limit', item.default],
      ['request', item.defaultRequest],
    ] as const) {
      const known = container.resources?.[`${side}s`] ?? {};
      const missing = Object.entries(defaults ?? {}).filter(([name]) => known[name] === undefined);
      if (missing.length === 0) continue;
      container.resources = {
        ...container.resources,
        [`${side}s`]: { ...known, ...Object.fromEntries(missing) },
      };
      const names = missing.map(([name]) => name).sort();
      notes.push(`${names.join(', ')} ${side} for ${kind} ${container.name}`);
    }
  };
  for (const container of pod.spec?.containers ?? []) fill(container, 'container');
  for (const container of pod.spec?.initContainers ?? []) fill(container, 'init container');
  return notes;
}

function outside(item: Item, { limits, requests }: Amounts): string[] {
  const faults: string[] = [];
  const type = item.type;
  for (const [name, least] of Object.entries(item.min ?? {})) {
    const text = `minimum ${name} usage per ${type} is ${least}`;
    const request = requests[name];
    const limit = limits[name];
    if (request === undefined) faults.push(`${text}.  No request is specified`);
    else if (compareQuantities(request, least) < 0)
      faults.push(`${text}, but request is ${request}`);
    else if (limit !== undefined && compareQuantities(limit, least) < 0) {
      faults.push(`${text}, but limit is ${limit}`);
    }
  }
  for (const [name, most] of Object.entries(item.max ?? {})) {
    const text = `maximum ${name} usage per ${type} is ${most}`;
    const limit = limits[name];
    const request = requests[name];
    if (type === 'PersistentVolumeClaim') {
      if (request !== undefined && compareQuantities(request, most) > 0) {
        faults.push(`${text}, but request is ${request}`);
      }
    } else if (limit === undefined) faults.push(`${text}.  No limit is specified`);
    else if (compareQuantities(limit, most) > 0) faults.push(`${text}, but limit is ${limit}`);
    else if (request !== undefined && compareQuantities(request, most) > 0) {
      faults.push(`${text}, but request is ${request}`);
    }
  }
  for (const [name, ratio] of Object.entries(item.maxLimitRequestRatio ?? {})) {
    const text = `${name} max limit to request ratio per ${type} is ${ratio}`;
    const limit = numberOf(limits[name]);
    const request = numberOf(requests[name]);
    if (request === 0) faults.push(`${text}, but no request is specified or request is 0`);
    else if (limit === 0) faults.push(`${text}, but no limit is specified or limit is 0`);
    else if (limit / request > numberOf(ratio)) {
      faults.push(`${text}, but provided ratio is ${(limit / request).toFixed(6)}`);
    }
  }
  return faults;
}

function amountsOf(container: Container): Amounts {
  return {
    limits: container.resources?.limits ?? {},
    requests: container.resources?.requests ?? {},
  };
}

function podAmounts(pod: Pod): Amounts {
  const total: { limits: Record<string, string>; requests: Record<string, string> } = {
    limits: {},
    requests: {},
  };
  for (const container of pod.spec?.containers ?? []) {
    const own = amountsOf(container);
    for (const side of ['limits', 'requests'] as const) {
      for (const [name, amount] of Object.entries(own[side])) {
        total[side][name] = addQuantities(total[side][name] ?? '0', amount);
      }
    }
  }
  return total;
}

function numberOf(quantity: string | undefined): number {
  return quantity === undefined ? 0 : Number(parseQuantity(quantity)?.nano ?? 0n);
}

function isNewPod(request: AdmissionRequest, object: KubeObject): object is Pod {
  return (
    request.resource === 'pods' &&
    request.operation === 'CREATE' &&
    request.subresource === undefined &&
    object.kind === 'Pod'
  );
}

function isClaim(object: KubeObject): object is PersistentVolumeClaim {
  return object.kind === 'PersistentVolumeClaim';
}
