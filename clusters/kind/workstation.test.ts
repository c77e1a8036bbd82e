import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { SILENT } from '../../common/logger.js';
import { runCommand } from '../../system/run-command.js';
import { createTempFolder } from '../../system/temp-folder.js';
import { tarOf } from '../client/tar.js';
import { createContext } from './context.js';
import { Programs } from './programs.js';
import { KindSettings } from './settings.js';
import { containerArgs, homeEntries } from './workstation.js';

test('the workstation has no rights, nothing of this machine, and files of the learner’s', async () => {
  const context = createContext({
    stateDir: '/nowhere',
    logger: SILENT,
    settings: KindSettings.parse({}),
    programs: new Programs({ path: '' }),
  });
  const args = containerArgs(context, { name: 'w', network: 'n', image: 'x', labels: {} }).join(
    ' ',
  );
  for (const flag of [
    '--cap-drop ALL',
    'no-new-privileges',
    '--pids-limit',
    '--memory',
    '--user 1000:1000',
  ]) {
    expect(args).toContain(flag);
  }
  expect(args).not.toMatch(/--volume|--mount|-v |--privileged|docker\.sock|--publish/);
  await using folder = await createTempFolder('tar');
  const long = `${'a'.repeat(60)}/${'b'.repeat(60)}/notes.txt`;
  const entries = homeEntries({ kubeconfig: 'secret', files: [{ path: long, text: 'hällo\n' }] });
  const listed = await runCommand(
    'tar',
    ['--list', '--verbose', '--numeric-owner', '--file', '-'],
    { input: tarOf(entries) },
  );
  expect(listed.exitCode).toBe(0);
  expect(listed.stdout).toMatch(/-rw------- 1000\/1000 .*home\/learner\/\.kube\/config/);
  expect(listed.stdout).toContain(long);
  mkdirSync(path.join(folder.path, 'x'));
  expect(() =>
    homeEntries({ kubeconfig: '', files: [{ path: '../../etc/shadow', text: '' }] }),
  ).toThrow(/not a path inside/);
});
