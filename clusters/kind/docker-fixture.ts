import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { SILENT } from '../../common/logger.js';
import { runCommand } from '../../system/run-command.js';
import { createTempFolder } from '../../system/temp-folder.js';
import { createContext, type KindContext } from './context.js';
import { Programs } from './programs.js';
import { KindSettings } from './settings.js';

export const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
export const WORKSTATION_IMAGE = 'gatehouse-test/workstation:1';

export interface DockerUnderTest extends AsyncDisposable {
  context: KindContext;
  /** As somebody else on this machine, past the provider. */
  docker: (args: readonly string[]) => ReturnType<typeof runCommand>;
  /** Each command that the context's programs ran. */
  commands: string[];
}

/** A context over a real Docker, and an image made of this machine's own bash and friends. */
export async function startDocker(environment: Record<string, string>): Promise<DockerUnderTest> {
  const folder = await createTempFolder('docker');
  const docker = (args: readonly string[]) =>
    runCommand('docker', args, { timeoutMs: 60_000, env: environment });
  await buildImage(path.join(folder.path, 'image'), environment);
  const programs = path.join(folder.path, 'bin');
  mkdirSync(programs);
  // Only kind's part is played: it has no nodes to delete.
  writeFileSync(path.join(programs, 'kind'), '#!/bin/sh\nexit 0\n', { mode: 0o755 });
  const commands: string[] = [];
  const context = createContext({
    stateDir: path.join(folder.path, 'state'),
    logger: SILENT,
    settings: KindSettings.parse({ image: WORKSTATION_IMAGE }),
    programs: new Programs({
      path: PATH,
      programPaths: [programs],
      environment,
      onCommand: (line) => commands.push(line),
    }),
  });
  return {
    context,
    docker,
    commands,
    async [Symbol.asyncDispose]() {
      await context[Symbol.asyncDispose]();
      await docker(['image', 'rm', '--force', WORKSTATION_IMAGE]);
      await folder[Symbol.asyncDispose]();
    },
  };
}

async function buildImage(root: string, env: Record<string, string>): Promise<void> {
  const script = `set -e
mkdir -p "$0"/{bin,usr/bin,etc,tmp,home,var/tmp,root,dev,proc,sys}
chmod 1777 "$0/tmp" "$0/var/tmp"
for p in bash sh sleep cat find tar timeout ls id whoami env rm mkdir touch chmod echo true; do
  f=$(command -v $p) || continue
  [ -x "$f" ] || continue
  cp -L "$f" "$0/bin/$p"
  for l in $(ldd "$f" 2>/dev/null | grep -o '/[^ )]*'); do mkdir -p "$0$(dirname "$l")"; cp -nL "$l" "$0$l"; done
done
cp -r "$0"/bin/. "$0"/usr/bin/
tar --create --directory "$0" . | docker import - ${WORKSTATION_IMAGE} >/dev/null`;
  const made = await runCommand('bash', ['-c', script, root], { env });
  if (made.exitCode !== 0) throw new Error(made.stderr);
}
