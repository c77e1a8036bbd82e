import { GatehouseError, type ErrorCode } from '../../common/errors.js';

interface Pattern {
  pattern: RegExp;
  code: ErrorCode;
  /** `$1` is the pattern's first group. */
  message: string;
  fix: string;
}

/** The client is there and nobody answers it. */
export const DOCKER_AWAY = 'Docker is not running';

/** What docker, kind and kubectl say when something is wrong, most telling first. */
const PATTERNS: readonly Pattern[] = [
  {
    pattern: /permission denied.*(?:docker daemon socket|docker\.sock)/is,
    code: 'MACHINE_NOT_READY',
    message: 'this user may not use Docker',
    fix: 'sudo usermod -aG docker "$USER" && newgrp docker',
  },
  {
    pattern:
      /cannot connect to the docker daemon(?: at (\S+?))?\.?(?:\s|$)|is the docker daemon running/i,
    code: 'MACHINE_NOT_READY',
    message: DOCKER_AWAY,
    fix: 'scripts/gatehouse doctor --provider kind   # says how Docker is started here',
  },
  {
    pattern: /no space left on device|disk quota exceeded/i,
    code: 'DISK_FULL',
    message: 'the disk is full',
    fix: 'docker system df; docker system prune',
  },
  {
    pattern: /node\(s\) already exist for a cluster with the name "gh-([^"]+)"/,
    code: 'CLUSTER_EXISTS',
    message: 'there is a cluster "$1" already',
    fix: 'scripts/gatehouse cluster delete $1 --provider kind',
  },
  {
    pattern: /container name "\/?gh-([^"]+)-workstation" is already in use/,
    code: 'CLUSTER_EXISTS',
    message: 'there is a cluster "$1" already',
    fix: 'scripts/gatehouse cluster delete $1 --provider kind',
  },
  {
    pattern: /network with name gh-(\S+) already exists/,
    code: 'CLUSTER_EXISTS',
    message: 'there is a cluster "$1" already, perhaps of another installation',
    fix: 'docker ps --all --filter network=gh-$1; docker network rm gh-$1',
  },
  {
    pattern: /'([^']+)' is not a valid cluster name/,
    code: 'BAD_REQUEST',
    message: '"$1" cannot be a cluster\'s name',
    fix: 'use lower case letters, digits and "-"',
  },
  {
    pattern: /port is already allocated|address already in use/i,
    code: 'PORT_TAKEN',
    message: 'a port that the cluster needs is taken',
    fix: 'try again: kind chooses another one. Who has it: sudo ss -ltnp',
  },
  {
    pattern: /failed to pull image "([^"]+)"/,
    code: 'MACHINE_NOT_READY',
    message: 'the image $1 is not on this machine and could not be fetched',
    fix: 'docker pull $1   # or, without a network: docker load --input IMAGE.tar',
  },
  {
    pattern: /unable to find image '([^']+)' locally|no such image: (\S+)/i,
    code: 'MACHINE_NOT_READY',
    message: 'the image $1 is not on this machine',
    fix: 'docker pull $1   # or, without a network: docker load --input IMAGE.tar',
  },
  {
    pattern: /image: "([^"]+)" not present locally/,
    code: 'NOT_FOUND',
    message: 'the image $1 is not on this machine',
    fix: 'docker pull $1   # or, without a network: docker load --input IMAGE.tar',
  },
  {
    pattern:
      /no nodes found for cluster "gh-([^"]+)"|could not locate any control plane nodes for cluster named 'gh-([^']+)'/,
    code: 'CLUSTER_NOT_FOUND',
    message: 'the cluster "$1" has no nodes',
    fix: 'scripts/gatehouse cluster list --provider kind',
  },
  {
    pattern: /unable to decode config|invalid configuration for node|field \S+ not found in type/,
    code: 'CLUSTER_FAILED',
    message: 'kind does not understand the configuration that we wrote for it',
    fix: 'kind version   # 0.27 or newer is needed',
  },
  {
    pattern: /could not find an available.*address pool|all predefined address pools/i,
    code: 'LIMIT_REACHED',
    message: 'Docker has no addresses left for another network',
    fix: 'docker network prune   # or set "network: shared" in kind.yaml, or more default-address-pools for Docker',
  },
  {
    pattern: /too many open files|inotify/i,
    code: 'MACHINE_NOT_READY',
    message: 'the machine has no inotify watches left for another cluster',
    fix: 'sudo sysctl fs.inotify.max_user_instances=1024 fs.inotify.max_user_watches=1048576',
  },
  {
    pattern: /cannot allocate memory|out of memory/i,
    code: 'MACHINE_NOT_READY',
    message: 'the machine has no memory left for another cluster',
    fix: 'docker stats --no-stream   # and end what is not needed',
  },
  {
    pattern: /(?:container|cannot exec in a) .*is paused|is paused, unpause/i,
    code: 'CLUSTER_UNREACHABLE',
    message: 'the cluster is paused',
    fix: 'docker ps -q --filter status=paused --filter name=gh- | xargs -r docker unpause',
  },
  {
    pattern: /no such container: (\S+)/i,
    code: 'CLUSTER_UNREACHABLE',
    message: 'the container $1 is gone',
    fix: 'scripts/gatehouse cluster list --provider kind',
  },
  {
    pattern: /container (\S+) is not running/i,
    code: 'CLUSTER_UNREACHABLE',
    message: 'the container $1 does not run',
    fix: 'docker start $1',
  },
  {
    pattern:
      /privileged (?:mode is incompatible|containers? (?:are|is) not allowed)|unable to apply caps: operation not permitted/i,
    code: 'MACHINE_NOT_READY',
    message: 'Docker may not start privileged containers here, and kind needs them',
    fix: 'use a machine of your own, or --provider embedded, which needs no privileges',
  },
  {
    pattern:
      /connection refused|unable to connect to the server|i\/o timeout|TLS handshake timeout/i,
    code: 'CLUSTER_UNREACHABLE',
    message: 'the API server does not answer',
    fix: 'docker ps --all --filter label=io.x-k8s.kind.cluster',
  },
];

