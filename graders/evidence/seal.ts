import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { z } from 'zod';
import { GatehouseError, messageOf } from '../../common/errors.js';
import type { LabResult } from '../../common/verdict.js';
import { canonicalJson, digestOfText } from '../signing/canonical-json.js';
import { Evidence } from './evidence.js';

/** Evidence as it is stored. */
export interface SealedEvidence {
  /** Over the canonical JSON: what a signed result names. */
  digest: string;
  /** That JSON, compressed with gzip. */
  content: Buffer;
}

/** Bytes of one piece of evidence, compressed and not: a hundred times what a lab's cluster usually takes. */
export const MOST_BYTES = { compressed: 1024 * 1024, plain: 16 * 1024 * 1024 };
/** Objects of one piece of evidence, in all their versions. */
const MOST_OBJECTS = 20_000;

/** Undefined where it is more than is kept: somebody filled the cluster. */
export async function sealEvidence(
  evidence: Evidence,
  most = MOST_BYTES,
): Promise<SealedEvidence | undefined> {
  if (evidence.objects.length > MOST_OBJECTS) return undefined;
  const text = canonicalJson(evidence);
  if (Buffer.byteLength(text) > most.plain) return undefined;
  const content = await promisify(gzip)(text);
  if (content.length > most.compressed) return undefined;
  return { digest: digestOfText(text), content };
}

/** The result, naming what it rests on, where that was kept: ready to be signed. */
export function withEvidence(result: LabResult, evidence: SealedEvidence | undefined): LabResult {
  return evidence === undefined ? result : { ...result, evidenceDigest: evidence.digest };
}

/** Rejects with BAD_REQUEST where it is no evidence, or not that with this digest. */
export async function openEvidence(sealed: SealedEvidence): Promise<Evidence> {
  const text = await unzip(sealed.content);
  if (digestOfText(text) !== sealed.digest) {
    throw unreadable(
      'it is not what the signed result names: it was changed, or belongs to another',
    );
  }
  return parseJson(text, Evidence);
}

/** The text of a gzip file, up to what evidence may take. */
export async function unzip(content: Buffer): Promise<string> {
  try {
    // With its result, where that is in the same file.
    const bytes = await promisify(gunzip)(content, { maxOutputLength: 2 * MOST_BYTES.plain });
    return bytes.toString('utf8');
  } catch (error) {
    throw unreadable(messageOf(error), error);
  }
}

export function parseJson<T>(text: string, schema: z.ZodType<T>): T {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw unreadable(messageOf(error), error);
  }
  const parsed = schema.safeParse(document);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw unreadable(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'another format'}`);
}

export function unreadable(why: string, cause?: unknown): GatehouseError {
  return new GatehouseError('BAD_REQUEST', `the evidence cannot be read: ${why}`, {
    fix: 'Use evidence as `gatehouse grade --evidence FILE` or the server stored it.',
    cause,
  });
}
