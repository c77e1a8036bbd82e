import { Option, type Command } from 'commander';
import { GatehouseError } from '../../common/errors.js';
import type { LabResult } from '../../common/verdict.js';
import { gradeLab, type GradeMode } from '../../graders/grade-lab.js';
import { writeEvidenceFile } from '../../graders/evidence/evidence-file.js';
import { EvidenceRecorder } from '../../graders/evidence/recorder.js';
import {
  openEvidence,
  sealEvidence,
  withEvidence,
  type SealedEvidence,
} from '../../graders/evidence/seal.js';
import { signResult } from '../../graders/signing/sign-result.js';
import { openSigningKey } from '../../graders/signing/signing-key.js';
import { findLab, seededLab } from '../../labs/catalog.js';
import { DEFAULT_SEED } from '../../labs/lab-values.js';
import { CliFailure, exitCodeOf } from '../exit-codes.js';
import { createInterrupt } from '../interrupt.js';
import { createProgress, note } from '../output.js';
import { ofThisProcess, openCatalog, openProvider } from './context.js';
import { gradeByKubeconfig } from './grade-by-kubeconfig.js';
import { addReport, REPORT_HELP, reportTo, type Report } from './report.js';

interface GradeOptions {
  provider: string;
  solution?: boolean;
  wrong?: string;
  untouched?: boolean;
  submission?: string;
  kubeconfig?: string;
  seed?: string;
  reporter: Report[];
  output?: string;
  evidence?: string;
}

/** `gatehouse grade`: the graders of the page, headless, for a pipeline. */
export function addGradeCommand(program: Command): void {
  program
    .command('grade <lab>')
    .description('grade a lab without a browser: on a cluster made for it, or on one that exists')
    .option('--solution', 'the reference answer')
    .option('--wrong <name>', 'one of the named wrong answers')
    .option('--untouched', 'nothing done')
    .option(
      '--submission <folder>',
      'manifests (*.yaml, *.json) and commands.sh of a student, as in solution/',
    )
    .option('--kubeconfig <file>', 'a cluster that exists')
    .option('--seed <text>', "of a lab with values: whose, for example a student's number")
    .option('--provider <name>', 'embedded, kind or existing', 'embedded')
    .addOption(
      new Option('--reporter <name[=file]>', REPORT_HELP).argParser(addReport).default([], 'text'),
    )
    .option('--output <file>', 'where to write the result, instead of standard output')
    .option(
      '--evidence <file>',
      'keep what the verdicts rest on, for `gatehouse regrade` (.json.gz)',
    )
    .action(grade);
}

async function grade(name: string, options: GradeOptions, command: Command): Promise<void> {
  const mode = parseMode(options);
  const reports = parseReports(options);
  const catalog = await openCatalog();
  const lab = await seededLab(catalog, findLab(catalog, name), options.seed ?? DEFAULT_SEED);
  using interrupt = createInterrupt();
  const progress = createProgress(lab.id);
  const key = openSigningKey(ofThisProcess(command).stateDir);
  await using provider = openProvider(command, options.provider);
  const recorder = new EvidenceRecorder();
  const work = { lab, recorder, signal: interrupt.signal, onPhase: progress.onPhase };
  const graded =
    mode.type === 'kubeconfig'
      ? await gradeByKubeconfig({ ...work, ...ofThisProcess(command), provider, file: mode.file })
      : await gradeLab({ ...work, provider, mode, onComplaint, onLeft: note });
  const evidence =
    options.evidence === undefined ? undefined : await sealEvidence(recorder.evidence());
  const result = signResult(withEvidence(graded, evidence), key);
  progress.done(`${result.points.earned} of ${result.points.possible} points`);
  await reportTo(result, reports);
  if (options.evidence !== undefined) await keepEvidence(options.evidence, { result, evidence });
  const exitCode = exitCodeOf(result);
  if (exitCode !== 0) throw new CliFailure(exitCode);
}

/**
 * A manifest that was refused is no fault of the graders': its author reads why. No line begins with a student's words: CI
 * servers take some for commands.
 */
function onComplaint(what: string, lines: readonly string[]): void {
  note([`The commands of ${what} complained:`, ...lines.map((line) => `  | ${line}`)].join('\n'));
}

async function keepEvidence(
  file: string,
  { result, evidence }: { result: LabResult; evidence: SealedEvidence | undefined },
): Promise<void> {
  if (evidence === undefined) {
    note(`No evidence is written to ${file}: the cluster holds more objects than are kept`);
    return;
  }
  await writeEvidenceFile(file, { result, evidence: await openEvidence(evidence) });
  note(`Evidence written to ${file}`);
}

function parseMode(options: GradeOptions): GradeMode | { type: 'kubeconfig'; file: string } {
  const modes: (GradeMode | { type: 'kubeconfig'; file: string })[] = [];
  if (options.solution === true) modes.push({ type: 'solution' });
  if (options.untouched === true) modes.push({ type: 'untouched' });
  if (options.wrong !== undefined) modes.push({ type: 'wrong', name: options.wrong });
  if (options.submission !== undefined)
    modes.push({ type: 'submission', folder: options.submission });
  if (options.kubeconfig !== undefined)
    modes.push({ type: 'kubeconfig', file: options.kubeconfig });
  const [mode, ...rest] = modes;
  if (mode === undefined || rest.length > 0) {
    throw new GatehouseError('BAD_REQUEST', 'say exactly one thing to grade', {
      fix: 'One of --solution, --wrong NAME, --untouched, --submission FOLDER, --kubeconfig FILE.',
    });
  }
  return mode;
}

function parseReports({ reporter, output }: GradeOptions): Report[] {
  const [first = { name: 'text' as const }, ...others] = reporter;
  if (output === undefined) return [first, ...others];
  if (others.length > 0 || first.file !== undefined) {
    throw new GatehouseError('BAD_REQUEST', '--output goes with a single --reporter', {
      fix: 'Write --reporter NAME=FILE for each of several reports.',
    });
  }
  return [{ ...first, file: output }];
}
