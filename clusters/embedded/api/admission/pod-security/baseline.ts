import {
  containersOf,
  containersText,
  named,
  plural,
  quoted,
  settersOf,
  sortedSet,
} from './check.js';
import type { Check } from './check.js';

const APPARMOR = 'container.apparmor.security.beta.kubernetes.io/';
const ADDABLE: readonly string[] = [
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
];
/** Safe kernel settings with the minor version that first allowed them. */
const SYSCTLS: Readonly<Record<string, number>> = {
  'kernel.shm_rmid_forced': 0,
  'net.ipv4.ip_local_port_range': 0,
  'net.ipv4.tcp_syncookies': 0,
  'net.ipv4.ping_group_range': 0,
  'net.ipv4.ip_unprivileged_port_start': 0,
  'net.ipv4.ip_local_reserved_ports': 27,
  'net.ipv4.tcp_keepalive_time': 29,
  'net.ipv4.tcp_fin_timeout': 29,
  'net.ipv4.tcp_keepalive_intvl': 29,
  'net.ipv4.tcp_keepalive_probes': 29,
  'net.ipv4.tcp_rmem': 32,
  'net.ipv4.tcp_wmem': 32,
};
const SELINUX_TYPES: readonly string[] = ['', 'container_t', 'container_init_t', 'container_kvm_t'];
const SECCOMP: readonly string[] = ['RuntimeDefault', 'Localhost'];

const appArmorProfile: Check = {
  since: 0,
  find(pod) {
    const values: string[] = [];
    const setters = settersOf(pod, (context) => {
      const type = context.appArmorProfile?.type;
      if (type === undefined || SECCOMP.includes(type)) return false;
      values.push(type);
      return true;
    });
    const annotations = Object.entries(pod.annotations)
      .filter(([key, value]) => key.startsWith(APPARMOR) && !isAllowedProfile(value))
      .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
      .sort();
    const bad = [...sortedSet(values), ...annotations];
    if (bad.length === 0) return undefined;
    const who = [
      ...(setters === '' ? [] : [setters]),
      ...(annotations.length === 0 ? [] : [plural('annotation', annotations.length)]),
    ].join(' and ');
    return {
      reason: plural('forbidden AppArmor profile', bad.length),
      detail: `${who} must not set AppArmor profile type to ${quoted(bad)}`,
    };
  },
};

/** At the restricted level its stricter sister stands in for it. */
const capabilities: Check = {
  since: 0,
  find(pod) {
    const added: string[] = [];
    const bad = containersOf(pod).filter(({ securityContext }) => {
      const others = (securityContext?.capabilities?.add ?? []).filter(
        (name) => !ADDABLE.includes(name),
      );
      added.push(...others);
      return others.length > 0;
    });
    if (bad.length === 0) return undefined;
    return {
      reason: 'non-default capabilities',
      detail: `${containersText(bad)} must not include ${quoted(sortedSet(added))} in securityContext.capabilities.add`,
    };
  },
};

const hostNamespaces: Check = {
  since: 0,
  find({ spec }) {
    const shared = (['hostIPC', 'hostNetwork', 'hostPID'] as const).filter((name) => spec[name]);
    if (shared.length === 0) return undefined;
    return {
      reason: 'host namespaces',
      detail: shared.map((name) => `${name}=true`).join(', '),
    };
  },
};

const hostPathVolumes: Check = {
  since: 0,
  find({ spec }) {
    const bad = (spec.volumes ?? []).filter(({ hostPath }) => hostPath !== undefined);
    if (bad.length === 0) return undefined;
    return {
      reason: 'hostPath volumes',
      detail: named(
        'volume',
        bad.map(({ name = '' }) => name),
      ),
    };
  },
};

const hostPorts: Check = {
  since: 0,
  find(pod) {
    const ports: string[] = [];
    const bad = containersOf(pod).filter((container) => {
      const taken = (container.ports ?? []).flatMap(({ hostPort = 0 }) =>
        hostPort === 0 ? [] : [String(hostPort)],
      );
      ports.push(...taken);
      return taken.length > 0;
    });
    if (bad.length === 0) return undefined;
    const list = sortedSet(ports);
    return {
      reason: 'hostPort',
      detail: `${containersText(bad)} ${bad.length === 1 ? 'uses' : 'use'} ${plural('hostPort', list.length)} ${list.join(', ')}`,
    };
  },
};

