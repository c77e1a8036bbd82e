import { runCommand } from '../../system/run-command.js';

/**
 * The same wires and processes without any Kubernetes: namespaces, veth pairs and routes by `ip -batch`, nft rules
 * per node, and a bubblewrap process per pod, in a user namespace of an ordinary user. Milliseconds.
 */
export async function measureFloor(size: { nodes: number; pods: number }): Promise<number> {
  const user =
    process.getuid?.() === 0
      ? ['setpriv', '--reuid=700999', '--regid=700999', '--clear-groups']
      : [];
  const unshare = [
    'unshare',
    '--user',
    '--map-root-user',
    '--net',
    '--mount',
    '--pid',
    '--fork',
    '--kill-child',
    '--mount-proc',
  ];
  const [file = '', ...args]: string[] = [...user, ...unshare, 'bash', '-c', script(size)];
  const startedAt = performance.now();
  const result = await runCommand(file, args, { timeoutMs: 30_000 });
  const tookMs = performance.now() - startedAt;
  if (result.exitCode !== 0) throw new Error(`the floor could not be measured: ${result.stderr}`);
  return tookMs;
}

function script({ nodes, pods }: { nodes: number; pods: number }): string {
  const all = Array.from({ length: nodes }, (_, i) => `n${i}`);
  const each = Array.from({ length: pods }, (_, i) => ({ name: `p${i}`, node: i % nodes }));
  const names = [...all, ...each.map(({ name }) => name)];
  const links = [
    ...names.map((name) => `netns add ${name}`),
    'link add lan type bridge',
    'link set lan up',
    ...all.flatMap((node) => [
      `link add to-${node} type veth peer name eth0 netns ${node}`,
      `link set to-${node} up master lan`,
    ]),
  ];
  const inNode = all.map((_, n) => [
    `addr add 172.30.0.${11 + n}/24 dev eth0`,
    'link set eth0 up',
    ...each
      .filter(({ node }) => node === n)
      .flatMap(({ name }, i) => [
        `link add ${name} type veth peer name eth0 netns ${name}`,
        `link set ${name} up`,
        `route add 10.244.${n}.${2 + i} dev ${name}`,
      ]),
    ...all.flatMap((_, other) =>
      other === n ? [] : [`route add 10.244.${other}.0/24 via 172.30.0.${11 + other}`],
    ),
  ]);
  const inPod = each.map(({ name, node }) => ({
    name,
    lines: [
      `addr add 10.244.${node}.${2 + each.filter((one) => one.node === node).findIndex((one) => one.name === name)}/32 dev eth0`,
      'link set eth0 up',
      'link set lo up',
      'route add 169.254.1.1 dev eth0',
      'route add default via 169.254.1.1 dev eth0',
    ],
  }));
  const heredoc = (command: string, lines: readonly string[]): string =>
    `${command} <<'EOF'\n${lines.join('\n')}\nEOF`;
  return [
    'set -e',
    'mount -t tmpfs tmpfs /run; mkdir /run/netns',
    heredoc('ip -batch -', links),
    ...all.map((node, n) => heredoc(`ip -n ${node} -batch -`, inNode[n] ?? [])),
    ...inPod.map(({ name, lines }) => heredoc(`ip -n ${name} -batch -`, lines)),
    ...all.map((node) =>
      heredoc(`ip netns exec ${node} nft -f -`, [
        'add table ip t',
        'add chain ip t c { type filter hook forward priority 0; policy accept; }',
        'add rule ip t c ct state established accept',
      ]),
    ),
    ...each.map(
      ({ name }) =>
        `ip netns exec ${name} bwrap --unshare-pid --ro-bind /usr /usr --symlink usr/bin /bin --symlink usr/lib /lib --symlink usr/lib64 /lib64 --proc /proc --dev /dev --tmpfs /tmp -- sh -c 'echo up; exec sleep 60' > /run/${name} &`,
    ),
    ...each.map(({ name }) => `until [ -s /run/${name} ]; do :; done`),
  ].join('\n');
}
