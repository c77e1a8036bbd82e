import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { valueAt } from '../../common/json.js';
import { pathOf, refusalOf, textAt, type Resource } from '../client/kube-api.js';
import type { ExistingContext } from './context.js';
import { ownLabels } from './home-objects.js';
import { LEARNER, homeNamespace } from './names.js';

const SECRETS: Resource = {
  group: '',
  version: 'v1',
  plural: 'secrets',
  kind: 'Secret',
  namespaced: true,
  verbs: [],
};
const TOKEN = 'learner-token';
/** Servers may give less. */
const WANTED_SECONDS = 7 * 24 * 3600;
const LEFT_MS = 3600_000;
const Cluster = z.looseObject({ server: z.string() });

/** The learner's account from outside of the cluster: the same keys until they are about to end. */
export async function learnerKubeconfig(context: ExistingContext, name: string): Promise<string> {
  const kept = await keptToken(context, name);
  const token = kept ?? (await newToken(context, name));
  const own: unknown = parse(await context.kubeconfig());
  const cluster = Cluster.parse(valueAt(own, ['clusters', 0, 'cluster']));
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'lab', cluster }],
    users: [{ name: LEARNER, user: { token } }],
    contexts: [{ name: 'lab', context: { cluster: 'lab', user: LEARNER } }],
    'current-context': 'lab',
  });
}

async function keptToken(context: ExistingContext, name: string): Promise<string | undefined> {
  const api = await context.api();
  const answer = await api.send('GET', pathOf(SECRETS, homeNamespace(name), TOKEN));
  if (answer.status === 404) return undefined;
  if (answer.status >= 300) throw refusalOf(answer);
  const until = Date.parse(textAt(answer.body, ['metadata', 'annotations', 'gatehouse.dev/until']));
  if (!(until - Date.now() > LEFT_MS)) return undefined;
  return Buffer.from(textAt(answer.body, ['data', 'token']), 'base64').toString('utf8');
}

async function newToken(context: ExistingContext, name: string): Promise<string> {
  const api = await context.api();
  const namespace = homeNamespace(name);
  const { status } = await api.ask(
    'POST',
    `/api/v1/namespaces/${namespace}/serviceaccounts/${LEARNER}/token`,
    {
      body: {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: { expirationSeconds: WANTED_SECONDS },
      },
    },
  );
  const token = textAt(status, ['token']);
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: TOKEN,
      namespace,
      labels: ownLabels({ name, installation: context.installation }),
      annotations: { 'gatehouse.dev/until': textAt(status, ['expirationTimestamp']) },
    },
    stringData: { token },
  };
  await api.ask('PATCH', `${pathOf(SECRETS, namespace, TOKEN)}?fieldManager=gatehouse&force=true`, {
    body: secret,
    type: 'application/apply-patch+yaml',
  });
  return token;
}
