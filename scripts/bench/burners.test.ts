import { runCommand } from '../../system/run-command.js';
import { burnerCommand } from './burners.js';

test('a burner dies with the process that started it, even where that one is killed', async () => {
  const { file, args } = burnerCommand('PARENT');
  const words = [file, ...args].map((word) => (word === 'PARENT' ? '$$' : `'${word}'`));
  const script = `${words.join(' ')} & sleep 0.2; kill -KILL $$`;
  // The burner holds the output too: the command has ended when both are gone.
  const { exitCode, timedOut } = await runCommand('sh', ['-c', script], { timeoutMs: 4000 });
  expect({ exitCode, timedOut }).toEqual({ exitCode: 128 + 9, timedOut: false });
});
