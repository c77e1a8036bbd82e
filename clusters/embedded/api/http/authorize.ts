import { ApiError, forbidden } from '../api-error.js';
import type { Attributes, RbacAuthorizer } from '../auth/rbac.js';
import type { UserInfo } from '../registry/admission.js';
import type { RequestInfo } from './request-info.js';
import { parseTerms } from '../selectors/field-selector.js';

/** Refuses with 403 what the user may not do, in the real server's words. */
export function authorize(info: RequestInfo, user: UserInfo, rbac: RbacAuthorizer): void {
  const { resource } = info;
  if (resource === undefined) {
    const verb = info.method === 'HEAD' ? 'head' : info.method.toLowerCase();
    if (rbac.allows(user, { verb, path: info.path })) return;
    throw new ApiError(403, 'Forbidden', {
      message: `forbidden: User "${user.username}" cannot ${verb} path "${info.path}"`,
      details: {},
    });
  }
  const attributes: Attributes = {
    verb: resource.verb,
    group: resource.group,
    resource: resource.plural,
    subresource: resource.subresource,
    // A namespace is in itself: roles in it may speak of it.
    ...(resource.namespace !== undefined
      ? { namespace: resource.namespace }
      : resource.plural === 'namespaces' && resource.group === '' && { namespace: resource.name }),
    name: resource.name === '' ? nameInSelector(info) : resource.name,
  };
  if (rbac.allows(user, attributes)) return;
  throw forbidden(
    {
      group: resource.group,
      plural: resource.plural,
    },
    resource.name,
    whyNot(user, attributes),
  );
}

function whyNot(user: UserInfo, attributes: Attributes): string {
  const { verb, group = '', resource = '', subresource = '', namespace = '' } = attributes;
  const full = subresource === '' ? resource : `${resource}/${subresource}`;
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  return `User "${user.username}" cannot ${verb} resource "${full}" in API group "${group}" ${where}`;
}

/** A list or watch of one object by its name is allowed to whoever may see that object. */
function nameInSelector(info: RequestInfo): string {
  const selector = info.query.get('fieldSelector');
  if (selector?.includes('metadata.name') !== true) return '';
  return (
    parseTerms(selector).find(({ field, equal }) => equal && field === 'metadata.name')?.value ?? ''
  );
}
