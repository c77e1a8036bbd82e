import { writeFile } from 'node:fs/promises';
import { Option, type Command } from 'commander';
import { GatehouseError } from '../../common/errors.js';
import type { LabResult } from '../../common/verdict.js';
import { gradeLab, type GradeMode } from '../../graders/grade-lab.js';
import { REPORTERS, type ReporterName } from '../../graders/reporters/index.js';
import { findLab } from '../../labs/catalog.js';
import { CliFailure, exitCodeOf } from '../exit-codes.js';
import { createInterrupt } from '../interrupt.js';
import { createProgress, note, print } from '../output.js';
import { openCatalog, openProvider } from './context.js';
import { gradeByKubeconfig } from './grade-by-kubeconfig.js';

interface GradeOptions {
  provider: string;
  solution?: boolean;
  wrong?: string;
  untouched?: boolean;
  submission?: string;
  kubeconfig?: string;
  reporter: ReporterName;
  output?: string;
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
      'manifests (*.yaml) and commands.sh of a student, as in solution/',
    )
    .option('--kubeconfig <file>', 'a cluster that exists')
    .option('--provider <name>', 'embedded, kind or existing', 'embedded')
    .addOption(
      new Option('--reporter <name>', 'how to print the result')
        .choices(Object.keys(REPORTERS))
        .default('text'),
    )
    .option('--output <file>', 'where to write it, instead of standard output')
    .action(grade);
}

async function grade(name: string, options: GradeOptions, command: Command): Promise<void> {
  const mode = parseMode(options);
  const lab = findLab(await openCatalog(), name);
  using interrupt = createInterrupt();
  const progress = createProgress(lab.id);
  await using provider = openProvider(command, options.provider);
  const work = { lab, signal: interrupt.signal, onPhase: progress.onPhase };
  const result =
    mode.type === 'kubeconfig'
      ? await gradeByKubeconfig({ ...work, provider, file: mode.file })
      : await gradeLab({ ...work, provider, mode });
  progress.done(`${result.points.earned} of ${result.points.possible} points`);
  await report(result, options);
  const exitCode = exitCodeOf(result);
  if (exitCode !== 0) throw new CliFailure(exitCode);
}

async function report(result: LabResult, options: GradeOptions): Promise<void> {
  const colours = options.output === undefined && process.stdout.isTTY;
  const text = REPORTERS[options.reporter](result, { colours });
  if (options.output === undefined) {
    print(text.trimEnd());
    return;
  }
  await writeFile(options.output, text);
  note(`Written to ${options.output}`);
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
