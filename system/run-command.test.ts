import { runCommand } from './run-command.js';

test('a command tells its exit code and both outputs', async () => {
  const result = await runCommand('bash', ['-c', 'echo out; echo err >&2; exit 7']);
  expect(result).toMatchObject({ exitCode: 7, stdout: 'out\n', stderr: 'err\n', timedOut: false });
});

test('a timeout ends grandchildren that hold the pipe', async () => {
  const result = await runCommand('bash', ['-c', 'sleep 71 & sleep 72'], { timeoutMs: 200 });
  expect(result.timedOut).toBe(true);
  expect(result.exitCode).toBe(137);
  expect(result.tookMs).toBeLessThan(5000);
});

test('an abort ends the command', async () => {
  const abort = new AbortController();
  setTimeout(() => {
    abort.abort();
  }, 100);
  const result = await runCommand('sleep', ['73'], { signal: abort.signal });
  expect(result.exitCode).toBe(137);
});

test('a program that does not exist is exit code 127', async () => {
  const result = await runCommand('no-such-program-here', []);
  expect(result.exitCode).toBe(127);
  expect(result.stderr).toContain('no-such-program-here');
});
