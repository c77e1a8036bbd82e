import { ApiError, badRequest, forbidden, notFound } from '../api-error.js';
import type { KubeObject } from '../cluster-api.js';
import type { ResourceDefinition } from '../resource-definition.js';
import type { ObjectStore } from '../store/object-store.js';

/** Throws where an object's namespace is missing, unknown, or on its way out. */
export function requireNamespace(
  store: ObjectStore,
  definition: ResourceDefinition,
  object: KubeObject,
): void {
  if (!definition.namespaced) return;
  const { namespace, name } = object.metadata;
  if (namespace === undefined) throw badRequest('Namespace parameter required.');
  const found = store.collection('namespaces').get(namespace, '');
  if (found === undefined) throw notFound({ group: '', plural: 'namespaces' }, namespace);
  if (found.metadata.deletionTimestamp === undefined) return;
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
  const refusal = forbidden(definition, name, why);
  throw new ApiError(403, 'Forbidden', {
    message: refusal.message,
    details: {
      ...refusal.details,
      causes: [
        {
          reason: 'NamespaceTerminating',
          message: `namespace ${namespace} is being terminated`,
          field: 'metadata.namespace',
        },
      ],
    },
  });
}
