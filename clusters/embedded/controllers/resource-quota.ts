import type { ControllerContext } from './context.js';
import { keyOf, locate, namespaceOf, parseKey } from './keys.js';
import type { ResourceQuota } from './objects.js';
import { quotaSubject, quotaUsage } from './quota-usage.js';
import { canonical } from './template-hash.js';

/** What an update changes counts for these only. */
const WEIGHED: ReadonlySet<string> = new Set(['pods', 'services', 'persistentvolumeclaims']);

/** Counts in each ResourceQuota's status what its namespace uses. */
export function createQuotaController(context: ControllerContext): void {
  const { api, cache, catalogue, loop, pods } = context;
  const quotas = cache.informer<ResourceQuota>('resourcequotas');
  const byNamespace = quotas.index((quota) => [namespaceOf(quota)]);
  const queue = loop.queue('resourcequota-controller', sync);

  quotas.on(({ object }) => {
    queue.add(keyOf(object));
  });
  catalogue.onChange((event, resource) => {
    const here = byNamespace.get(namespaceOf(event.object));
    if (here.size === 0 || (event.type === 'MODIFIED' && !WEIGHED.has(resource.name))) return;
    for (const quota of here.values()) queue.add(keyOf(quota));
  });

  function sync(key: string): void {
    const { name, namespace } = parseKey(key);
    const quota = api.get<ResourceQuota>('resourcequotas', name, namespace);
    if (quota === undefined) return;
    const hard = quota.spec?.hard ?? {};
    const used: Record<string, string> = {};
    for (const entry of Object.keys(hard)) used[entry] = usage(quota, entry);
    if (canonical([quota.status?.hard, quota.status?.used]) === canonical([hard, used])) return;
    const place = { ...locate(quota), subresource: 'status' } as const;
    api.update<ResourceQuota>('resourcequotas', place, (draft) => {
      draft.status = { hard, used };
    });
  }

  function usage(quota: ResourceQuota, entry: string): string {
    const subject = quotaSubject(entry);
    if (subject === 'pods') {
      const objects = pods.byNamespace.get(namespaceOf(quota)).values();
      return quotaUsage(api, quota, { entry, objects });
    }
    if (!catalogue.resources().some((resource) => resource.name === subject)) return '0';
    return quotaUsage(api, quota, { entry });
  }
}
