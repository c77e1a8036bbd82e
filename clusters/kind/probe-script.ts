import { randomInt } from 'node:crypto';
import type { ProbeCause } from '../../common/probe.js';
import type { PlannedProbe } from './probe-plan.js';

/** How many probes of one container wait for an answer at the same time. */
const AT_ONCE = 64;

/**
 * One bash script for all probes that start in one container: for each source pod its network namespace is entered once,
 * and its probes run side by side. Needs bash, crictl, nsenter and coreutils, all of the node image; nothing of the pod's
 * own file system. Each probe prints one line: number, exit code, microseconds, what was said.
 */
export function probeScript(probes: readonly PlannedProbe[]): string {
  const bySource = new Map<string, PlannedProbe[]>();
  for (const probe of probes) {
    const key = probe.source.podUid ?? '';
    bySource.set(key, [...(bySource.get(key) ?? []), probe]);
  }
  const sources = [...bySource].map(([uid, own]) => {
    const list = own.map(probeLine).join('\n');
    return uid === ''
      ? `bash -c "$prober" <<'PROBES' &\n${list}\nPROBES`
      : `pod ${word(uid)} <<'PROBES' &\n${list}\nPROBES`;
  });
  return [PREAMBLE, ...sources, 'wait', ''].join('\n');
}

function probeLine({ index, protocol, address, port, timeoutMs }: PlannedProbe): string {
  const seconds = (timeoutMs / 1000).toFixed(3);
  return [index, protocol, word(address), port, seconds, questionFor(port)].join(' ');
}

/** A question that some server of the port's usual kind answers, as printf's escapes. */
function questionFor(port: number): string {
  if (port !== 53) return 'hostname\\n';
  // "What is the address of . ?" under a number without a null byte.
  const id = [randomInt(1, 256), randomInt(1, 256)];
  const bytes = [...id, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1];
  return bytes.map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
}

/** Goes into a script as it is: uids and addresses, never anything else. */
function word(text: string): string {
  if (!/^[0-9a-zA-Z.:-]+$/.test(text)) throw new Error(`not an address or uid: ${text}`);
  return text;
}

const PREAMBLE = `export LC_ALL=C
prober=$(cat <<'PROBER'
ask() {
  local begin=$EPOCHREALTIME said code now
  if [ "$2" = TCP ]; then
    said=$(timeout "$5" bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$3" "$4" 2>&1)
  else
    said=$(timeout "$5" bash -c '
      exec 3<>"/dev/udp/$0/$1" || exit 1
      again() { sleep "$3"; printf "$2" >&3; }
      printf "$2" >&3
      again "$@" >/dev/null 2>&1 &
      dd bs=4096 count=1 status=none <&3 >/dev/null; code=$?
      kill $! 2>/dev/null
      exit $code' "$3" "$4" "$6" "$(half "$5")" 2>&1)
  fi
  code=$?
  now=$EPOCHREALTIME
  printf '%s\\t%s\\t%s\\t%s\\n' "$1" "$code" "$((\${now/./} - \${begin/./}))" "\${said//[$'\\n\\t\\r']/ }"
}
half() { local ms=\${1/./}; ms=$((10#$ms / 3)); printf '%d.%03d' $((ms / 1000)) $((ms % 1000)); }
running=0
while read -r index protocol address port seconds question; do
  if [ "$running" -ge ${AT_ONCE} ]; then wait -n; running=$((running - 1)); fi
  ask "$index" "$protocol" "$address" "$port" "$seconds" "$question" </dev/null &
  running=$((running + 1))
done
wait
PROBER
)
pod() {
  local id pid
  id=$(crictl pods --label "io.kubernetes.pod.uid=$1" --state ready --quiet 2>/dev/null | head -n 1)
  [ -n "$id" ] && pid=$(crictl inspectp --output go-template --template '{{.info.pid}}' "$id" 2>/dev/null)
  if [ -z "$pid" ]; then
    while read -r index _; do printf '%s\\tno-sandbox\\t0\\t\\n' "$index"; done
    return
  fi
  nsenter -t "$pid" -n bash -c "$prober"
}`;

export interface ProbeLine {
  cause: ProbeCause;
  tookMs: number;
  detail?: string;
}

/** What the script printed, by number. Lines that are not its own are passed over. */
export function parseProbeLines(output: string): Map<number, ProbeLine> {
  const found = new Map<number, ProbeLine>();
  for (const line of output.split('\n')) {
    const match = /^(\d+)\t(\d+|no-sandbox)\t(\d+)\t(.*)$/.exec(line);
    if (match === null) continue;
    const [, index = '', code = '', micros = '', said = ''] = match;
    found.set(Number(index), { ...judge(code, said), tookMs: Number(micros) / 1000 });
  }
  return found;
}

const TIMED_OUT = '124';

function judge(code: string, said: string): Omit<ProbeLine, 'tookMs'> {
  if (code === 'no-sandbox') {
    return { cause: 'no-source', detail: 'the source has no running network on its node' };
  }
  if (code === '0') return { cause: 'open' };
  if (code === TIMED_OUT || /connection timed out/i.test(said)) return { cause: 'filtered' };
  // A rule on the sender's own side may tell it so at once; the packet never left.
  if (/operation not permitted/i.test(said)) return { cause: 'filtered', detail: said.trim() };
  if (/connection refused/i.test(said)) return { cause: 'refused' };
  if (/no route to host|network is unreachable|host is unreachable/i.test(said)) {
    return {
      cause: 'unreachable',
      detail: /no route to host/i.test(said) ? 'no route to host' : 'network is unreachable',
    };
  }
  return { cause: 'unknown', detail: said.trim() || `the prober ended with ${code}` };
}
