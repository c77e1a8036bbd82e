import type { ControllerContext } from './context.js';
import { keyOf, locate, parseKey } from './keys.js';
import type { Node, Pod } from './objects.js';
import { isFinished } from './pods.js';

const COMPONENT = 'pod-garbage-collector';

/** Removes pods whose node is gone: nobody else would finish their deletion. */
export function createPodGarbageCollector(context: ControllerContext): void {
  const { api, cache, loop, pods } = context;
  const queue = loop.queue(COMPONENT, sync);

  cache.informer<Node>('nodes').on(({ type, object }) => {
    if (type !== 'DELETED') return;
    for (const pod of pods.byNode.get(object.metadata.name).values()) queue.add(keyOf(pod));
  });
  pods.informer.on((event) => {
    if (event.type === 'DELETED') return;
    const { nodeName = '' } = event.object.spec ?? {};
    const isDoomed = event.object.metadata.deletionTimestamp !== undefined && nodeName === '';
    const isPlaced =
      nodeName !== '' && (event.type === 'ADDED' || event.previous.spec?.nodeName !== nodeName);
    if (isDoomed || (isPlaced && api.get('nodes', nodeName) === undefined)) {
      queue.add(keyOf(event.object));
    }
  });
  function sync(key: string): void {
    const { name, namespace } = parseKey(key);
    const pod = api.get<Pod>('pods', name, namespace);
    if (pod === undefined) return;
    const { nodeName = '' } = pod.spec ?? {};
    if (nodeName !== '' && api.get('nodes', nodeName) !== undefined) return;
    if (nodeName === '' && pod.metadata.deletionTimestamp === undefined) return;
    if (nodeName !== '' && !isFinished(pod)) {
      api.update<Pod>('pods', { ...locate(pod), subresource: 'status' }, (draft) => {
        draft.status = { ...draft.status, phase: 'Failed' };
      });
    }
    api.delete('pods', { ...locate(pod), uid: pod.metadata.uid, gracePeriodSeconds: 0 });
  }
}