/** What a failed command means: a code, one sentence and something to paste. Unknown words are passed on as they are. */
export function failureOf(command: {
  line: string;
  program: string;
  exitCode: number;
  stderr: string;
}): GatehouseError {
  const { program, exitCode, stderr, line } = command;
  if (exitCode === 127 && /ENOENT|not found/.test(stderr)) {
    return new GatehouseError('MACHINE_NOT_READY', `${program} is not installed`, {
      fix: INSTALL[program] ?? `install ${program}`,
    });
  }
  const cause = new Error(`${line}\nended with ${exitCode}: ${essence(stderr)}`);
  for (const { pattern, code, message, fix } of PATTERNS) {
    const match = pattern.exec(stderr);
    if (match === null) continue;
    const name = match.slice(1).find((group: string | undefined) => group !== undefined) ?? '';
    const fill = (text: string): string => text.replaceAll('$1', () => name);
    return new GatehouseError(code, fill(message), { fix: fill(fix), cause });
  }
  return new GatehouseError('CLUSTER_FAILED', `${program} failed: ${essence(stderr)}`, {
    fix: `run it by hand: ${line}`,
    cause,
  });
}

export const INSTALL: Readonly<Record<string, string>> = {
  docker: 'sudo apt-get install docker.io',
  kind: 'sudo curl --fail --location --output /usr/local/bin/kind "https://kind.sigs.k8s.io/dl/v0.33.0/kind-linux-$(dpkg --print-architecture)" && sudo chmod +x /usr/local/bin/kind   # or https://kind.sigs.k8s.io/docs/user/quick-start/#installation',
  kubectl:
    'sudo apt-get install kubernetes-client   # or https://kubernetes.io/docs/tasks/tools/#kubectl',
};

/** The lines that say what is wrong, without kind's progress and without the JSON it quotes. */
function essence(stderr: string): string {
  const lines = stderr
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^[•✓✗]|^Creating cluster|^Command Output: \{/u.test(line));
  const start = lines.findIndex((line) => line.startsWith('ERROR'));
  const text = lines.slice(Math.max(0, start), Math.max(0, start) + 4).join(' ');
  return text.length > 600 ? `${text.slice(0, 600)}…` : text || 'it said nothing';
}
