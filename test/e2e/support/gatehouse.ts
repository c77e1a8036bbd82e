import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { createProvider } from '../../../clusters/index.js';
import { lockHolder } from '../../../system/lock-file.js';
import { findProjectRoot } from '../../../system/project-root.js';
import { isProcessAlive, startDetached } from '../../../system/start-process.js';
import { createTempFolder } from '../../../system/temp-folder.js';

export interface Gatehouse {
  url: string;
  /** Works once. */
  signInLink: string;
  stateDir: string;
  /** Ends the server as a person would, and starts it again on the same port. */
  restart(): Promise<void>;
  /** Ends the server, every cluster, and the cluster host; removes the state folder. */
  stop(): Promise<void>;
}

/** The product as it is delivered: `scripts/gatehouse up`, in a state folder of its own. */
export async function startGatehouse(settings: Record<string, string> = {}): Promise<Gatehouse> {
  const folder = await createTempFolder('e2e');
  const up = await start(folder.path, { port: '0', settings });
  let { pid } = up;
  return {
    url: up.url,
    signInLink: up.signInLink,
    stateDir: folder.path,
    async restart() {
      await end(pid);
      ({ pid } = await start(folder.path, { port: new URL(up.url).port, settings }));
    },
    async stop() {
      try {
        await end(pid);
      } finally {
        await endClusters(folder.path);
        await folder[Symbol.asyncDispose]();
      }
    },
  };
}

async function start(
  stateDir: string,
  { port, settings }: { port: string; settings: Record<string, string> },
): Promise<{ pid: number; url: string; signInLink: string }> {
  const outputFile = path.join(stateDir, 'up.txt');
  const pid = await startDetached(
    process.execPath,
    ['scripts/gatehouse', '--state-dir', stateDir, 'up', '--port', port],
    {
      cwd: findProjectRoot(),
      env: {
        PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
        HOME: stateDir,
        ...settings,
      },
      outputFile,
    },
  );
  const before = (await readFile(outputFile, 'utf8').catch(() => '')).length;
  for (let tries = 0; tries < 600; tries += 1) {
    const text = (await readFile(outputFile, 'utf8').catch(() => '')).slice(
      tries === 0 ? before : 0,
    );
    const links = [...text.matchAll(/(http:\S+)\/sign-in\?token=[\w-]+/g)];
    const last = links.at(-1);
    if (last?.[1] !== undefined && links.length > countStarts(stateDir)) {
      starts.set(stateDir, links.length);
      return { pid, url: last[1], signInLink: last[0] };
    }
    if (!isProcessAlive(pid)) throw new Error(`the server ended: ${text}`);
    await pause(100);
  }
  throw new Error('the server did not start within a minute');
}

const starts = new Map<string, number>();
const countStarts = (stateDir: string): number => starts.get(stateDir) ?? 0;

async function end(pid: number): Promise<void> {
  if (!isProcessAlive(pid)) return;
  process.kill(pid, 'SIGTERM');
  for (let tries = 0; tries < 200 && isProcessAlive(pid); tries += 1) await pause(50);
  if (isProcessAlive(pid)) {
    process.kill(pid, 'SIGKILL');
    throw new Error('the server did not end within 10 s of being asked');
  }
}

async function endClusters(stateDir: string): Promise<void> {
  const provider = createProvider('embedded', {
    stateDir,
    distDir: path.join(findProjectRoot(), 'dist'),
  });
  for (const { name } of await provider.list()) {
    await (await provider.open(name))[Symbol.asyncDispose]();
  }
  await provider[Symbol.asyncDispose]();
  const host = lockHolder(path.join(stateDir, 'host', 'host.lock'));
  if (host !== undefined) await end(host);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
