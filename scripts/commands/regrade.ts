import { InvalidArgumentError, type Command } from 'commander';
import { GatehouseError, messageOf } from '../../common/errors.js';
import { regrade } from '../../graders/evidence/regrade.js';
import { signResult } from '../../graders/signing/sign-result.js';
import {
  openSigningKey,
  readPublicKey,
  type SigningKey,
} from '../../graders/signing/signing-key.js';
import { findLab, seededLab, type Catalog } from '../../labs/catalog.js';
import { DEFAULT_SEED } from '../../labs/lab-values.js';
import { openDatabase, type Database } from '../../server/database/open-database.js';
import { attemptsOf } from '../../server/progress/regrades.js';
import { CliFailure, EXIT } from '../exit-codes.js';
import { print } from '../output.js';
import { describeRegrade, isChanged } from '../regrade/describe.js';
import { attemptSource, fileSource, type GradedSource } from '../regrade/sources.js';
import { ofThisProcess, openCatalog } from './context.js';

interface RegradeOptions {
  attempt?: number[];
  lab?: string;
  evidence?: string[];
  key?: string;
  write?: boolean;
}

/** `gatehouse regrade`: judges stored evidence again, by the labs and the graders of today, without a cluster. */
export function addRegradeCommand(program: Command): void {
  program
    .command('regrade')
    .description(
      'judge stored attempts again by the labs and graders of today, and say what differs',
    )
    .option('--attempt <id...>', 'attempts of this installation', addAttempt)
    .option('--lab <lab>', 'all attempts of this installation at a lab')
    .option('--evidence <file...>', 'files that `gatehouse grade --evidence FILE` wrote')
    .option('--key <file>', 'the public key of the installation that graded; default: this one')
    .option('--write', 'store what differs, as new records beside the old ones')
    .addHelpText(
      'after',
      '\nExit codes: 0 as before, or written; 1 something differs; 2 wrong usage; 3 something could not be judged again.',
    )
    .action(runRegrade);
}

async function runRegrade(options: RegradeOptions, command: Command): Promise<void> {
  checkUsage(options);
  const { stateDir } = ofThisProcess(command);
  const catalog = await openCatalog();
  const signingKey = openSigningKey(stateDir);
  const key = options.key === undefined ? signingKey : readPublicKey(options.key);
  await using database = options.evidence === undefined ? await openDatabase(stateDir) : undefined;
  const sources =
    database === undefined
      ? (options.evidence ?? []).map((file) => fileSource(file, key))
      : (await attemptIds(database, { ...options, catalog })).map((id) =>
          attemptSource(database, key, id),
        );
  const count = { same: 0, changed: 0, left: 0 };
  for (const source of sources) {
    const write = options.write === true;
    count[await regradeOne(source, { catalog, signingKey, write })] += 1;
  }
  print(closingWords(count, options.write === true));
  if (count.left > 0) throw new CliFailure(EXIT.couldNotTell);
  if (count.changed > 0 && options.write !== true) throw new CliFailure(EXIT.notFullMarks);
}

function checkUsage({ attempt, lab, evidence }: RegradeOptions): void {
  if ([attempt, lab, evidence].filter((one) => one !== undefined).length === 1) return;
  throw new GatehouseError('BAD_REQUEST', 'say exactly one thing to judge again', {
    fix: 'One of --attempt ID..., --lab LAB, --evidence FILE...',
  });
}

async function attemptIds(
  database: Database,
  { attempt, lab, catalog }: RegradeOptions & { catalog: Catalog },
): Promise<readonly number[]> {
  if (lab === undefined) return attempt ?? [];
  return attemptsOf(database, findLab(catalog, lab).id);
}

/** What cannot be judged again is said, and keeps nothing else from being so. */
async function regradeOne(
  { title, load }: GradedSource,
  { catalog, signingKey, write }: { catalog: Catalog; signingKey: SigningKey; write: boolean },
): Promise<'same' | 'changed' | 'left'> {
  try {
    const { before, evidence, keep } = await load();
    // With the values that the learner had.
    const lab = await seededLab(catalog, findLab(catalog, before.lab), before.seed ?? DEFAULT_SEED);
    const result = await regrade({ lab, before, evidence });
    for (const line of describeRegrade(title, result)) print(line);
    if (!isChanged(result)) return 'same';
    if (write) print(`  ${await keep(signResult(result.after, signingKey))}`);
    return 'changed';
  } catch (error) {
    if (!(error instanceof GatehouseError)) throw error;
    print(`${title}: left as it is, ${messageOf(error)}. ${error.fix ?? ''}`.trim());
    return 'left';
  }
}

function closingWords(
  { same, changed, left }: { same: number; changed: number; left: number },
  isWritten: boolean,
): string {
  const counts = `${same + changed + left} judged again: ${changed} differ, ${same} as before, ${left} left as they are.`;
  return changed === 0 || isWritten ? counts : `${counts} Nothing is written; --write does.`;
}

function addAttempt(text: string, before: readonly number[] = []): number[] {
  const id = Number(text);
  if (Number.isSafeInteger(id) && id > 0) return [...before, id];
  throw new InvalidArgumentError('It must be the number of an attempt.');
}
