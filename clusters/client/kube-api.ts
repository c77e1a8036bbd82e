import { Agent, request } from 'node:https';
import { GatehouseError, messageOf } from '../../common/errors.js';
import { isJsonObject, valueAt, type JsonObject } from '../../common/json.js';
import { accessOf, type Access } from './access.js';

/** A kind of object that the API server stores. */
export interface Resource {
  group: string;
  version: string;
  plural: string;
  kind: string;
  namespaced: boolean;
  verbs: readonly string[];
}

export interface ApiAnswer {
  status: number;
  body: unknown;
}

const REQUEST_MS = 30_000;
/** A date in a header is cut to the second, and the answer was under way. */
const SAME_CLOCK_MS = 2_000;

export interface SendOptions {
  body?: unknown;
  type?: string;
  accept?: string;
  signal?: AbortSignal;
  timeoutMs?: number;
}

class StaleConnection extends Error {
  override readonly name = 'StaleConnection';
}

function isReset(error: Error): boolean {
  return 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
}

/**
 * The API server over connections that stay open: a snapshot or an object takes milliseconds, where a kubectl of its
 * own would take a tenth of a second each.
 */
export class KubeApi implements Disposable {
  readonly server: string;
  readonly #access: Omit<Access, 'server'>;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 16 });
  #resources: Promise<Resource[]> | undefined;
  #aheadMs = 0;

  private constructor({ server, ...access }: Access) {
    this.server = server;
    this.#access = { ...access, agent: this.#agent };
  }

  /** What the API server's clock shows, by its last answer; this machine's where the two go together. Milliseconds of the epoch. */
  now(): number {
    return Date.now() + this.#aheadMs;
  }

  /** As the current context of a kubeconfig signs in. */
  static async connect(kubeconfig: string): Promise<KubeApi> {
    return new KubeApi(await accessOf(kubeconfig));
  }

  /** Any answer of the server's, refusals too. Rejects with CLUSTER_UNREACHABLE where there is none. */
  async send(method: string, path: string, options: SendOptions = {}): Promise<ApiAnswer> {
    try {
      return await this.#sendOnce(method, path, options);
    } catch (error) {
      // The server may close a resting connection just as we use it again: nothing has reached it then.
      if (!(error instanceof StaleConnection)) throw error;
      return this.#sendOnce(method, path, { ...options, isSecondTry: true });
    }
  }

