import { cpus } from 'node:os';
import path from 'node:path';
import type { Command } from 'commander';
import type { LabTestReport } from '../../graders/lab-test.js';
import { testLabs, wasTried } from '../../graders/test-labs.js';
import { findLab, seededLab, type Catalog, type Lab } from '../../labs/catalog.js';
import { lintCatalog } from '../../labs/lint.js';
import { scaffoldLab } from '../../labs/scaffold.js';
import { findProjectRoot } from '../../system/project-root.js';
import { parseCount } from '../arguments.js';
import { onStderr, onStdout } from '../colours.js';
import { CliFailure, EXIT } from '../exit-codes.js';
import { createInterrupt } from '../interrupt.js';
import { duration, note, print, printJson, printTable } from '../output.js';
import { openCatalog, openProvider } from './context.js';

/** `gatehouse lab …`: what a teacher needs to write labs and to trust their graders. */
export function addLabCommands(program: Command): void {
  const lab = program.command('lab').description('list, check, prove and start labs');

  lab
    .command('list')
    .description('the labs there are')
    .option('--json', 'as JSON')
    .action(async (options: { json?: boolean }) => {
      const catalog = await openCatalog();
      const rows = catalog.labs.map(({ id, definition }) => ({
        id,
        title: definition.title,
        minutes: definition.minutes,
        steps: definition.steps.length,
        points: pointsOf(definition),
      }));
      if (options.json === true) printJson(rows);
      else {
        printTable(
          ['LAB', 'MINUTES', 'STEPS', 'POINTS', 'TITLE'],
          rows.map((row) => [
            row.id,
            String(row.minutes),
            String(row.steps),
            String(row.points),
            row.title,
          ]),
          'No labs. Make one: scripts/gatehouse lab new CHAPTER/NN-NAME',
        );
      }
      sayProblems(catalog);
    });

  lab
    .command('lint [labs...]')
    .description('explain mistakes in labs, with file and line')
    .option('--json', 'as JSON')
    .action(async (names: string[], options: { json?: boolean }) => {
      const catalog = await openCatalog();
      const problems = await lintCatalog(catalog, names);
      if (options.json === true) printJson(problems);
      else if (problems.length === 0) print('No mistakes found.');
      else for (const problem of problems) print(describeProblem(problem));
      if (problems.length > 0) throw new CliFailure();
    });

  lab
    .command('test [labs...]')
    .description(
      'prove the graders: untouched scores 0, the solution 100 %, each wrong answer fails as intended',
    )
    .option('--provider <name>', 'embedded, kind or existing', 'embedded')
    .option('--mutants', 'also generate wrong answers from each solution: every one must fail')
    .option('--seeds <n>', 'of labs with values: how many sets of them', parseCount, 3)
    .option('--jobs <n>', 'labs at the same time', parseCount, cpus().length)
    .option('--json', 'as JSON')
    .action(runLabTests);

  lab
    .command('new <path>')
    .description(
      'start a lab: a folder that already passes lint, for example 05-networking/17-my-lab',
    )
    .action(async (target: string) => {
      const files = await scaffoldLab(path.join(findProjectRoot(), 'labs'), target);
      for (const file of files) note(`created ${file}`);
      note(`Next: edit lab.yaml, then scripts/gatehouse lab test ${target}`);
    });
}

async function runLabTests(
  names: string[],
  options: { provider: string; jobs: number; seeds: number; mutants?: boolean; json?: boolean },
  command: Command,
): Promise<void> {
  const catalog = await openCatalog();
  const asked = names.length === 0 ? catalog.labs : names.map((name) => findLab(catalog, name));
  const labs = await withSeeds(catalog, asked, options.seeds);
  using interrupt = createInterrupt();
  await using provider = openProvider(command, options.provider);
  const startedAt = performance.now();
  const reports = await testLabs({
    labs,
    provider,
    jobs: options.jobs,
    signal: interrupt.signal,
    mutants: options.mutants === true,
    onLeft: note,
    onReport: (report) => {
      if (options.json !== true) printReport(report);
    },
  });
  if (options.json === true) printJson(reports);
  else {
    sayProblems(catalog);
    print(`${countsOf(reports)}, in ${duration(performance.now() - startedAt)}`);
  }
  if (!reports.some(wasTried)) throw new CliFailure(EXIT.wrongUsage);
  if (reports.some((report) => !report.passed) || catalog.problems.length > 0)
    throw new CliFailure();
}

/** Labs with values once for each of so many seeds, the others once. */
async function withSeeds(
  catalog: Catalog,
  labs: readonly Lab[],
  count: number,
): Promise<readonly Lab[]> {
  const more = Array.from({ length: count - 1 }, (_, i) => `seed-${i + 2}`);
  const all = labs.map(async (lab) => {
    const seeds = lab.drawn === undefined ? [] : more;
    return [lab, ...(await Promise.all(seeds.map((seed) => seededLab(catalog, lab, seed))))];
  });
  return (await Promise.all(all)).flat();
}

function countsOf(reports: readonly LabTestReport[]): string {
  const failed = reports.filter((report) => !report.passed).length;
  const skipped = reports.filter((report) => !wasTried(report)).length;
  const counts = `${reports.length - failed - skipped} passed, ${failed} failed`;
  return skipped === 0 ? counts : `${counts}, ${skipped} not offered here`;
}

function printReport(report: LabTestReport): void {
  const lines = report.cases.map(({ name, passed, detail, skipped, tookMs }) => {
    if (skipped !== undefined) return `  ${onStdout.yellow('skip')} ${name}: ${skipped}`;
    const mark = passed ? onStdout.green('ok  ') : onStdout.red('FAIL');
    return `  ${mark} ${name} (${duration(tookMs)})${detail === '' ? '' : `: ${detail}`}`;
  });
  const { mutation } = report;
  if (mutation !== undefined) {
    const { made, equivalent, killed, refused, killedWithoutIntent, survivors } = mutation;
    lines.push(
      `       ${made} mutants: ${equivalent} mean the same, ${refused === 0 ? '' : `${refused} are refused by the server, `}${killed} failed as they should (${killedWithoutIntent} of them without a comparison by meaning), ${survivors.length} survived`,
    );
  }
  const seed = report.seed === undefined ? '' : ` with the values of seed "${report.seed}"`;
  print([`${onStdout.bold(report.lab)}${seed}`, ...lines].join('\n'));
}

function sayProblems(catalog: Catalog): void {
  for (const problem of catalog.problems) note(onStderr.yellow(describeProblem(problem)));
}

function describeProblem({
  file,
  line,
  column,
  message,
  fix,
}: Catalog['problems'][number]): string {
  return `${file}:${line}:${column}: ${message}
  Fix: ${fix}`;
}

function pointsOf(definition: Lab['definition']): number {
  return definition.steps
    .flatMap((step) => step.checks)
    .reduce((sum, check) => sum + check.points, 0);
}
