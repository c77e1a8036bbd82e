import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { runCommand } from '../../../../system/run-command.js';
import type { CommandResult } from '../../../../system/run-command.js';
import { isProcessAlive, startDetached } from '../../../../system/start-process.js';
import { startTestServer } from '../test-support/api-client.js';
import type { TestServer } from '../test-support/api-client.js';
import { hasKubectl, KUBECTL, kubectlEnvironment, runKubectl } from '../test-support/kubectl.js';
import { FakeStreams } from '../test-support/fake-streams.js';

const describeWithKubectl = hasKubectl ? describe : describe.skip;

describeWithKubectl('with a real kubectl', () => {
  let api: TestServer;
  let streams: FakeStreams;

  beforeAll(async () => {
    streams = new FakeStreams();
    api = await startTestServer({ streams });
    const { server } = api;
    server.api.create('serviceaccounts', {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'default', namespace: 'default' },
    });
    server.api.create('pods', {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p', namespace: 'default' },
      spec: {
        nodeName: 'n1',
        containers: [{ name: 'c', image: 'x', ports: [{ containerPort: 80 }] }],
      },
    });
    server.api.update(
      'pods',
      { name: 'p', namespace: 'default', subresource: 'status' },
      (draft) => {
        draft['status'] = {
          phase: 'Running',
          conditions: [{ type: 'Ready', status: 'True' }],
          containerStatuses: [{ name: 'c', ready: true, state: { running: {} } }],
        };
      },
    );
  });
  afterAll(async () => {
    await api[Symbol.asyncDispose]();
    await streams[Symbol.asyncDispose]();
  });

  const environment = (extra: Record<string, string> = {}): Record<string, string> =>
    kubectlEnvironment(api, extra);
  const kubectl = (
    args: readonly string[],
    options: { input?: string; env?: Record<string, string> } = {},
  ): Promise<CommandResult> => runKubectl(api, args, options);

  // kubectl speaks WebSocket first; told not to, SPDY as older ones do.
  describe.each([
    [
      'over WebSocket',
      { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'true', KUBECTL_PORT_FORWARD_WEBSOCKETS: 'true' },
    ],
    [
      'over SPDY',
      { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false', KUBECTL_PORT_FORWARD_WEBSOCKETS: 'false' },
    ],
  ])('%s', (_name, env) => {
    test('exec keeps both outputs apart', async () => {
      const result = await kubectl(['exec', 'p', '--', 'both'], { env });
      expect(result).toMatchObject({ exitCode: 0, stdout: 'out\n', stderr: 'err\n' });
    });

    test('exec ends with the exit code of the command', async () => {
      const result = await kubectl(['exec', 'p', '--', 'exit', '7'], { env });
      expect(result.exitCode).toBe(7);
      expect(result.stderr).toContain('command terminated with exit code 7');
    });

    test('exec carries input to its end, and a lot of output whole', async () => {
      const input = 'hello\n'.repeat(20_000);
      const result = await kubectl(['exec', '-i', 'p', '--', 'cat'], { env, input });
      expect(result.exitCode).toBe(0);
      expect(result.stdout === input).toBe(true);
      const big = await kubectl(['exec', 'p', '--', 'bytes', '3000000'], { env });
      expect(big.stdout).toHaveLength(3_000_000);
    });

    test('what the node refuses is told', async () => {
      const result = await kubectl(['exec', 'p', '--', 'fail'], { env });
      expect(result.exitCode).toBe(1);
      expect(result.stderr).toContain('container not found ("c")');
    });

    test('a client that goes away lets go of its session', async () => {
      const before = { closed: streams.closed, asked: streams.asked.length };
      const gone = new AbortController();
      const running = runCommand(KUBECTL, ['exec', '-i', 'p', '--', 'wait'], {
        cleanEnvironment: true,
        env: environment(env),
        signal: gone.signal,
      });
      await until(() => streams.asked.length > before.asked);
      gone.abort();
      await running;
      await until(() => streams.closed > before.closed);
    });

    test('attach joins the container', async () => {
      const result = await kubectl(['attach', 'p', '-q'], { env });
      expect(result.stdout).toBe('attached\n');
    });

    test('port-forward carries several connections, and tells of a refused port', async () => {
      const outputFile = `${api.folder}/port-forward-${Object.values(env).join('')}`;
      const pid = await startDetached(KUBECTL, ['port-forward', 'pod/p', ':80', ':81'], {
        env: environment(env),
        outputFile,
      });
      const output = async (pattern: RegExp): Promise<RegExpExecArray> => {
        for (let i = 0; i < 500; i += 1) {
          const match = pattern.exec(await readFile(outputFile, 'utf8'));
          if (match !== null) return match;
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        throw new Error(`kubectl did not say ${pattern.source}`);
      };
      try {
        const port = Number((await output(/127\.0\.0\.1:(\d+) -> 80/))[1]);
        const answers = await Promise.all([
          echo(port, 'one'),
          echo(port, 'two'),
          echo(port, 'x'.repeat(100_000)),
        ]);
        expect(answers.map(({ length }) => length)).toEqual([3, 3, 100_000]);
        const refused = Number((await output(/127\.0\.0\.1:(\d+) -> 81/))[1]);
        await echo(refused, 'nobody').catch(() => undefined);
        await output(/connection refused/);
      } finally {
        // Newer ones end by themselves when a connection is refused.
        if (isProcessAlive(pid)) process.kill(pid, 'SIGKILL');
      }
    });
  });

  test('logs are followed to their end', async () => {
    expect((await kubectl(['logs', 'p'])).stdout).toBe('line 1\nline 2\n');
    expect((await kubectl(['logs', '-f', 'p', '--tail=5'])).stdout).toBe('line 1\nline 2\n');
    expect(streams.asked.at(-1)?.what).toContain('"tailLines":5');
    const previous = await kubectl(['logs', '-p', 'p']);
    expect(previous.stderr).toContain('previous terminated container "c" in pod "p" not found');
  });

  test('a container that is not there is refused in the real words', async () => {
    const result = await kubectl(['logs', 'p', '-c', 'zz']);
    expect(result.stderr).toContain('container zz is not valid for pod p');
  });
});

async function until(isSo: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !isSo(); i += 1) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(isSo()).toBe(true);
}

/** Sends a text and reads as much back. */
function echo(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.on('data', (chunk) => {
      received += chunk.toString('utf8');
      if (received.length >= text.length) socket.end();
    });
    socket.on('close', () => {
      resolve(received);
    });
    socket.on('error', reject);
  });
}
