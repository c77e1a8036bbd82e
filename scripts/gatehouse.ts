import { Command, CommanderError } from 'commander';
import { VERSION } from '../common/project.js';
import { addClusterCommands } from './commands/cluster.js';
import { addDoctorCommand } from './commands/doctor.js';
import { addEvidenceCommand } from './commands/evidence.js';
import { addGradeCommand } from './commands/grade.js';
import { addLabCommands } from './commands/lab.js';
import { addLinkCommand } from './commands/link.js';
import { addPolicyCommands } from './commands/policy.js';
import { addRegradeCommand } from './commands/regrade.js';
import { addUpCommand } from './commands/up.js';
import { addVerifyCommand } from './commands/verify.js';
import { CliFailure, exitCodeOfError } from './exit-codes.js';
import { addKindCommands } from './kind/commands.js';
import { printError } from './output.js';

/** The `gatehouse` command: wires the sub-commands, and turns what they throw into words and an exit code. */
async function main(): Promise<void> {
  const program = new Command('gatehouse')
    .description('Hands-on Kubernetes network-security labs with graders that send real packets.')
    .version(VERSION)
    .option('--verbose', 'say more when something goes wrong')
    .option('--state-dir <folder>', 'where clusters and results live')
    .showSuggestionAfterError()
    .showHelpAfterError('(--help lists what there is)')
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .addHelpText(
      'after',
      '\nExit codes: 0 full marks or done, 1 not full marks, 2 wrong usage, 3 could not tell, 130 interrupted.',
    );
  addUpCommand(program);
  addLinkCommand(program);
  addLabCommands(program);
  addGradeCommand(program);
  addVerifyCommand(program);
  addRegradeCommand(program);
  addEvidenceCommand(program);
  addClusterCommands(program);
  addPolicyCommands(program);
  addDoctorCommand(program);
  addKindCommands(program);
  try {
    await program.parseAsync();
  } catch (error) {
    process.exitCode = exitCodeOfError(error);
    const hasBeenSaid = error instanceof CommanderError || error instanceof CliFailure;
    if (!hasBeenSaid) {
      printError(error, { verbose: program.opts<{ verbose?: boolean }>().verbose === true });
    }
  }
}

await main();
