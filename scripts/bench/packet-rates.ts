import { z } from 'zod';
import type { JsonObject } from '../../common/json.js';
import type { Cluster } from '../../clusters/provider.js';

/** What two pods on different nodes do to each other in a second, from one tight loop: no prober between. */
export const PacketRates = z.object({
  /** Bytes of one connection, as fast as it takes them. */
  streamed: z.number(),
  /** Of one byte each on one connection: two small packets. */
  roundTrips: z.number(),
  /** Opened and reset. */
  connections: z.number(),
});
export type PacketRates = z.infer<typeof PacketRates>;

const PORT = 5000;
export const RATE_PORT = PORT;

/** A byte says what a connection is for: `e` wants every byte back, anything else is thrown away. */
const SERVER = `
use Socket; $SIG{PIPE} = "IGNORE"; $SIG{CHLD} = "IGNORE";
socket(my $l, PF_INET, SOCK_STREAM, 0); setsockopt($l, SOL_SOCKET, SO_REUSEADDR, 1);
bind($l, sockaddr_in(${PORT}, INADDR_ANY)) or die; listen($l, 1024);
while (1) {
  accept(my $c, $l) or next; setsockopt($c, 6, 1, 1);
  sysread($c, my $what, 1) or next;
  if (fork) { close $c; next }
  while (sysread($c, my $got, 262144)) { syswrite($c, $got) if $what eq "e" }
  exit;
}`;

const CLIENT = `
use Socket; use Time::HiRes qw(time);
my ($address, $seconds) = @ARGV; my $to = sockaddr_in(${PORT}, inet_aton($address));
sub open_it { socket(my $s, PF_INET, SOCK_STREAM, 0); connect($s, $to) or die "connect: $!"; return $s }
sub rate { my $do = shift; my ($n, $at) = (0, time); my $end = $at + $seconds;
  while (time < $end) { $n += $do->() } return $n / (time - $at) }
my $data = "x" x 262144; my $s = open_it(); syswrite($s, "s");
my $streamed = rate(sub { return syswrite($s, $data) });
close $s; $s = open_it(); setsockopt($s, 6, 1, 1); syswrite($s, "e");
my $trips = rate(sub { syswrite($s, "x"); sysread($s, my $got, 1); return 1 });
my $connections = rate(sub { my $c = open_it(); setsockopt($c, SOL_SOCKET, SO_LINGER, pack("ii", 1, 0)); close $c; return 1 });
printf("{\\"streamed\\":%d,\\"roundTrips\\":%d,\\"connections\\":%d}\\n", $streamed, $trips, $connections);`;

/** The two pods; the labels are the ones that policies select them by. */
export function ratePods(options: {
  namespace: string;
  client: { name: string; app: string; node: string };
  server: { name: string; app: string; node: string };
}): JsonObject[] {
  const pod = (
    { name, app, node }: { name: string; app: string; node: string },
    command: readonly string[],
  ): JsonObject => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: options.namespace, labels: { app } },
    spec: {
      nodeName: node,
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'c', image: 'perl', command: [...command] }],
    },
  });
  return [
    pod(options.server, ['perl', '-e', SERVER]),
    pod(options.client, ['perl', '-e', 'sleep']),
  ];
}

export async function measureRates(
  cluster: Cluster,
  { client, address, seconds }: { client: string; address: string; seconds: number },
): Promise<PacketRates> {
  const exec = `kubectl exec -i ${client} -- perl - ${address} ${seconds}`;
  const { exitCode, stdout, stderr } = await cluster.run(`${exec} <<'END'\n${CLIENT}\nEND`);
  if (exitCode !== 0) throw new Error(`the rates could not be measured: ${stderr}`);
  return PacketRates.parse(JSON.parse(stdout));
}
