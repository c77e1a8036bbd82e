import { createServer } from 'node:https';
import type { ServerResponse } from 'node:http';
import { createAuthority, issueCertificate, issuerOf } from '../auth/certificate.js';

export interface Review {
  kind: string;
  apiVersion: string;
  request: {
    uid: string;
    name: string;
    namespace?: string;
    operation: string;
    dryRun: boolean;
    subResource?: string;
    resource: { group: string; version: string; resource: string };
    userInfo: { username: string };
    object: TestedObject | null;
    oldObject: TestedObject | null;
  };
}

interface TestedObject {
  metadata: Record<string, unknown>;
  [field: string]: unknown;
}

export interface WebhookServer extends AsyncDisposable {
  port: number;
  /** For `clientConfig.caBundle`. */
  caBundle: string;
  /** What was asked so far, with the path it was asked at. */
  asked: { path: string; review: Review }[];
  /** What to answer at a path; the rest of an allowing answer is filled in. Without an answer nothing is ever said. */
  answers: Map<string, Answer>;
  /** Ends all connections as they are. */
  hangUp(): void;
}

type Answer = (review: Review, res: ServerResponse) => object | 'silence';

/** A webhook on a loopback port, with a certificate for some names. */
export async function startWebhookServer(...names: string[]): Promise<WebhookServer> {
  const now = Date.now();
  const authority = createAuthority('webhooks', now);
  const { certPem, keyPem } = issueCertificate(issuerOf(authority, 'webhooks'), {
    subject: { commonName: 'webhook' },
    usage: 'server',
    names,
    now,
  });
  const asked: WebhookServer['asked'] = [];
  const answers: WebhookServer['answers'] = new Map();
  const server = createServer({ cert: certPem, key: keyPem }, (req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- what tests look at is what they expect
      const review = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Review;
      const path = (req.url ?? '').replace(/\?.*$/, '');
      asked.push({ path, review });
      const answer = answers.get(path)?.(review, res) ?? {};
      if (answer === 'silence' || res.writableEnded) return;
      const response = { uid: review.request.uid, allowed: true, ...answer };
      res.end(JSON.stringify({ kind: review.kind, apiVersion: review.apiVersion, response }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    caBundle: Buffer.from(authority.certPem).toString('base64'),
    asked,
    answers,
    hangUp: () => {
      server.closeAllConnections();
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** An answer with a patch. */
export function patching(...operations: object[]): object {
  return {
    patchType: 'JSONPatch',
    patch: Buffer.from(JSON.stringify(operations)).toString('base64'),
  };
}
