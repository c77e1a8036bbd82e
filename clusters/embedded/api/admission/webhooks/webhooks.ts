import pLimit from 'p-limit';
import { PLATFORM_USER } from '../../auth/identity.js';
import type { RbacAuthorizer } from '../../auth/rbac.js';
import type { ClusterApi } from '../../cluster-api.js';
import type { OpenInquiry } from '../../registry/client-writer.js';
import type { ResourceRegistry } from '../../registry/resource-registry.js';
import type { SchemaCatalogue } from '../../schema-catalogue.js';
import { servedVersions } from '../policies/match.js';
import type { Dial } from './call.js';
import { Conversation } from './conversation.js';
import { MUTATING, VALIDATING } from './find-webhooks.js';

/** So many calls of a cluster are under way at once; more wait their turn. */
const CALLS_AT_ONCE = 32;

/**
 * Webhooks of a cluster's admission configurations, asked about the writes of its clients. The cluster's own parts write without
 * asking, and so does the platform: what it makes in order to grade is nothing that a learner's webhook may refuse or change.
 */
export function createWebhookInquiries(parts: {
  api: ClusterApi;
  registry: ResourceRegistry;
  rbac: RbacAuthorizer;
  catalogue: SchemaCatalogue;
  /** Opens connections from the control plane's node. */
  dial: Dial;
}): OpenInquiry {
  const { api, registry, rbac, catalogue, dial } = parts;
  const world = {
    rbac,
    catalogue,
    dial,
    versionsOf: servedVersions(registry),
    limit: pLimit(CALLS_AT_ONCE),
  };
  return ({ username }) => {
    const isAsked = [MUTATING, VALIDATING].some((resource) => api.list(resource).length > 0);
    if (!isAsked || username === PLATFORM_USER) return undefined;
    const conversation = new Conversation(world);
    return (question) => conversation.ask(question);
  };
}
