import { isProcessAlive } from './start-process.js';
import { openTerminal, type TerminalProcess } from './terminal.js';

interface Shell extends AsyncDisposable {
  terminal: TerminalProcess;
  text(): string;
  exit: Promise<{ exitCode: number; signal: number | undefined }>;
}

function openShell(script: string): Shell {
  let text = '';
  let tell: (exit: Awaited<Shell['exit']>) => void = () => undefined;
  const exit = new Promise<Awaited<Shell['exit']>>((resolve) => {
    tell = resolve;
  });
  const terminal = openTerminal({
    file: '/bin/bash',
    args: ['--norc', '-c', script],
    env: { PATH: '/usr/bin:/bin' },
    cols: 100,
    rows: 30,
    onData: (bytes) => (text += bytes.toString()),
    onExit: tell,
  });
  return {
    terminal,
    text: () => text,
    exit,
    [Symbol.asyncDispose]: () => terminal[Symbol.asyncDispose](),
  };
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 200 && !condition(); i += 1)
    await new Promise((done) => setTimeout(done, 25));
  expect(condition()).toBe(true);
}

test('a program has a terminal of the asked size, and learns of a new one', async () => {
  await using shell = openShell('stty size; read; stty size');
  await until(() => shell.text().includes('30 100'));
  shell.terminal.resize(80, 24);
  shell.terminal.write('\n');
  await until(() => shell.text().includes('24 80'));
  expect(await shell.exit).toEqual({ exitCode: 0, signal: undefined });
});

test('a paused terminal delivers nothing, and a resumed one goes on', async () => {
  await using shell = openShell('read; echo one; read; echo two; sleep 0.2');
  shell.terminal.write('\n');
  await until(() => shell.text().includes('one'));
  shell.terminal.pause();
  shell.terminal.write('\n');
  await new Promise((done) => setTimeout(done, 100));
  expect(shell.text()).not.toContain('two');
  shell.terminal.resume();
  await until(() => shell.text().includes('two'));
});

test('disposal ends a program that ignores the hang-up, also while paused', async () => {
  const shell = openShell("trap '' HUP; echo ready; while :; do sleep 0.1; done");
  await until(() => shell.text().includes('ready'));
  shell.terminal.pause();
  await shell.terminal[Symbol.asyncDispose]();
  expect(isProcessAlive(shell.terminal.pid)).toBe(false);
});

test('a program that does not exist shows as an exit', async () => {
  let exitCode = 0;
  await using _terminal = openTerminal({
    file: '/no/such/program',
    args: [],
    env: {},
    cols: 80,
    rows: 24,
    onData: () => undefined,
    onExit: (exit) => (exitCode = exit.exitCode),
  });
  await until(() => exitCode !== 0);
});
