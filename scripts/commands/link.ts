import type { Command } from 'commander';
import { parsePort } from '../arguments.js';
import { print } from '../output.js';

/** `gatehouse link`: another one-time sign-in link for the owner, also while the server runs. */
export function addLinkCommand(program: Command): void {
  program
    .command('link')
    .description('print a new one-time sign-in link for the owner of this installation')
    .option('--port <n>', 'where the server listens (default 8080)', parsePort)
    .option('--host <address>', 'on which address (default 127.0.0.1)')
    .action(async (_: unknown, command: Command) => {
      const { port, host, stateDir } =
        command.optsWithGlobals<Record<string, string | undefined>>();
      const [{ readSettings }, { createOwnerLink }] = await Promise.all([
        import('../../server/config.js'),
        import('../../server/main.js'),
      ]);
      const settings = readSettings({
        ...(port === undefined ? {} : { port }),
        ...(host === undefined ? {} : { host }),
        ...(stateDir === undefined ? {} : { stateDir }),
      });
      print(await createOwnerLink(settings));
    });
}
