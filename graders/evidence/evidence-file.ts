import { readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { z } from 'zod';
import { GatehouseError, messageOf } from '../../common/errors.js';
import { isJsonObject, type JsonObject } from '../../common/json.js';
import type { LabResult } from '../../common/verdict.js';
import { canonicalJson, digestOfJson } from '../signing/canonical-json.js';
import { Evidence } from './evidence.js';
import { parseJson, unreadable, unzip } from './seal.js';

/** A result and what it rests on, for whoever keeps them outside of a server: JSON in gzip. */
const EvidenceFile = z.object({
  result: z.custom<JsonObject>(isJsonObject),
  evidence: Evidence,
});

export async function writeEvidenceFile(
  file: string,
  content: { result: LabResult; evidence: Evidence },
): Promise<void> {
  await writeFile(file, await promisify(gzip)(canonicalJson(content)));
}

/**
 * The result is as it was read: whether it is as it was signed is for the caller to find out. Rejects with NOT_FOUND, and
 * with BAD_REQUEST where the evidence is not that of the result.
 */
export async function readEvidenceFile(
  file: string,
): Promise<{ result: JsonObject; evidence: Evidence }> {
  const content = await readFile(file).catch((cause: unknown) => {
    throw new GatehouseError('NOT_FOUND', `${file} cannot be read: ${messageOf(cause)}`, {
      fix: 'Name a file that `gatehouse grade --evidence FILE` wrote.',
      cause,
    });
  });
  const { result, evidence } = parseJson(await unzip(content), EvidenceFile);
  if (digestOfJson(evidence) !== result['evidenceDigest']) {
    throw unreadable('it is not what its result names');
  }
  return { result, evidence };
}
