import type { ControllerContext } from './context.js';
import { keyOf, namespaceOf } from './keys.js';
import type { Pod, Service } from './objects.js';
import { isReady } from './pods.js';
import { matchesLabels } from '../api/selectors/match-labels.js';
import type { WorkQueue } from './work-queue.js';

/** Queues a Service when it changes, or when a pod it selects changes in a way that its endpoints show. */
export function watchServicePods(context: ControllerContext, queue: WorkQueue): void {
  const services = context.cache.informer<Service>('services');
  const withSelector = services.index((service) =>
    service.spec?.selector === undefined ? [] : [namespaceOf(service)],
  );

  services.on(({ object }) => {
    queue.add(keyOf(object));
  });
  context.pods.informer.on((event) => {
    if (event.type === 'MODIFIED' && looksSame(event.previous, event.object)) return;
    addServicesOf(event.object);
    if (event.type === 'MODIFIED') addServicesOf(event.previous);
  });

  function addServicesOf(pod: Pod): void {
    for (const service of withSelector.get(namespaceOf(pod)).values()) {
      if (matchesLabels(service.spec?.selector, pod.metadata.labels)) queue.add(keyOf(service));
    }
  }
}

function looksSame(a: Pod, b: Pod): boolean {
  return (
    a.status?.podIP === b.status?.podIP &&
    a.status?.phase === b.status?.phase &&
    a.spec?.nodeName === b.spec?.nodeName &&
    a.metadata.deletionTimestamp === b.metadata.deletionTimestamp &&
    isReady(a) === isReady(b) &&
    sameLabels(a.metadata.labels ?? {}, b.metadata.labels ?? {})
  );
}

function sameLabels(a: Record<string, string>, b: Record<string, string>): boolean {
  return a === b || (matchesLabels(a, b) && matchesLabels(b, a));
}
