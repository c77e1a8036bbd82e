import type { Command } from 'commander';
import type { ClusterProvider } from '../../clusters/provider.js';
import { GatehouseError } from '../../common/errors.js';
import { onStderr, onStdout } from '../colours.js';
import { createInterrupt } from '../interrupt.js';
import { note, print } from '../output.js';
import { parsePort } from '../arguments.js';
import { openProvider } from './context.js';

interface UpOptions {
  port?: string;
  host?: string;
  provider?: string;
  stateDir?: string;
}

/** `gatehouse up`: the whole product, until Ctrl+C. */
export function addUpCommand(program: Command): void {
  program
    .command('up')
    .description('start the product and print a one-time sign-in link')
    .option('--port <n>', 'where to listen (default 8080)', parsePort)
    .option('--host <address>', 'on which address (default 127.0.0.1)')
    .option('--provider <name>', 'embedded, kind or existing (default embedded)')
    .addHelpText('after', '\nEvery other setting is a variable of the environment: docs/class.md.')
    .action(async (_: unknown, command: Command) => {
      await up(command);
    });
}

async function up(command: Command): Promise<void> {
  const options = command.optsWithGlobals<UpOptions>();
  // Loaded here, so that the other commands start without the server's weight.
  const [{ readSettings }, { startServer }] = await Promise.all([
    import('../../server/config.js'),
    import('../../server/main.js'),
  ]);
  using interrupt = createInterrupt();
  const settings = readSettings({
    ...(options.port === undefined ? {} : { port: options.port }),
    ...(options.host === undefined ? {} : { host: options.host }),
    ...(options.provider === undefined ? {} : { provider: options.provider }),
    ...(options.stateDir === undefined ? {} : { stateDir: options.stateDir }),
  });
  await using server = await startServer(settings);
  print(`Gatehouse is up at ${server.url}`);
  print(`Sign in once with this link (it works one time): ${onStdout.bold(server.signInLink)}`);
  print(
    'Press Ctrl+C to stop. Clusters go on until they are idle; learners find their work again.',
  );
  void warnIfMachineIsNotReady(() => openProvider(command, settings.provider));
  await new Promise<void>((resolve) => {
    if (interrupt.signal.aborted) resolve();
    interrupt.signal.addEventListener('abort', () => {
      resolve();
    });
  });
  note('Stopped.');
}

/** Says at start what would otherwise be met by the first learner; the pages work all the same. */
async function warnIfMachineIsNotReady(open: () => ClusterProvider): Promise<void> {
  try {
    await using provider = open();
    const missing = (await provider.doctor()).filter((check) => check.status === 'missing');
    for (const check of missing) {
      note(
        `${onStderr.red('This machine cannot run clusters yet:')} ${check.title}: ${check.detail}`,
      );
      if (check.fix !== undefined) note(`Fix: ${check.fix}`);
    }
  } catch (error) {
    if (!(error instanceof GatehouseError)) throw error;
    note(`${onStderr.red('gatehouse:')} ${error.message}`);
    if (error.fix !== undefined) note(`Fix: ${error.fix}`);
  }
}
