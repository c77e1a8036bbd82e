import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SILENT, type Logger } from '../../common/logger.js';
import { findProjectRoot } from '../../system/project-root.js';
import { runCommand } from '../../system/run-command.js';
import { createTempFolder } from '../../system/temp-folder.js';
import type { ProviderUnderTest } from '../provider.contract.js';
import { createContext, type KindContext } from './context.js';
import { Programs } from './programs.js';
import { createKindProvider, type KindProvider, type KindProviderOptions } from './provider.js';
import { KindSettings } from './settings.js';

/** For tests: the provider over stand-ins for kind and docker, with a place of its own. */
export interface KindUnderTest extends ProviderUnderTest {
  provider: KindProvider;
  /** What the provider's own parts work with, over the same place. */
  context: KindContext;
  stateDir: string;
  standIns: string;
  /** Each command that was run, as it could be pasted. */
  commands: string[];
  /** What was warned of. */
  warnings: string[];
  /** `daemon-down`, `disk-full`, `create-fails`, `slow`, or fair again. */
  setWeather(weather: string): void;
}

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export async function createKindUnderTest(
  more: Partial<KindProviderOptions> & { own?: Record<string, unknown> } = {},
): Promise<KindUnderTest> {
  const folder = await createTempFolder('kind');
  // Embedded clusters behind the stand-ins run as users of their own.
  chmodSync(folder.path, 0o711);
  const [stateDir, standIns] = [path.join(folder.path, 'state'), path.join(folder.path, 'standin')];
  mkdirSync(standIns, { recursive: true, mode: 0o711 });
  const programs = path.join(findProjectRoot(), 'test/fixtures/kind-programs');
  const root = findProjectRoot();
  const commands: string[] = [];
  const warnings: string[] = [];
  const logger: Logger = {
    ...SILENT,
    warn: (message, fields) => warnings.push(`${message} ${JSON.stringify(fields)}`),
  };
  const made: KindProvider[] = [];
  const access = {
    path: PATH,
    programPaths: [programs, path.dirname(process.execPath)],
    environment: { STANDIN_DIR: standIns },
  };
  const { own, ...options } = more;
  const settings = KindSettings.parse({
    image: 'stand-in/node:v1.32.0',
    plugins: {
      calico: { file: path.join(root, 'labs/05-networking/07-deploy-calico/files/calico.yaml') },
    },
    ...own,
  });
  const open = (): KindProvider => {
    const provider = createKindProvider({
      stateDir,
      ...access,
      settings,
      logger,
      onCommand: (line) => commands.push(line),
      ...options,
    });
    made.push(provider);
    return provider;
  };
  const embedded = (args: readonly string[]) =>
    runCommand(process.execPath, [
      path.join(root, 'dist/gatehouse.js'),
      ...['--state-dir', path.join(standIns, 'embedded'), ...args],
    ]);
  const context = createContext({ stateDir, settings, logger, programs: new Programs(access) });
  return {
    context,
    stateDir,
    standIns,
    commands,
    warnings,
    provider: open(),
    another: open,
    setWeather: (weather) => {
      writeFileSync(path.join(standIns, 'weather'), weather);
    },
    leftovers: async (except = []) => {
      const isKnown = (name: string): boolean =>
        except.some((known) => name === known || name.startsWith(`gh-${known}`));
      const list = await embedded(['cluster', 'list', '--json']);
      const clusters = list.stdout.match(/(?<="name": ")[^"]+/g) ?? [];
      return [
        ...clusters.filter((name) => !isKnown(name)).map((name) => `embedded ${name}`),
        ...namesIn(path.join(standIns, 'containers')).filter((name) => !isKnown(name)),
        ...namesIn(path.join(standIns, 'networks')).filter((name) => !isKnown(name)),
        ...namesIn(path.join(stateDir, 'kind')).filter(
          (name) => !isKnown(name) && !name.includes('.'),
        ),
      ];
    },
    async [Symbol.asyncDispose]() {
      for (const provider of made) await provider[Symbol.asyncDispose]();
      await context[Symbol.asyncDispose]();
      await endHost(path.join(standIns, 'embedded'), embedded);
      await folder[Symbol.asyncDispose]();
    },
  };
}

function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

async function endHost(
  stateDir: string,
  embedded: (args: readonly string[]) => Promise<{ stdout: string }>,
): Promise<void> {
  if (!existsSync(stateDir)) return;
  const { stdout } = await embedded(['cluster', 'list', '--json']);
  for (const name of stdout.match(/(?<="name": ")[^"]+/g) ?? []) {
    await embedded(['cluster', 'delete', name]);
  }
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && isHost(name, stateDir));
  for (const pid of pids) process.kill(Number(pid), 'SIGTERM');
  while (pids.some((pid) => isHost(pid, stateDir))) await sleep(10);
}

function isHost(pid: string, stateDir: string): boolean {
  try {
    const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return line.includes('host.js') && line.includes(`${stateDir}"`);
  } catch {
    return false;
  }
}
