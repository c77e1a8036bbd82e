import type { Command } from 'commander';
import { clusterSpecOf } from '../../graders/grade-lab.js';
import { onStdout } from '../colours.js';
import { CliFailure } from '../exit-codes.js';
import { print, printJson } from '../output.js';
import { openCatalog, openProvider } from './context.js';

const MARKS = {
  ok: onStdout.green('ok     '),
  warning: onStdout.yellow('warning'),
  missing: onStdout.red('missing'),
} as const;

/** `gatehouse doctor`: tries what the provider needs of this machine and says what to run where it is missing. */
export function addDoctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('try everything this machine must offer, and say what to do where it does not')
    .option('--provider <name>', 'embedded, kind or existing', 'embedded')
    .option('--json', 'as JSON')
    .action(async (options: { provider: string; json?: boolean }, command: Command) => {
      await using provider = openProvider(command, options.provider);
      const { labs } = await openCatalog();
      const checks = await provider.doctor(
        labs.map((lab) => clusterSpecOf(lab, { name: lab.slug })),
      );
      if (options.json === true) printJson(checks);
      else {
        for (const check of checks) {
          print(`${MARKS[check.status]}  ${check.title}: ${check.detail}`);
          if (check.fix !== undefined) print(`         Fix: ${check.fix}`);
        }
      }
      if (checks.some((check) => check.status === 'missing')) throw new CliFailure();
    });
}
