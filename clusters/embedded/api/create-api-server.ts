import { mkdir } from 'node:fs/promises';
import { isIP } from 'node:net';
import path from 'node:path';
import { SILENT } from '../../../common/logger.js';
import type { Logger } from '../../../common/logger.js';
import { createActionAdmission } from './admission/actions.js';
import { createCertificateAdmission } from './admission/certificates.js';
import { createEscalationAdmission } from './admission/escalation.js';
import { createLimitRangeAdmission } from './admission/limit-ranges.js';
import { createPodSecurityAdmission } from './admission/pod-security/pod-security.js';
import { createPolicyAdmission } from './admission/policies/policies.js';
import { createWebhookInquiries } from './admission/webhooks/webhooks.js';
import { createFieldTracker } from './apply/field-tracker.js';
import { notFound } from './api-error.js';
import { startCertificateSigner } from './auth/certificate-signer.js';
import { loadIdentity } from './auth/identity.js';
import type { ClusterRole, Identity } from './auth/identity.js';
import { kubeconfigText } from './auth/kubeconfig.js';
import { RbacAuthorizer } from './auth/rbac.js';
import { TokenAuthority } from './auth/tokens.js';
import { bootstrap } from './bootstrap/bootstrap.js';
import type { ClusterApi, KubeObject, NewObject, ResourceName } from './cluster-api.js';
import type { ContainerStreams } from './container-streams.js';
import { createClusterApi } from './create-cluster-api.js';
import type { ClusterApiServerSide } from './create-cluster-api.js';
import { CustomResources } from './crd/custom-resources.js';
import { Discovery } from './http/discovery.js';
import { handleRequest } from './http/handler.js';
import type { HandlerParts } from './http/handler.js';
import { OpenApi } from './http/openapi.js';
import { TlsServer } from './http/tls-server.js';
import type { Admission, UserInfo } from './registry/admission.js';
import { ClientWriter } from './registry/client-writer.js';
import type { ResourceDefinition } from './resource-definition.js';
import type { SchemaCatalogue } from './schema-catalogue.js';
import { Journal } from './store/journal.js';
import { streamHandler, upgradeHandler } from './streams/streams.js';
import { definitionNode } from './typed/definition-node.js';
import type { UsageSource } from './usage-source.js';

export interface ApiServerOptions {
  name: string;
  /** A folder of this cluster's own: keys, journal, snapshot. What is in it is taken up again. */
  stateDir: string;
  /** Where the agent relays the cluster's own connections to. */
  unixPath: string;
  resources: readonly ResourceDefinition[];
  catalogue: SchemaCatalogue;
  /** Default `v1.32.0`. */
  serverVersion?: string;
  /** Further names and addresses under which clients reach this server; the first address is the control plane's. */
  addresses: readonly string[];
  admission?: readonly Admission[];
  streams?: ContainerStreams;
  clock?: () => number;
  logger?: Logger;
}

export interface TokenOptions {
  audience?: string;
  seconds?: number;
  /** The token ends with this pod. */
  pod?: { name: string; uid: string };
  node?: { name: string; uid: string };
}

/** The API server of one cluster. Disposing it keeps its state; `stateDir` may be removed afterwards. */
export interface ApiServer extends AsyncDisposable {
  readonly api: ClusterApiServerSide;
  readonly caPem: string;
  /** False where the state of an earlier run was taken up again. */
  readonly isNew: boolean;
  kubeconfig(role: ClusterRole, serverUrl: string): string;
  /** Refuses with 404 where there is no such ServiceAccount. */
  serviceAccountToken(namespace: string, name: string, options?: TokenOptions): string;
  /** Creates as a user about whose writes webhooks are asked; undefined where there is no webhook. */
  createAsked(
    user: UserInfo,
    resource: ResourceName,
    object: NewObject,
  ): Promise<KubeObject> | undefined;
  /** Also listens on a loopback port of this machine. */
  listenLocal(port?: number): Promise<{ port: number }>;
  setStreams(streams: ContainerStreams): void;
  /** Without it `kubectl top` finds no metrics. */
  setUsage(usage: UsageSource): void;
  /**
   * Removes every object, finalizers or not, and puts back what every cluster has. Keys and listeners stay,
   * revisions go on rising, and watchers hear of all of it. Whoever runs pods must have ended them before.
   */
  wipe(): Promise<void>;
}

