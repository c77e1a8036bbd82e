import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import type { DoctorCheck } from '../../provider.js';

/** Why a machine forbids namespaces to ordinary users, and what its owner can do. */
export function explainNamespaces(message: string): DoctorCheck {
  const base = {
    id: 'embedded-namespaces',
    title: 'Ordinary users may make namespaces',
    status: 'missing' as const,
  };
  if (setting('user/max_user_namespaces') === '0') {
    return {
      ...base,
      detail: `The kernel allows none: user.max_user_namespaces is 0. (${message})`,
      fix: 'sudo sysctl -w user.max_user_namespaces=28633',
    };
  }
  if (setting('kernel/unprivileged_userns_clone') === '0') {
    return {
      ...base,
      detail: `They are switched off: kernel.unprivileged_userns_clone is 0. (${message})`,
      fix: 'sudo sysctl -w kernel.unprivileged_userns_clone=1',
    };
  }
  if (setting('kernel/apparmor_restrict_unprivileged_userns') === '1') {
    return {
      ...base,
      detail: `Ubuntu's AppArmor restricts them to programs with a profile. (${message})`,
      fix: 'sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0',
    };
  }
  if (isInContainer()) {
    return {
      ...base,
      detail: `This is a container whose system call filter forbids them. (${message})`,
      fix: 'run the container with --security-opt seccomp=unconfined --security-opt systempaths=unconfined',
    };
  }
  if (/microsoft/i.test(release())) {
    return {
      ...base,
      detail: `This WSL kernel lacks them. (${message})`,
      fix: 'wsl --update, in Windows; or a kernel of your own with CONFIG_USER_NS and CONFIG_NET_NS',
    };
  }
  return {
    ...base,
    detail: message,
    fix: 'use a Linux kernel with CONFIG_USER_NS, CONFIG_NET_NS and CONFIG_PID_NS, and no policy against them',
  };
}

export function isInContainer(): boolean {
  return existsSync('/.dockerenv') || existsSync('/run/.containerenv');
}

function setting(key: string): string | undefined {
  try {
    return readFileSync(`/proc/sys/${key}`, 'utf8').trim();
  } catch {
    return undefined;
  }
}
