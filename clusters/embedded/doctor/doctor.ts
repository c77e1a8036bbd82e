import { existsSync } from 'node:fs';
import { mkdtemp, rm, chmod } from 'node:fs/promises';
import { totalmem, tmpdir } from 'node:os';
import path from 'node:path';
import { messageOf } from '../../../common/errors.js';
import type { DoctorCheck } from '../../provider.js';
import type { Agent } from '../agent/agent.js';
import { createAgent } from '../agent/create-agent.js';
import { findProgram } from '../host/shared-folder.js';
import { explainNamespaces, isInContainer } from './blocked.js';
import { tryNetwork, tryPacketLog, trySandbox, tryServices } from './trials.js';

export interface DoctorOptions {
  /** `dist/native`. */
  nativeDir: string;
  programPaths: readonly string[];
  stateDir: string;
}

/** The user that trials run as where we are root: beyond those that clusters get. */
const TRIAL_UID = 709_999;
/** What one lab's cluster takes, kernel and share of the host included. */
const CLUSTER_BYTES = 16 * 1024 * 1024;
const SPARED_BYTES = 2 * 1024 * 1024 * 1024;

/** Tries the real thing, step by step, and says what to do where a step fails. Leaves nothing behind. */
export async function doctor(options: DoctorOptions): Promise<DoctorCheck[]> {
  const agentPath = path.join(options.nativeDir, 'agent');
  if (!existsSync(agentPath)) {
    return [
      {
        id: 'embedded-agent',
        title: 'The cluster agent is built',
        status: 'missing',
        detail: `${agentPath} does not exist.`,
        fix: 'npm run build',
      },
      ...programChecks(options),
    ];
  }
  return [...programChecks(options), ...(await trials(agentPath)), capacity()];
}

function programChecks({ programPaths }: DoctorOptions): DoctorCheck[] {
  const needs = [
    { name: 'bwrap', title: 'bubblewrap', debian: 'bubblewrap', without: 'no pod can start' },
    {
      name: 'nft',
      title: 'nftables',
      debian: 'nftables',
      without: 'Services and policies have no effect',
    },
    {
      name: 'busybox',
      title: 'busybox',
      debian: 'busybox-static',
      without: 'busybox and alpine images are empty',
    },
    {
      name: 'kubectl',
      title: 'kubectl',
      debian: 'kubernetes-client',
      without: 'the workstation has none',
    },
    { name: 'curl', title: 'curl', debian: 'curl', without: 'labs cannot be done as written' },
    {
      name: 'dig',
      title: 'dig',
      debian: 'bind9-dnsutils',
      without: 'labs cannot be done as written',
    },
    {
      name: 'tcpdump',
      title: 'tcpdump',
      debian: 'tcpdump',
      without: 'labs that look at packets miss it',
    },
  ];
  const isEssential = new Set(['bwrap', 'nft', 'kubectl']);
  return needs.map(({ name, title, debian, without }) => {
    const found =
      findProgram(name) ?? (name === 'kubectl' ? findProgram(name, programPaths) : undefined);
    const base = { id: `embedded-${name}`, title: `${title} is installed` };
    if (found !== undefined) return { ...base, status: 'ok' as const, detail: found };
    return {
      ...base,
      status: isEssential.has(name) ? ('missing' as const) : ('warning' as const),
      detail: `${name} was not found: ${without}.`,
      fix: `sudo apt-get install -y ${debian}`,
    };
  });
}

async function trials(agentPath: string): Promise<DoctorCheck[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'gatehouse-doctor-'));
  await chmod(folder, 0o711);
  let agent: Agent;
  try {
    agent = await createAgent({
      dir: path.join(folder, 'run'),
      graceMs: 2000,
      agentPath,
      ...(process.getuid?.() === 0 ? { uid: TRIAL_UID } : {}),
    });
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    return [explainNamespaces(messageOf(error))];
  }
  try {
    const checks: DoctorCheck[] = [
      {
        id: 'embedded-namespaces',
        title: 'Ordinary users may make namespaces',
        status: 'ok',
        detail: 'A user, process, mount and network namespace was made.',
      },
    ];
    for (const step of STEPS) {
      const check = await tryStep(step, { agent, folder: path.join(folder, 'run') });
      checks.push(check);
      // What comes later builds on it.
      if (check.status !== 'ok') break;
    }
    return checks;
  } finally {
    await agent[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Step {
  id: string;
  title: string;
  run: (scope: { agent: Agent; folder: string }) => Promise<string>;
  fix: () => string;
}

const STEPS: readonly Step[] = [
  {
    id: 'embedded-network',
    title: 'Networks of namespaces can be built',
    run: tryNetwork,
    fix: () => 'sudo modprobe -a veth bridge',
  },
  {
    id: 'embedded-nftables',
    title: 'Services: nftables with connection tracking and NAT',
    run: tryServices,
    fix: () =>
      isInContainer()
        ? 'load the modules on the host: sudo modprobe -a nf_tables nft_chain_nat nft_ct nft_numgen nft_fib_ipv4'
        : 'sudo modprobe -a nf_tables nft_chain_nat nft_ct nft_masq nft_numgen nft_fib_ipv4 (a WSL kernel may lack them: build one with CONFIG_NF_TABLES and its NAT parts)',
  },
  {
    id: 'embedded-packet-log',
    title: 'The kernel names the rule that drops a packet',
    run: tryPacketLog,
    fix: () =>
      'sudo modprobe -a nft_log nfnetlink_log (without them denied probes take their full timeout)',
  },
  {
    id: 'embedded-sandbox',
    title: 'Containers: bubblewrap with a system call filter',
    run: trySandbox,
    fix: () =>
      isInContainer()
        ? 'run the container with --security-opt seccomp=unconfined --security-opt systempaths=unconfined'
        : 'read the detail; AppArmor profiles for bwrap can forbid it (sudo aa-status)',
  },
];

async function tryStep(
  { id, title, run, fix }: Step,
  scope: { agent: Agent; folder: string },
): Promise<DoctorCheck> {
  try {
    return { id, title, status: 'ok', detail: await run(scope) };
  } catch (error) {
    const status = id === 'embedded-packet-log' ? 'warning' : 'missing';
    return { id, title, status, detail: messageOf(error), fix: fix() };
  }
}

function capacity(): DoctorCheck {
  const count = Math.max(0, Math.floor((totalmem() - SPARED_BYTES) / CLUSTER_BYTES));
  const gigabytes = (totalmem() / 2 ** 30).toFixed(1);
  return {
    id: 'embedded-capacity',
    title: 'Room for clusters',
    status: count > 0 ? 'ok' : 'warning',
    detail: `About ${count} lab clusters fit into ${gigabytes} GiB of memory.`,
    ...(count > 0 ? {} : { fix: 'use a machine with 4 GiB of memory or more' }),
  };
}
