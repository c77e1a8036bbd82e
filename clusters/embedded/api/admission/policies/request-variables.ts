import type { JsonObject } from '../../../../../common/json.js';
import type { RbacAuthorizer } from '../../auth/rbac.js';
import { CelAuthorizer } from '../../cel/libraries/authorizer.js';
import { toCel } from '../../cel/values.js';
import type { KubeObject } from '../../cluster-api.js';
import { userJson } from '../../auth/user-json.js';
import { shown } from '../../registry/admission.js';
import type { AdmissionRequest } from '../../registry/admission.js';

/** What expressions know of a request, except for the parameters. */
export function requestVariables(
  request: AdmissionRequest,
  rbac: RbacAuthorizer,
): Record<string, unknown> {
  const { namespace, api, resource, user } = request;
  const home =
    namespace === undefined || resource === 'namespaces'
      ? undefined
      : api.get('namespaces', namespace);
  const { group, plural } = request.definition;
  return {
    object: toCel(shown(request, 'object')),
    oldObject: toCel(shown(request, 'old')),
    request: toCel(requestJson(request)),
    namespaceObject: toCel(home ?? null),
    authorizer: new CelAuthorizer((who, what) => rbac.allows(who, what), user, {
      group,
      resource: plural,
      ...(request.subresource !== undefined && { subresource: request.subresource }),
      ...(namespace !== undefined && { namespace }),
      name: request.name,
    }),
  };
}

export function paramsVariable(params: KubeObject | undefined): unknown {
  return toCel(params ?? null);
}

/** A request as expressions and webhooks know it, without its objects. */
export function requestJson(request: AdmissionRequest): JsonObject {
  const { definition, name, namespace, operation, subresource, user, dryRun } = request;
  const { group, version, plural } = definition;
  const seen = request.seen ?? definition;
  const kind = { group: seen.group, version: seen.version, kind: seen.kind };
  return {
    kind,
    resource: { group, version, resource: plural },
    requestKind: kind,
    requestResource: { group, version, resource: plural },
    ...(subresource !== undefined && { subResource: subresource, requestSubResource: subresource }),
    name,
    ...(namespace !== undefined && { namespace }),
    operation,
    userInfo: userJson(user),
    dryRun,
  };
}