const privileged: Check = {
  since: 0,
  find(pod) {
    const bad = containersOf(pod).filter(
      ({ securityContext }) => securityContext?.privileged === true,
    );
    if (bad.length === 0) return undefined;
    return {
      reason: 'privileged',
      detail: `${containersText(bad)} must not set securityContext.privileged=true`,
    };
  },
};

const procMount: Check = {
  since: 0,
  find(pod) {
    const values: string[] = [];
    const bad = containersOf(pod).filter(({ securityContext }) => {
      const type = securityContext?.procMount ?? 'Default';
      if (type === 'Default') return false;
      values.push(type);
      return true;
    });
    if (bad.length === 0) return undefined;
    return {
      reason: 'procMount',
      detail: `${containersText(bad)} must not set securityContext.procMount to ${quoted(sortedSet(values))}`,
    };
  },
};

const seLinuxOptions: Check = {
  since: 0,
  find(pod, minor) {
    const types: string[] = [];
    const users: string[] = [];
    const roles: string[] = [];
    const setters = settersOf(pod, (context) => {
      const options = context.seLinuxOptions;
      if (options === undefined) return false;
      const { type = '', user = '', role = '' } = options;
      const known = SELINUX_TYPES.includes(type) || (type === 'container_engine_t' && minor >= 31);
      if (!known) types.push(type);
      if (user !== '') users.push(user);
      if (role !== '') roles.push(role);
      return !known || user !== '' || role !== '';
    });
    if (setters === '') return undefined;
    const what = [
      ...(types.length > 0 ? [named('type', sortedSet(types))] : []),
      ...(users.length > 0 ? ['user may not be set'] : []),
      ...(roles.length > 0 ? ['role may not be set'] : []),
    ].join('; ');
    return {
      reason: 'seLinuxOptions',
      detail: `${setters} set forbidden securityContext.seLinuxOptions: ${what}`,
    };
  },
};

/** Also what the restricted level says where a profile is named. */
export const seccompProfile: Check = {
  since: 19,
  find(pod) {
    const values: string[] = [];
    const setters = settersOf(pod, (context) => {
      const profile = context.seccompProfile;
      if (profile === undefined || SECCOMP.includes(profile.type ?? '')) return false;
      values.push(profile.type ?? '');
      return true;
    });
    if (setters === '') return undefined;
    return {
      reason: 'seccompProfile',
      detail: `${setters} must not set securityContext.seccompProfile.type to ${quoted(sortedSet(values))}`,
    };
  },
};

const sysctls: Check = {
  since: 0,
  find({ spec }, minor) {
    const bad = (spec.securityContext?.sysctls ?? [])
      .map(({ name = '' }) => name)
      .filter((name) => !Object.hasOwn(SYSCTLS, name) || (SYSCTLS[name] ?? 0) > minor);
    if (bad.length === 0) return undefined;
    return { reason: 'forbidden sysctls', detail: bad.join(', ') };
  },
};

const windowsHostProcess: Check = {
  since: 0,
  find(pod) {
    const setters = settersOf(pod, (context) => context.windowsOptions?.hostProcess === true);
    if (setters === '') return undefined;
    return {
      reason: 'hostProcess',
      detail: `${setters} must not set securityContext.windowsOptions.hostProcess=true`,
    };
  },
};

/** In the order in which a real server lists them. */
export const BASELINE: readonly Check[] = [
  appArmorProfile,
  capabilities,
  hostNamespaces,
  hostPathVolumes,
  hostPorts,
  privileged,
  procMount,
  seLinuxOptions,
  seccompProfile,
  sysctls,
  windowsHostProcess,
];

/** These have a stricter form of their own at the restricted level. */
export const REPLACED: readonly Check[] = [capabilities, hostPathVolumes, seccompProfile];

function isAllowedProfile(value: string): boolean {
  return value === '' || value === 'runtime/default' || value.startsWith('localhost/');
}