/** Starts the API server of a cluster, empty but for what every cluster has, or as it was left. */
export async function createApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const logger = options.logger ?? SILENT;
  const now = options.clock ?? Date.now;
  await mkdir(options.stateDir, { recursive: true, mode: 0o700 });
  const identity = loadIdentity(options.stateDir, { addresses: options.addresses, now: now() });
  const journal = new Journal({ folder: path.join(options.stateDir, 'journal'), logger });
  const { catalogue } = options;
  const api = createClusterApi({
    resources: options.resources,
    admission: options.admission ?? [],
    log: journal,
    fields: createFieldTracker((definition) => definitionNode(catalogue, definition)),
    now,
    logger,
  });
  const rbac = new RbacAuthorizer(api);
  // Defaults first: what they fill in counts for all others.
  api.admit(createLimitRangeAdmission());
  api.admit(createEscalationAdmission(rbac));
  api.admit(createCertificateAdmission(rbac));
  api.admit(createPodSecurityAdmission());
  const policies = createPolicyAdmission({ rbac, registry: api.registry });
  api.admit(policies);
  const custom = new CustomResources(api, catalogue);
  const found = await journal.recover(api.store);
  custom.refresh();
  const fill = (): void => {
    bootstrap(api, {
      caPem: identity.authority.certPem,
      address: options.addresses.find((address) => isIP(address) > 0),
    });
  };
  fill();
  const stopSigner = startCertificateSigner(api, identity.authority);

  let streams = options.streams;
  let usage: UsageSource | undefined;
  const inquiries = createWebhookInquiries({
    api,
    registry: api.registry,
    rbac,
    catalogue,
    dial: (host, port) =>
      streams?.dial(host, port) ?? Promise.reject(new Error('the nodes are not connected yet')),
  });
  const writer = new ClientWriter(api.writer, inquiries);
  const parts: HandlerParts = {
    ...createParts({ options, api, identity, custom, rbac, logger }),
    writer,
    admit: createActionAdmission({ policies, inquiries }),
    streams: () => streams,
    usage: () => usage,
    writable: () => journal.ready(),
  };
  const upgrade = upgradeHandler(parts);
  const server = new TlsServer({
    identity,
    request: (req, res) => {
      void handleRequest(req, res, parts);
    },
    upgrade,
  });
  await server.listenUnix(options.unixPath);
  return {
    api,
    caPem: identity.authority.certPem,
    isNew: !found,
    kubeconfig: (role, serverUrl) =>
      kubeconfigText({
        cluster: options.name,
        user: role === 'admin' ? `${options.name}-admin` : 'gatehouse-platform',
        serverUrl,
        caPem: identity.authority.certPem,
        credentials: identity.clients[role],
      }),
    serviceAccountToken: (namespace, name, token) =>
      issueToken({ api, tokens: parts.tokens }, { namespace, name }, token ?? {}),
    createAsked: (user, name, object) => {
      const resource = inquiries(user) === undefined ? undefined : api.registry.find(name);
      return resource && writer.create(resource, object, { user, manager: '', dryRun: false });
    },
    listenLocal: (port = 0) => server.listenLocal(port),
    setStreams: (next) => {
      streams = next;
    },
    setUsage: (next) => {
      usage = next;
    },
    wipe: async () => {
      removeEverything(api);
      custom.refresh();
      fill();
      await api.flushed();
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      stopSigner();
      api.store.close();
      await journal[Symbol.asyncDispose]();
    },
  };
}

/** Namespaces last, as if their content had gone first. */
function removeEverything({ store }: ClusterApiServerSide): void {
  const resources = store.resources().filter((resource) => resource !== 'namespaces');
  for (const resource of [...resources, 'namespaces']) {
    for (const object of store.collection(resource).list()) store.remove(resource, object);
  }
}

function createParts(server: {
  options: ApiServerOptions;
  api: ClusterApiServerSide;
  identity: Identity;
  custom: CustomResources;
  rbac: RbacAuthorizer;
  logger: Logger;
}): Omit<HandlerParts, 'writer' | 'admit' | 'streams' | 'usage' | 'writable'> {
  const { options, api, identity, custom, rbac, logger } = server;
  const discovery = new Discovery(api.registry);
  const gitVersion = options.serverVersion ?? 'v1.32.0';
  const [, major = '1', minor = '32'] = /^v(\d+)\.(\d+)/.exec(gitVersion) ?? [];
  return {
    api,
    catalogue: options.catalogue,
    tokens: new TokenAuthority(identity.tokenKeyPem, api),
    rbac,
    version: { major, minor, gitVersion },
    logger,
    discovery,
    openApi: new OpenApi({
      registry: api.registry,
      catalogue: options.catalogue,
      discovery,
      version: gitVersion,
      custom: (groupVersion) => custom.openApi(groupVersion),
      customV2: () => custom.openApiV2(),
    }),
    stream: streamHandler,
  };
}

function issueToken(
  parts: { api: ClusterApi; tokens: TokenAuthority },
  account: { namespace: string; name: string },
  options: TokenOptions,
): string {
  const { namespace, name } = account;
  const object = parts.api.get('serviceaccounts', name, namespace);
  if (object === undefined) throw notFound({ group: '', plural: 'serviceaccounts' }, name);
  return parts.tokens.issue(object, {
    namespace,
    name,
    ...(options.audience !== undefined && { audiences: [options.audience] }),
    ...(options.seconds !== undefined && { seconds: options.seconds }),
    ...(options.pod !== undefined && { boundTo: { kind: 'Pod', ...options.pod } }),
    ...(options.node !== undefined && { node: options.node }),
  }).token;
}
