import type { ClusterApiServerSide } from '../create-cluster-api.js';
import type { Logger } from '../../../../common/logger.js';
import type { RbacAuthorizer } from '../auth/rbac.js';
import type { TokenAuthority } from '../auth/tokens.js';
import type { ContainerStreams } from '../container-streams.js';
import type { AdmitAction } from '../admission/actions.js';
import type { UserInfo } from '../registry/admission.js';
import type { ClientWriter } from '../registry/client-writer.js';
import type { ServedResource } from '../registry/resource-registry.js';
import type { WriteContext } from '../registry/write-context.js';
import type { SchemaCatalogue } from '../schema-catalogue.js';
import type { UsageSource } from '../usage-source.js';
import type { Representation } from './media-types.js';
import type { RequestInfo, ResourcePath } from './request-info.js';
import type { Exchange } from './respond.js';

/** What every request handler may need of its cluster. */
export interface ServerParts {
  api: ClusterApiServerSide;
  /** Writes of clients go through here. */
  writer: ClientWriter;
  /** Asked about what is no write of an object. */
  admit: AdmitAction;
  catalogue: SchemaCatalogue;
  tokens: TokenAuthority;
  rbac: RbacAuthorizer;
  streams(): ContainerStreams | undefined;
  usage(): UsageSource | undefined;
  version: ServerVersion;
  logger: Logger;
}

export interface ServerVersion {
  major: string;
  minor: string;
  gitVersion: string;
}

/** One request whose user is known and allowed. */
export interface RequestContext extends Exchange {
  info: RequestInfo;
  user: UserInfo;
  server: ServerParts;
}

/** A request for something under a resource's path. */
export interface ResourceContext extends RequestContext {
  target: ResourcePath;
  served: ServedResource;
  representation: Representation;
}

/** The name under which a client's fields are kept where it names none: the program in its User-Agent. */
export function managerOf(context: RequestContext, given: string): string {
  if (given !== '') return given;
  const agent = context.req.headers['user-agent'] ?? '';
  return (agent.split('/')[0] ?? '').slice(0, 128) || 'unknown';
}

export function writeContextOf(
  context: RequestContext,
  options: { dryRun: boolean; fieldManager: string },
): WriteContext {
  return {
    user: context.user,
    manager: managerOf(context, options.fieldManager),
    dryRun: options.dryRun,
    warn: warnInto(context),
  };
}

/** Each warning is told once. */
export function warnInto({ warnings }: RequestContext): (text: string) => void {
  return (text) => {
    if (!warnings.includes(text)) warnings.push(text);
  };
}