  #sendOnce(
    method: string,
    path: string,
    options: SendOptions & { isSecondTry?: boolean },
  ): Promise<ApiAnswer> {
    const { body, type = 'application/json', accept = 'application/json', signal } = options;
    const payload = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void => {
        if (sent.reusedSocket && options.isSecondTry !== true && isReset(error)) {
          reject(new StaleConnection());
          return;
        }
        const isCancelled = signal?.aborted === true;
        reject(
          isCancelled
            ? new GatehouseError('CANCELLED', 'the work was cancelled')
            : new GatehouseError(
                'CLUSTER_UNREACHABLE',
                `the API server at ${this.server} does not answer: ${messageOf(error)}`,
                { cause: error, fix: `See whether it runs: curl --insecure ${this.server}/readyz` },
              ),
        );
      };
      const sent = request(
        new URL(path, this.server),
        {
          ...this.#access,
          ...(options.isSecondTry === true ? { agent: false } : {}),
          method,
          headers: {
            ...this.#access.headers,
            accept,
            // Node itself sends a DELETE's body without saying how long it is.
            ...(payload === undefined
              ? {}
              : { 'content-type': type, 'content-length': Buffer.byteLength(payload) }),
          },
          timeout: options.timeoutMs ?? REQUEST_MS,
          ...(signal === undefined ? {} : { signal }),
        },
        (response) => {
          const aheadMs = Date.parse(response.headers.date ?? '') - Date.now();
          this.#aheadMs = Math.abs(aheadMs) > SAME_CLOCK_MS ? aheadMs : 0;
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', fail);
          response.on('end', () => {
            resolve({
              status: response.statusCode ?? 0,
              body: parseBody(Buffer.concat(chunks).toString('utf8')),
            });
          });
        },
      );
      sent.on('timeout', () => sent.destroy(new Error('no answer in time')));
      sent.on('error', fail);
      sent.end(payload);
    });
  }

  /** As `send`, but a refusal rejects with BAD_REQUEST and the server's words. */
  async ask(method: string, path: string, options: SendOptions = {}): Promise<JsonObject> {
    const answer = await this.send(method, path, options);
    if (answer.status >= 300 || !isJsonObject(answer.body)) throw refusalOf(answer);
    return answer.body;
  }

  /** What the server serves; asked once, and again with `fresh`. */
  async resources(options: { fresh?: boolean } = {}): Promise<Resource[]> {
    if (options.fresh === true) this.#resources = undefined;
    this.#resources ??= this.#discover().catch((error: unknown) => {
      this.#resources = undefined;
      throw error;
    });
    return this.#resources;
  }

  async #discover(): Promise<Resource[]> {
    const accept = ['v2', 'v2beta1']
      .map(
        (version) => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`,
      )
      .join(',');
    const lists = await Promise.all(
      ['/api', '/apis'].map((path) => this.ask('GET', path, { accept })),
    );
    return lists.flatMap(resourcesOf);
  }

  async list(
    resource: Resource,
    options: { namespace?: string; query?: string; signal?: AbortSignal } = {},
  ): Promise<{ items: JsonObject[]; resourceVersion: string }> {
    const { namespace, query = '', signal } = options;
    const path = `${pathOf(resource, namespace)}${query}`;
    const answer = await this.ask('GET', path, signal === undefined ? {} : { signal });
    const { items } = answer;
    const apiVersion =
      resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
    return {
      // A list leaves out what all its objects share.
      items: (Array.isArray(items) ? items : [])
        .filter(isJsonObject)
        .map((item) => ({ apiVersion, kind: resource.kind, ...item })),
      resourceVersion: textAt(answer, ['metadata', 'resourceVersion']),
    };
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

/** `/apis/apps/v1/namespaces/shop/deployments/web`; without a namespace, that of all. */
export function pathOf(resource: Resource, namespace?: string, name?: string): string {
  const base =
    resource.group === ''
      ? `/api/${resource.version}`
      : `/apis/${resource.group}/${resource.version}`;
  const scope =
    resource.namespaced && namespace !== undefined && namespace !== ''
      ? `/namespaces/${encodeURIComponent(namespace)}`
      : '';
  return `${base}${scope}/${resource.plural}${name === undefined ? '' : `/${encodeURIComponent(name)}`}`;
}

export function refusalOf({ status, body }: ApiAnswer): GatehouseError {
  const message = textAt(body, ['message']);
  return new GatehouseError(
    'BAD_REQUEST',
    message === '' ? `the API server refused with HTTP ${status}` : message,
  );
}

export function textAt(value: unknown, path: readonly (string | number)[]): string {
  const found = valueAt(value, path);
  return typeof found === 'string' ? found : '';
}

/** Aggregated discovery: groups, versions best first, resources. Each resource once, in its best version. */
export function resourcesOf(list: unknown): Resource[] {
  const found = new Map<string, Resource>();
  for (const group of objectsAt(list, ['items'])) {
    const groupName = textAt(group, ['metadata', 'name']);
    for (const version of objectsAt(group, ['versions'])) {
      for (const resource of objectsAt(version, ['resources'])) {
        const plural = textAt(resource, ['resource']);
        const key = `${groupName}/${plural}`;
        if (found.has(key)) continue;
        const { verbs } = resource;
        found.set(key, {
          group: groupName,
          version: textAt(version, ['version']),
          plural,
          kind: textAt(resource, ['responseKind', 'kind']),
          namespaced: resource['scope'] === 'Namespaced',
          verbs: (Array.isArray(verbs) ? verbs : []).filter((verb) => typeof verb === 'string'),
        });
      }
    }
  }
  return [...found.values()];
}

export function objectsAt(value: unknown, path: readonly (string | number)[]): JsonObject[] {
  const found = valueAt(value, path);
  return Array.isArray(found) ? found.filter(isJsonObject) : [];
}

function parseBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
