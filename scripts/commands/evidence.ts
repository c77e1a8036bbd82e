import { stat } from 'node:fs/promises';
import type { Command } from 'commander';
import { readSettings, type Settings } from '../../server/config.js';
import { databaseFile, openDatabase } from '../../server/database/open-database.js';
import { pruneEvidence } from '../../server/evidence/prune-evidence.js';
import { surveyEvidence, type EvidenceSurvey } from '../../server/evidence/survey-evidence.js';
import {
  chooseRemovable,
  evidenceLimits,
  sumOf,
  type EvidenceLimits,
} from '../../server/evidence/which-to-remove.js';
import { megabytes, print, printJson } from '../output.js';

/** `gatehouse evidence`: what is kept of what attempts were graded on, how much it is, and what the limits are. */
export function addEvidenceCommand(program: Command): void {
  program
    .command('evidence')
    .description('say how much evidence of attempts is kept and what the limits are')
    .option('--prune', 'remove now what is beyond the limits, as the server does every hour')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      '\nLimits: GATEHOUSE_EVIDENCE_DAYS, GATEHOUSE_EVIDENCE_MEGABYTES. Results are never removed.',
    )
    .action(runEvidence);
}

async function runEvidence(
  { prune, json }: { prune?: boolean; json?: boolean },
  command: Command,
): Promise<void> {
  const { stateDir } = command.optsWithGlobals<{ stateDir?: string }>();
  const settings = readSettings(stateDir === undefined ? {} : { stateDir });
  const limits = evidenceLimits(settings);
  await using database = await openDatabase(settings.stateDir);
  const pruned = prune === true ? await pruneEvidence(database, { limits }) : undefined;
  const survey = await surveyEvidence(database.query);
  const status = { ...statusOf(survey, limits), databaseBytes: await sizeOf(settings) };
  if (json === true) {
    printJson({ ...status, limits, ...(pruned === undefined ? {} : { removed: pruned.removed }) });
    return;
  }
  if (pruned !== undefined) print(`removed      ${amount(pruned.removed)}`);
  for (const line of describe(status, limits)) print(line);
}

interface Amount {
  attempts: number;
  bytes: number;
}

interface Status {
  kept: Amount;
  alwaysKept: Amount;
  beyondLimits: Amount;
}

function statusOf(survey: EvidenceSurvey, limits: EvidenceLimits): Status {
  const { attempts, bytes, alwaysKept, others } = survey;
  const beyond = chooseRemovable(others, { limits, totalBytes: bytes, now: Date.now() });
  return {
    kept: { attempts, bytes },
    alwaysKept,
    beyondLimits: { attempts: beyond.length, bytes: sumOf(beyond) },
  };
}

function describe(
  { kept, alwaysKept, beyondLimits, databaseBytes }: Status & { databaseBytes: number },
  limits: EvidenceLimits,
): string[] {
  return [
    `kept         ${amount(kept)}; the limit is ${megabytes(limits.bytes)}`,
    `always kept  ${amount(alwaysKept)}: the best and the latest of each learner at each step`,
    `to remove    ${amount(beyondLimits)}: older than ${limits.days} days, or more than the limit`,
    `database     ${megabytes(databaseBytes)} on disk; room that evidence leaves there is used again`,
    ...(alwaysKept.bytes > limits.bytes
      ? [
          'What is always kept is more than the limit: raise GATEHOUSE_EVIDENCE_MEGABYTES, or mind the disk.',
        ]
      : []),
  ];
}

function amount({ attempts, bytes }: Amount): string {
  return `${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}, ${megabytes(bytes)}`;
}

async function sizeOf({ stateDir }: Settings): Promise<number> {
  return (await stat(databaseFile(stateDir))).size;
}
