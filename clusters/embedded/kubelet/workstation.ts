import { rmSync } from 'node:fs';
import path from 'node:path';
import type { Agent, ExecSpec, ProcessLimits } from '../agent/agent.js';
import { WORKSTATION, WORKSTATION_ADDRESS, nodeAddress, nodeNetns } from '../network/addresses.js';
import { DEFAULT_PATH } from './container-starter.js';
import type { SharedFolders } from './context.js';
import { writeEtcFolder } from './etc-folder.js';
import { processLimit } from './process-limit.js';
import { FILTER_FD, sandboxArgv } from './sandbox.js';

/** The learner's own machine on the cluster's LAN, and root shells on the nodes. */

export const WORKSTATION_ID = 'workstation';
const USER = { name: 'learner', uid: 1000, home: '/home/learner', shell: '/bin/bash' };

const limitsOf = (nodes: number): ProcessLimits => ({
  processes: processLimit(nodes, 'workstation'),
  fileBytes: 64 * 1024 * 1024,
  openFiles: 1024,
  memoryBytes: 1024 * 1024 * 1024,
});

export interface WorkstationOptions {
  agent: Agent;
  shared: SharedFolders;
  /** kubectl, where sandboxes do not see the machine's own. */
  programs: Readonly<Record<string, string>>;
  nodes: readonly string[];
  /** The cluster's folder for it, on this machine and as the agent sees it. */
  folder: string;
  /** The learner's home, filled. */
  home: string;
  logsFolder: string;
}

const ENVIRONMENT: Readonly<Record<string, string>> = {
  HOME: USER.home,
  USER: USER.name,
  LOGNAME: USER.name,
  SHELL: USER.shell,
  LANG: 'C.UTF-8',
  PATH: DEFAULT_PATH,
  TERM: 'xterm-256color',
  EDITOR: 'nano',
};

/** Process 1: waits, and with SIGCHLD ignored the kernel reaps what shells leave behind. */
const IDLE_INIT = ['env', '--ignore-signal=CHLD', 'sleep', 'infinity'];

/** Starts the workstation. */
export async function startWorkstation(options: WorkstationOptions): Promise<void> {
  const etc = path.join(options.folder, 'etc');
  rmSync(etc, { recursive: true, force: true });
  writeEtcFolder({
    folder: etc,
    userland: 'debian',
    hostname: WORKSTATION,
    hosts: hostsFile(options.nodes),
    resolvConf:
      'search svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:2 timeout:1\n',
    user: USER,
  });
  await options.agent.start({
    id: WORKSTATION_ID,
    netns: WORKSTATION,
    argv: sandboxArgv({
      bwrap: options.shared.bwrap,
      userland: 'debian',
      local: options.shared.local(options.programs),
      busybox: options.shared.busybox({}),
      settings: options.shared.settings,
      etc,
      mounts: [{ source: options.home, target: USER.home, readOnly: false }],
      writable: [],
      links: {},
      scratchBytes: 32 * 1024 * 1024,
      hostname: WORKSTATION,
      uid: USER.uid,
      gid: USER.uid,
      readOnlyRoot: false,
      cwd: USER.home,
      argv: IDLE_INIT,
    }),
    env: ENVIRONMENT,
    logPath: path.join(options.logsFolder, 'workstation.log'),
    logBytes: 64 * 1024,
    filterFd: FILTER_FD,
    limits: limitsOf(options.nodes.length),
  });
}

/** What a shell on the workstation of a cluster of so many nodes runs; all share files and processes. */
export function workstationShell(argv: readonly string[], nodes: number): ExecSpec {
  return {
    target: 'process',
    id: WORKSTATION_ID,
    argv: [...argv],
    env: { ...ENVIRONMENT },
    cwd: USER.home,
    limits: limitsOf(nodes),
  };
}

/** A shell as root of the node's network: all powers over this cluster's namespaces, none outside of them. */
export function nodeShell(
  options: { shared: SharedFolders; folder: string; root: string },
  node: string,
): ExecSpec {
  const etc = path.join(options.folder, `node-${node}`);
  rmSync(etc, { recursive: true, force: true });
  writeEtcFolder({
    folder: etc,
    userland: 'debian',
    hostname: node,
    hosts: `127.0.0.1\tlocalhost ${node}\n`,
    resolvConf: 'nameserver 10.96.0.10\n',
    files: { 'bash.bashrc': ROOT_BASHRC },
  });
  const argv = sandboxArgv({
    bwrap: options.shared.bwrap,
    userland: 'debian',
    local: options.shared.local({}),
    busybox: options.shared.busybox({}),
    settings: options.shared.settings,
    etc,
    mounts: [{ source: options.root, target: '/root', readOnly: false }],
    writable: [],
    links: {},
    scratchBytes: 32 * 1024 * 1024,
    hostname: node,
    uid: 0,
    gid: 0,
    readOnlyRoot: false,
    cwd: '/root',
    argv: ['bash'],
    powers: true,
  });
  return {
    target: 'netns',
    netns: nodeNetns(node),
    argv,
    env: {
      HOME: '/root',
      USER: 'root',
      LANG: 'C.UTF-8',
      PATH: DEFAULT_PATH,
      TERM: 'xterm-256color',
    },
  };
}

function hostsFile(nodes: readonly string[]): string {
  const lines = nodes.map((name, i) => `${nodeAddress(i)}\t${name}`);
  return ['127.0.0.1\tlocalhost', `${WORKSTATION_ADDRESS}\t${WORKSTATION}`, ...lines, ''].join(
    '\n',
  );
}

/** A home as at the lab's start: kubectl's settings, a prompt, and the lab's own files. */
export function homeFiles(
  kubeconfig: string,
  files: readonly { path: string; text: string }[],
): { path: string; text: string; mode: number }[] {
  return [
    { path: '.bashrc', text: BASHRC, mode: 0o644 },
    { path: '.profile', text: '[ -f ~/.bashrc ] && . ~/.bashrc\n', mode: 0o644 },
    { path: '.kube/config', text: kubeconfig, mode: 0o600 },
    ...files.map((file) => ({ ...file, mode: 0o644 })),
  ];
}

const BASHRC = `# The learner's shell.
case $- in *i*) ;; *) return ;; esac
HISTCONTROL=ignoreboth
HISTSIZE=2000
shopt -s histappend checkwinsize
PS1='\\[\\e[1;32m\\]\\u@\\h\\[\\e[0m\\]:\\[\\e[1;34m\\]\\w\\[\\e[0m\\]\\$ '
[ -f /usr/share/bash-completion/bash_completion ] && . /usr/share/bash-completion/bash_completion
[ -f /usr/local/etc/kubectl-completion.bash ] && . /usr/local/etc/kubectl-completion.bash
alias k=kubectl
complete -o default -F __start_kubectl k
alias ll='ls -l'
`;

const ROOT_BASHRC = `case $- in *i*) ;; *) return ;; esac
PS1='\\[\\e[1;31m\\]\\u@\\h\\[\\e[0m\\]:\\w# '
alias ll='ls -l'
`;
