import type { KubeObject } from '../../cluster-api.js';
import type { AdmissionRequest } from '../../registry/admission.js';
import type { ServedResource } from '../../registry/resource-registry.js';
import { selectorMatcher } from '../../selectors/selector-object.js';
import { ConfigurationError } from './configuration-error.js';
import type { ParamKind, ParamRef } from './policy-objects.js';

export type FindKind = (kind: ParamKind) => ServedResource | undefined;

/**
 * The objects that a binding names as its policy's parameters; one undefined where it needs none. Throws
 * ConfigurationError where they cannot be found and may not be missing.
 */
export function findParams(
  request: AdmissionRequest,
  binding: { paramKind: ParamKind | undefined; paramRef: ParamRef | undefined },
  findKind: FindKind,
): readonly (KubeObject | undefined)[] {
  const { paramKind, paramRef } = binding;
  if (paramKind === undefined) return [undefined];
  const served = findKind(paramKind);
  if (served === undefined) {
    throw new ConfigurationError(
      'policy',
      `failed to find resource referenced by paramKind: '${paramKind.apiVersion ?? ''}, Kind=${paramKind.kind ?? ''}'`,
    );
  }
  if (paramRef === undefined) return [undefined];
  const found = collect(request, paramRef, served);
  if (found.length === 0 && paramRef.parameterNotFoundAction !== 'Allow') {
    throw new ConfigurationError(
      'binding',
      'no params found for policy binding with `Deny` parameterNotFoundAction',
    );
  }
  return found;
}

function collect(
  request: AdmissionRequest,
  { name, namespace, selector }: ParamRef,
  { resource, definition }: ServedResource,
): readonly KubeObject[] {
  const { api } = request;
  let home: string | undefined;
  if (definition.namespaced) {
    home = namespace ?? request.namespace;
    if (home === undefined) {
      throw new ConfigurationError(
        'binding',
        'cannot use namespaced paramRef in policy binding that matches cluster-scoped resources',
      );
    }
  } else if (namespace !== undefined) {
    throw new ConfigurationError(
      'binding',
      'paramRef.namespace must not be provided for a cluster-scoped `paramKind`',
    );
  }
  if (name !== undefined && name !== '') {
    const object = api.get(resource.name, name, home);
    return object === undefined ? [] : [object];
  }
  const matches = selectorMatcher(selector ?? {});
  return api.list(resource.name, home).filter(({ metadata }) => matches(metadata.labels ?? {}));
}
