import type { TerminalToPage } from '../../common/terminal-messages.js';
import { FairShare } from './fair-share.js';
import { MOST_VIEWERS, Terminal, type Attachment } from './terminal.js';

interface Page {
  text(): string;
  bytes(): number;
  messages: TerminalToPage[];
  attachment: Attachment;
}

function openPage(terminal: Terminal, { draws = true } = {}): Page {
  let output = Buffer.alloc(0);
  let total = 0;
  const messages: TerminalToPage[] = [];
  const attachment: Attachment = terminal.attach({
    output: (bytes) => {
      total += bytes.length;
      output = Buffer.concat([output, bytes]).subarray(-100_000);
      if (draws)
        setImmediate(() => {
          attachment.acknowledge(bytes.length);
        });
    },
    tell: (message) => messages.push(message),
    end: () => undefined,
  });
  return { text: () => output.toString(), bytes: () => total, messages, attachment };
}

function createTerminal(): Terminal {
  return new Terminal({
    id: 'one',
    title: 'Shell 1',
    openShell: () =>
      Promise.resolve({
        file: '/bin/bash',
        args: ['--norc', '--noprofile', '-i'],
        env: { PATH: '/usr/bin:/bin', PS1: '$ ', HISTFILE: '' },
      }),
    fairShare: new FairShare(),
    onInput: () => undefined,
    onStateChange: () => undefined,
    onEnd: () => undefined,
  });
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 400 && !condition(); i += 1)
    await new Promise((done) => setTimeout(done, 25));
  expect(condition()).toBe(true);
}

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

test('a page that comes back sees the same shell with its past', async () => {
  await using terminal = createTerminal();
  await terminal.start();
  const first = openPage(terminal);
  first.attachment.input('colour=green; echo seen-$((40+2))\n');
  await until(() => first.text().includes('seen-42'));
  first.attachment[Symbol.dispose]();
  const second = openPage(terminal);
  expect(second.messages[0]).toMatchObject({ type: 'replay' });
  expect(second.text()).toContain('seen-42');
  second.attachment.input('echo still-$colour\n');
  await until(() => second.text().includes('still-green'));
});

test('a flood stops at the page that does not draw, and goes on when it does', async () => {
  await using terminal = createTerminal();
  await terminal.start();
  const page = openPage(terminal, { draws: false });
  page.attachment.input('yes\n');
  await until(() => page.bytes() > 256 * 1024);
  await pause(200);
  const stopped = page.bytes();
  expect(stopped).toBeLessThan(600 * 1024);
  await pause(200);
  expect(page.bytes()).toBe(stopped);
  page.attachment.acknowledge(stopped);
  await until(() => page.bytes() > stopped);
});

test('a page that fell behind gets the whole picture again once it has caught up', async () => {
  await using terminal = createTerminal();
  await terminal.start();
  const slow = openPage(terminal, { draws: false });
  const fast = openPage(terminal);
  fast.attachment.input(
    'head -c 3000000 /dev/zero | tr "\\\\0" "y" | fold; echo the-$((1+1))-end\n',
  );
  await until(() => fast.text().includes('the-2-end'));
  expect(slow.text()).not.toContain('the-2-end');
  slow.attachment.acknowledge(slow.bytes());
  await until(() => slow.text().includes('the-2-end'));
  expect(slow.messages.filter(({ type }) => type === 'replay')).toHaveLength(2);
});

test('a flood that nobody sees stays small and slow', async () => {
  await using terminal = createTerminal();
  await terminal.start();
  const page = openPage(terminal);
  page.attachment.input('yes\n');
  await until(() => page.bytes() > 10_000);
  page.attachment[Symbol.dispose]();
  const before = process.memoryUsage().rss;
  await pause(500);
  expect(process.memoryUsage().rss - before).toBeLessThan(30e6);
});

test('an ended shell tells its exit code, and a new one takes its place when asked', async () => {
  await using terminal = createTerminal();
  await terminal.start();
  const page = openPage(terminal);
  page.attachment.input('exit 7\n');
  await until(() => terminal.state === 'ended');
  expect(page.messages.at(-1)).toEqual({ type: 'state', state: 'ended', exitCode: 7 });
  page.attachment.restart();
  await until(() => terminal.state === 'running');
  page.attachment.input('echo again-$((1+1))\n');
  await until(() => page.text().includes('again-2'));
});

test('only the page that was used last answers for the terminal', async () => {
  await using terminal = createTerminal();
  await terminal.start();
  const first = openPage(terminal);
  const second = openPage(terminal);
  const last = (page: Page) => page.messages.filter(({ type }) => type === 'primary').at(-1);
  expect(last(first)).toEqual({ type: 'primary', primary: false });
  expect(last(second)).toEqual({ type: 'primary', primary: true });
  first.attachment.input('x');
  expect(last(first)).toEqual({ type: 'primary', primary: true });
  expect(last(second)).toEqual({ type: 'primary', primary: false });
});

test('a size given by one page reaches the program and the other pages', async () => {
  await using terminal = createTerminal();
  await terminal.start();
  const first = openPage(terminal);
  const second = openPage(terminal);
  first.attachment.resize({ cols: 101, rows: 31 });
  expect(second.messages.at(-1)).toEqual({ type: 'size', cols: 101, rows: 31 });
  first.attachment.input('stty size\n');
  await until(() => first.text().includes('31 101'));
});

test('a line of ours stands between those of the shell, and never in a full-screen program', async () => {
  await using terminal = createTerminal();
  await terminal.start();
  const page = openPage(terminal);
  terminal.say('the cluster is away');
  expect(page.text()).toContain('the cluster is away');
  page.attachment.input("printf '\\e[?1049h'; echo full-$((1+1))\n");
  await until(() => page.text().includes('full-2'));
  terminal.say('not now');
  expect(page.text()).not.toContain('not now');
});

test('a shell that very many pages show takes no more of them', async () => {
  await using terminal = createTerminal();
  const pages = Array.from({ length: MOST_VIEWERS }, () => openPage(terminal));
  expect(() => {
    terminal.checkRoom();
  }).toThrow('pages show this terminal');
  pages[0]?.attachment[Symbol.dispose]();
  terminal.checkRoom();
});
