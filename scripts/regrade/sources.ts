import { writeFile } from 'node:fs/promises';
import { errorCodeOf, GatehouseError } from '../../common/errors.js';
import type { LabResult } from '../../common/verdict.js';
import type { Evidence } from '../../graders/evidence/evidence.js';
import { readEvidenceFile } from '../../graders/evidence/evidence-file.js';
import { openEvidence } from '../../graders/evidence/seal.js';
import { verifyResult } from '../../graders/signing/sign-result.js';
import type { VerifyingKey } from '../../graders/signing/signing-key.js';
import type { Database } from '../../server/database/open-database.js';
import { findAttempt, storeRegrade, type StandingAttempt } from '../../server/progress/regrades.js';

/** Something that was graded and can be judged again. */
export interface Graded {
  before: LabResult;
  evidence: Evidence;
  /** Stores what it is judged to be now beside what it was; resolves with a sentence that says where, and what counts. */
  keep: (after: LabResult) => Promise<string>;
}

/** Where graded work comes from, by the name it is spoken of. Loading rejects where it cannot be judged again. */
export interface GradedSource {
  title: string;
  load: () => Promise<Graded>;
}

export function attemptSource(database: Database, key: VerifyingKey, id: number): GradedSource {
  return {
    title: `attempt ${id}`,
    async load() {
      const attempt = await getAttempt(database, id);
      const document: unknown = JSON.parse(attempt.result);
      const before = signedBy(key, document);
      const { evidence: content } = attempt;
      if (content === undefined || before.evidenceDigest === undefined) {
        throw new GatehouseError('NOT_AVAILABLE', whyNoEvidence(attempt, before));
      }
      return {
        before,
        evidence: await openEvidence({ digest: before.evidenceDigest, content }),
        async keep(after) {
          const best = await storeRegrade(database, attempt, after);
          return `Stored beside the attempt of ${attempt.user.name}. What counts is the best of ${attempt.step}: ${best} points.`;
        },
      };
    },
  };
}

export function fileSource(file: string, key: VerifyingKey): GradedSource {
  return {
    title: file,
    async load() {
      const { result, evidence } = await readEvidenceFile(file);
      return {
        before: signedBy(key, result),
        evidence,
        keep: async (after) => `Stored in ${await writeBeside(file, after)}.`,
      };
    },
  };
}

async function getAttempt(database: Database, id: number): Promise<StandingAttempt> {
  const attempt = await findAttempt(database, id);
  if (attempt !== undefined) return attempt;
  throw new GatehouseError('NOT_FOUND', `there is no attempt ${id}`, {
    fix: 'gatehouse regrade --lab LAB goes through all attempts at a lab.',
  });
}

function whyNoEvidence({ evidenceRemovedAt }: StandingAttempt, before: LabResult): string {
  if (evidenceRemovedAt !== undefined) {
    return `its evidence is not kept any more: it was removed on ${evidenceRemovedAt.slice(0, 10)}, as neither the best nor the latest of its step`;
  }
  return before.evidenceDigest === undefined
    ? 'nothing was kept of what it was graded on: the cluster held more than is kept'
    : 'nothing was kept of what it was graded on: the disk was full';
}

/** What somebody changed is not judged again as if it had been graded. */
function signedBy(key: VerifyingKey, document: unknown): LabResult {
  const verification = verifyResult(document, key);
  if (verification.outcome === 'valid') return verification.result;
  throw new GatehouseError(
    'BAD_REQUEST',
    `its result is not one that can be trusted: ${verification.reason}`,
    { fix: 'If another installation made it, name its public key: --key FILE.' },
  );
}

/** A new file each time: nothing is overwritten. */
async function writeBeside(file: string, result: LabResult): Promise<string> {
  for (let number = 1; ; number += 1) {
    const name = `${file}.regraded-${number}.json`;
    try {
      await writeFile(name, `${JSON.stringify(result, null, 2)}\n`, { flag: 'wx' });
      return name;
    } catch (error) {
      if (errorCodeOf(error) !== 'EEXIST') throw error;
    }
  }
}
