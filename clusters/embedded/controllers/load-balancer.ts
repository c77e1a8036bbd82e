import type { ControllerContext } from './context.js';
import { keyOf, locate, parseKey } from './keys.js';
import type { Service } from './objects.js';

const COMPONENT = 'service-controller';

/** Addresses of the outside network for Services of type LoadBalancer. */
export interface LoadBalancerAddresses {
  /** A free address, or undefined where there is none; `wanted` is spec.loadBalancerIP, or the one it had. */
  allocate(service: Service, wanted: string | undefined): string | undefined;
  release(address: string): void;
}

/** Gives LoadBalancer Services their address. */
export function createLoadBalancerController(
  context: ControllerContext,
  addresses: LoadBalancerAddresses,
): void {
  const { api, cache, loop } = context;
  /** Service uid -> its address. */
  const given = new Map<string, string>();
  /** Services that found no address, by key. */
  const waiting = new Set<string>();
  const queue = loop.queue(COMPONENT, sync);

  cache.informer<Service>('services').on(({ type, object }) => {
    if (type === 'DELETED') release(object);
    else if (object.spec?.type === 'LoadBalancer' || hasAddress(object)) queue.add(keyOf(object));
  });

  function sync(key: string): void {
    const { name, namespace } = parseKey(key);
    const service = api.get<Service>('services', name, namespace);
    if (service === undefined || service.metadata.deletionTimestamp !== undefined) return;
    if (service.spec?.type !== 'LoadBalancer') {
      withdraw(service);
      return;
    }
    const { uid } = service.metadata;
    const known = given.get(uid);
    if (known !== undefined && addressOf(service) === known) return;
    const wanted = service.spec.loadBalancerIP ?? addressOf(service);
    if (known === undefined) tell(service, 'EnsuringLoadBalancer', 'Ensuring load balancer');
    const address = known ?? addresses.allocate(service, wanted === '' ? undefined : wanted);
    if (address === undefined) {
      waiting.add(key);
      api.event(service, {
        type: 'Warning',
        reason: 'SyncLoadBalancerFailed',
        message: 'Error syncing load balancer: failed to ensure load balancer: no address is free',
        component: COMPONENT,
      });
      return;
    }
    given.set(uid, address);
    api.update<Service>('services', { ...locate(service), subresource: 'status' }, (draft) => {
      draft.status = {
        ...draft.status,
        loadBalancer: { ingress: [{ ip: address, ipMode: 'VIP' }] },
      };
    });
    if (known === undefined) tell(service, 'EnsuredLoadBalancer', 'Ensured load balancer');
  }

  function withdraw(service: Service): void {
    if (!hasAddress(service)) return;
    tell(service, 'DeletingLoadBalancer', 'Deleting load balancer');
    release(service);
    api.update<Service>('services', { ...locate(service), subresource: 'status' }, (draft) => {
      draft.status = { ...draft.status, loadBalancer: {} };
    });
    tell(service, 'DeletedLoadBalancer', 'Deleted load balancer');
  }

  /** The API empties the status of a Service whose type changes: what was given tells as well. */
  function hasAddress(service: Service): boolean {
    return addressOf(service) !== undefined || given.has(service.metadata.uid);
  }

  function release(service: Service): void {
    const address = given.get(service.metadata.uid);
    if (address === undefined) return;
    given.delete(service.metadata.uid);
    addresses.release(address);
    for (const key of waiting) queue.add(key);
    waiting.clear();
  }

  function tell(service: Service, reason: string, message: string): void {
    api.event(service, { type: 'Normal', reason, message, component: COMPONENT });
  }
}

function addressOf(service: Service): string | undefined {
  return service.status?.loadBalancer?.ingress?.[0]?.ip;
}
