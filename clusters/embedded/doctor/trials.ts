import path from 'node:path';
import { text } from 'node:stream/consumers';
import type { Agent, ProcessExit } from '../agent/agent.js';
import { FILTER_FD } from '../kubelet/sandbox.js';

/** Small versions of what clusters do; each says in words what it did, or rejects. */

interface Scope {
  agent: Agent;
  folder: string;
}

const PROBE = { protocol: 'TCP', address: '10.0.2.2', port: 9, timeoutMs: 1000 } as const;

export async function tryNetwork({ agent }: Scope): Promise<string> {
  await agent.network([
    { op: 'netns-add', name: 'router', packetLog: true },
    { op: 'netns-add', name: 'a' },
    { op: 'netns-add', name: 'b' },
    { op: 'bridge', netns: 'router', name: 'lan' },
    { op: 'veth', a: { netns: 'router', name: 'a' }, b: { netns: 'a', name: 'eth0' } },
    { op: 'veth', a: { netns: 'router', name: 'b' }, b: { netns: 'b', name: 'eth0' } },
    { op: 'enslave', netns: 'router', link: 'a', bridge: 'lan' },
    { op: 'address', netns: 'router', link: 'lan', cidr: '10.0.1.1/24' },
    { op: 'address', netns: 'router', link: 'b', cidr: '10.0.2.1/24' },
    { op: 'address', netns: 'a', link: 'eth0', cidr: '10.0.1.2/24' },
    { op: 'address', netns: 'b', link: 'eth0', cidr: '10.0.2.2/24' },
    { op: 'route', netns: 'a', cidr: '0.0.0.0/0', via: '10.0.1.1' },
    { op: 'route', netns: 'b', cidr: '0.0.0.0/0', via: '10.0.2.1' },
    { op: 'sysctl', netns: 'router', key: 'net/ipv4/ip_forward', value: '1' },
  ]);
  const [answer] = await agent.probe([{ netns: 'a', ...PROBE }]);
  if (answer?.cause !== 'refused') {
    throw new Error(`a packet through a router was ${answer?.cause ?? 'lost'}, not answered`);
  }
  return 'Three namespaces, a bridge and a router carried a packet.';
}

export async function tryServices({ agent }: Scope): Promise<string> {
  const table = 'ip trial';
  await agent.nft(
    'router',
    [
      `add table ${table}`,
      `add map ${table} services { typeof ip daddr . meta l4proto . th dport : verdict; }`,
      `add chain ${table} pick`,
      `add rule ${table} pick meta l4proto tcp dnat ip to numgen random mod 1 map { 0 : 10.0.2.2 . 9 }`,
      `add chain ${table} in { type nat hook prerouting priority dstnat; policy accept; }`,
      `add rule ${table} in ip daddr . meta l4proto . th dport vmap @services`,
      `add chain ${table} out { type nat hook postrouting priority srcnat; policy accept; }`,
      `add rule ${table} out fib saddr type != local ct status dnat masquerade`,
      `add element ${table} services { 10.96.0.1 . tcp . 80 : goto pick }`,
    ].join('\n'),
  );
  const [answer] = await agent.probe([{ netns: 'a', ...PROBE, address: '10.96.0.1', port: 80 }]);
  if (answer?.cause !== 'refused') {
    throw new Error(
      `a packet to a translated address was ${answer?.cause ?? 'lost'}, not answered`,
    );
  }
  return 'A Service address was translated and the answer found its way back.';
}

export async function tryPacketLog({ agent }: Scope): Promise<string> {
  await agent.nft(
    'router',
    [
      'add table inet trial-filter',
      'add chain inet trial-filter forward { type filter hook forward priority filter; policy accept; }',
      'add rule inet trial-filter forward ct state new log group 1 prefix "trial" drop',
    ].join('\n'),
  );
  const [answer] = await agent.probe([{ netns: 'a', ...PROBE }]);
  await agent.nft('router', 'delete table inet trial-filter');
  if (answer?.cause !== 'filtered')
    throw new Error(`a dropped packet was ${answer?.cause ?? 'lost'}`);
  if (answer.dropped?.prefix !== 'trial')
    throw new Error('the packet was dropped, but no log told of it');
  return `A dropped packet was named after ${answer.tookMs.toFixed(1)} ms.`;
}

export async function trySandbox({ agent, folder }: Scope): Promise<string> {
  const ended = new Promise<ProcessExit>((resolve) => {
    agent.on('exit', resolve);
  });
  await agent.start({
    id: 'trial',
    netns: 'a',
    argv: [
      ...[
        '/usr/bin/bwrap',
        '--unshare-user',
        '--uid',
        '1000',
        '--gid',
        '1000',
        '--cap-drop',
        'ALL',
      ],
      ...['--seccomp', String(FILTER_FD), '--unshare-pid', '--unshare-ipc', '--unshare-uts'],
      ...[
        '--ro-bind',
        '/',
        '/',
        '--proc',
        '/proc',
        '--dev',
        '/dev',
        '--size',
        '65536',
        '--tmpfs',
        '/tmp',
      ],
      ...['--remount-ro', '/dev', '--', '/bin/sh', '-c', 'test -e /proc/self/status && exit 42'],
    ],
    env: {},
    logPath: path.join(folder, 'trial.log'),
    logBytes: 65_536,
    filterFd: FILTER_FD,
  });
  const { exitCode } = await ended;
  if (exitCode === 42)
    return 'A program ran as another user, with no powers and a /proc of its own.';
  const session = await agent.exec({
    target: 'netns',
    netns: 'a',
    argv: ['cat', path.join(folder, 'trial.log')],
    env: { PATH: '/usr/bin:/bin' },
  });
  session.stdin.end();
  const [log] = await Promise.all([text(session.stdout), text(session.stderr), session.exited]);
  throw new Error(
    `bubblewrap ended with ${exitCode}: ${log.replace(/^\S+ stderr [FP] /gm, '').trim()}`,
  );
}
