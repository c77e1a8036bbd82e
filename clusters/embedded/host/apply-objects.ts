import { request } from 'node:https';
import { parse } from 'yaml';
import { z } from 'zod';
import { GatehouseError } from '../../../common/errors.js';
import { isJsonObject, valueAt, type JsonObject } from '../../../common/json.js';
import type { ResourceRegistry } from '../api/registry/resource-registry.js';

const Kubeconfig = z.object({
  clusters: z
    .array(
      z.object({
        cluster: z.object({ 'certificate-authority-data': z.string(), server: z.string() }),
      }),
    )
    .min(1),
  users: z
    .array(
      z.object({
        user: z.object({ 'client-certificate-data': z.string(), 'client-key-data': z.string() }),
      }),
    )
    .min(1),
});

const TypeMeta = z.object({ apiVersion: z.string(), kind: z.string() });

/** Applies objects one after the other, server-side, as whoever the kubeconfig belongs to. Rejects with the server's words. */
export async function applyObjects(
  objects: readonly JsonObject[],
  options: { kubeconfig: string; registry: ResourceRegistry },
): Promise<void> {
  const client = clientOf(options.kubeconfig);
  for (const object of objects) {
    await patch(client, pathOf(object, options.registry), object);
  }
}

interface Client {
  server: string;
  ca: Buffer;
  cert: Buffer;
  key: Buffer;
}

function clientOf(kubeconfig: string): Client {
  const { clusters, users } = Kubeconfig.parse(parse(kubeconfig));
  const decode = (text: string | undefined): Buffer => Buffer.from(text ?? '', 'base64');
  return {
    server: clusters[0]?.cluster.server ?? '',
    ca: decode(clusters[0]?.cluster['certificate-authority-data']),
    cert: decode(users[0]?.user['client-certificate-data']),
    key: decode(users[0]?.user['client-key-data']),
  };
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

function patch(client: Client, path: string, object: JsonObject): Promise<void> {
  const url = new URL(`${client.server}${path}?fieldManager=gatehouse&force=true`);
  const { ca, cert, key } = client;
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      {
        method: 'PATCH',
        ca,
        cert,
        key,
        headers: { 'content-type': 'application/apply-patch+yaml' },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          if ((response.statusCode ?? 500) < 300) resolve();
          else reject(refusal(Buffer.concat(chunks).toString('utf8')));
        });
      },
    );
    sent.on('error', reject);
    sent.end(JSON.stringify(object));
  });
}

function refusal(body: string): GatehouseError {
  let status: unknown;
  try {
    status = JSON.parse(body);
  } catch {
    // Not even a Status: the text itself must do.
  }
  const message =
    isJsonObject(status) && typeof status['message'] === 'string' ? status['message'] : body;
  return new GatehouseError('BAD_REQUEST', message);
}
