import { writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { createTempFolder } from '../../../../system/temp-folder.js';
import type { ApiServer, ApiServerOptions } from '../create-api-server.js';
import { createApiServer } from '../create-api-server.js';
import { BUILT_IN_RESOURCES } from '../kinds/index.js';
import { schemaCatalogue } from '../schema/index.js';

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  json: unknown;
}

export interface TestServer extends AsyncDisposable {
  server: ApiServer;
  folder: string;
  port: number;
  kubeconfigPath: string;
  /** As cluster admin by certificate, unless `token` says otherwise; an empty token is nobody. */
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
}

export interface CallOptions {
  body?: unknown;
  headers?: Record<string, string>;
  token?: string;
}

/** A whole API server with every kind on a loopback port, in a temporary folder. */
export async function startTestServer(
  options: Partial<ApiServerOptions> = {},
): Promise<TestServer> {
  const folder = await createTempFolder('api');
  const server = await createApiServer({
    name: 'test',
    stateDir: `${folder.path}/state`,
    unixPath: `${folder.path}/api.sock`,
    resources: BUILT_IN_RESOURCES,
    catalogue: schemaCatalogue,
    addresses: ['172.18.0.2'],
    ...options,
  });
  const { port } = await server.listenLocal();
  const kubeconfig = server.kubeconfig('admin', `https://127.0.0.1:${port}`);
  const kubeconfigPath = `${folder.path}/kubeconfig`;
  await writeFile(kubeconfigPath, kubeconfig);
  return {
    server,
    folder: folder.path,
    port,
    kubeconfigPath,
    call: createCaller(kubeconfig, port),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Sends requests to a server on a loopback port, with a kubeconfig's certificate unless a token is given. */
export function createCaller(kubeconfig: string, port: number): TestServer['call'] {
  const credentials = credentialsOf(kubeconfig);
  return (method, path, call = {}) => send({ method, path, port, credentials, ...call });
}

interface Credentials {
  ca: string;
  cert: string;
  key: string;
}

function credentialsOf(kubeconfig: string): Credentials {
  const read = (name: string): string => {
    const base64 = new RegExp(`${name}: (\\S+)`).exec(kubeconfig)?.[1] ?? '';
    return Buffer.from(base64, 'base64').toString('utf8');
  };
  return {
    ca: read('certificate-authority-data'),
    cert: read('client-certificate-data'),
    key: read('client-key-data'),
  };
}

function send(
  options: CallOptions & { method: string; path: string; port: number; credentials: Credentials },
): Promise<Answer> {
  const { method, path, port, credentials, body, headers = {}, token } = options;
  const payload =
    body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const req = request(
      {
        host: '127.0.0.1',
        port,
        method,
        path,
        agent: false,
        ca: credentials.ca,
        ...(token === undefined && { cert: credentials.cert, key: credentials.key }),
        headers: {
          'user-agent': 'Python-urllib/3.11',
          accept: 'application/json',
          ...(payload !== undefined && {
            'content-type': 'application/json',
            'content-length': String(Buffer.byteLength(payload)),
          }),
          ...(token !== undefined && token !== '' && { authorization: `Bearer ${token}` }),
          ...headers,
        },
      },
      (res) => {
        const chunks: Buffer[] = [];
        res.on('data', (chunk: Buffer) => chunks.push(chunk));
        res.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          resolve({ status: res.statusCode ?? 0, headers: res.headers, text, json: parse(text) });
        });
        res.on('error', reject);
      },
    );
    req.on('error', reject);
    req.end(payload);
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
