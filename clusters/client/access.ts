import type { RequestOptions } from 'node:https';
import { parse } from 'yaml';
import { z } from 'zod';

const Base64 = z.string().transform((text) => Buffer.from(text, 'base64'));
/** A kubeconfig that carries all it needs, as those that we write do. */
const PlainKubeconfig = z.object({
  'current-context': z.string(),
  contexts: z.array(
    z.object({ name: z.string(), context: z.object({ cluster: z.string(), user: z.string() }) }),
  ),
  clusters: z.array(
    z.object({
      name: z.string(),
      cluster: z.strictObject({ server: z.url(), 'certificate-authority-data': Base64 }),
    }),
  ),
  users: z.array(
    z.object({
      name: z.string(),
      user: z.union([
        z.strictObject({ 'client-certificate-data': Base64, 'client-key-data': Base64 }),
        z.strictObject({ token: z.string() }),
      ]),
    }),
  ),
});

export type Access = Omit<RequestOptions, 'headers'> & {
  server: string;
  headers: Readonly<Record<string, string>>;
};

/** How the current context of a kubeconfig is reached: the server, and what signs in there. Files and programs it names are read and run now. */
export async function accessOf(text: string): Promise<Access> {
  const plain = PlainKubeconfig.safeParse(parse(text)).data;
  const context = plain?.contexts.find(({ name }) => name === plain['current-context'])?.context;
  const cluster = plain?.clusters.find(({ name }) => name === context?.cluster)?.cluster;
  const user = plain?.users.find(({ name }) => name === context?.user)?.user;
  if (cluster !== undefined && user !== undefined) {
    const base = { server: cluster.server, ca: cluster['certificate-authority-data'] };
    return 'token' in user
      ? { ...base, headers: { authorization: `Bearer ${user.token}` } }
      : {
          ...base,
          headers: {},
          cert: user['client-certificate-data'],
          key: user['client-key-data'],
        };
  }
  // Programs that sign in, files, proxies. Loaded only here: the client takes 70 MB with all its types.
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  config.loadFromString(text);
  const server = config.getCurrentCluster()?.server;
  if (server === undefined) throw new Error('the platform kubeconfig names no cluster');
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const headers = Object.fromEntries(
    Object.entries(options.headers ?? {}).map(([name, value]) => [name, String(value)]),
  );
  return { ...options, server, headers };
}
