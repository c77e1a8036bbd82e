import { z } from 'zod';
import { GatehouseError } from '../../../../common/errors.js';
import { valueAt, type JsonObject } from '../../../../common/json.js';
import type { KubeApi } from '../../../client/kube-api.js';
import type { ResourceRegistry } from '../../api/registry/resource-registry.js';

const TypeMeta = z.object({ apiVersion: z.string(), kind: z.string() });

/** Applies objects one after the other, server-side, as whoever the connection signs in. Rejects with the server's words. */
export async function applyObjects(
  objects: readonly JsonObject[],
  { api, registry }: { api: KubeApi; registry: ResourceRegistry },
): Promise<void> {
  for (const object of objects) {
    const path = `${pathOf(object, registry)}?fieldManager=gatehouse&force=true`;
    await api.ask('PATCH', path, { body: object, type: 'application/apply-patch+yaml' });
  }
}

function pathOf(object: JsonObject, registry: ResourceRegistry): string {
  const { apiVersion, kind } = TypeMeta.parse(object);
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
  const served = registry.findKind(group ?? '', version ?? '', kind);
  const name = valueAt(object, ['metadata', 'name']);
  if (served === undefined || typeof name !== 'string') {
    throw new GatehouseError(
      'BAD_REQUEST',
      served === undefined
        ? `no matches for kind "${kind}" in version "${apiVersion}"`
        : `an object of kind ${kind} has no name`,
    );
  }
  const { namespaced, plural } = served.definition;
  const namespace = valueAt(object, ['metadata', 'namespace']);
  const base = group === '' ? `/api/${version ?? ''}` : `/apis/${apiVersion}`;
  const scope = namespaced
    ? `/namespaces/${typeof namespace === 'string' ? namespace : 'default'}`
    : '';
  return `${base}${scope}/${plural}/${name}`;
}
