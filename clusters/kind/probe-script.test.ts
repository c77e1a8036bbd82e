import { runCommand } from '../../system/run-command.js';
import { parseProbeLines, probeScript } from './probe-script.js';

test('answers of the prober are told apart, and what is not its own is passed over', () => {
  const lines = parseProbeLines(
    '0\t0\t1200\t\nnoise\n1\t1\t900\tbash: connect: Connection refused\n2\t124\t800000\t\n3\t1\t3000000\tbash: connect: No route to host\n4\tno-sandbox\t0\t\n5\t1\t10\tconnect: Connection timed out\n6\t127\t1\tbash: timeout: command not found\n',
  );
  expect([...lines.values()].map(({ cause }) => cause)).toEqual([
    'open',
    'refused',
    'filtered',
    'unreachable',
    'no-source',
    'filtered',
    'unknown',
  ]);
  expect(lines.get(0)?.tookMs).toBe(1.2);
});

test('the prober sends real packets from where it runs, many at once', async () => {
  const probe = (index: number, port: number, protocol: 'TCP' | 'UDP') => ({
    index,
    port,
    protocol,
    source: { container: 'x' },
    address: '127.0.0.1',
    timeoutMs: 400,
  });
  const script = probeScript([
    probe(0, 1, 'TCP'),
    probe(1, 1, 'UDP'),
    ...Array.from({ length: 20 }, (_, i) => probe(2 + i, 1, 'TCP')),
  ]);
  const { stdout } = await runCommand('bash', ['-s'], { input: script });
  const lines = parseProbeLines(stdout);
  expect(lines.size).toBe(22);
  expect(new Set([...lines.values()].map(({ cause }) => cause))).toEqual(new Set(['refused']));
  expect(() => probeScript([{ ...probe(0, 1, 'TCP'), address: '$(reboot)' }])).toThrow(
    /not an address/,
  );
});
