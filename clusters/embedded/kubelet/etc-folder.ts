import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DNS_ADDRESS, ROUTER_ADDRESS } from '../network/addresses.js';
import type { PodObject } from '../network/objects.js';

/** Settings of the machine that programs of the `debian` userland need, found below /usr/local/etc inside. */
export const SHARED_ETC = [
  'alternatives',
  'bash.bashrc',
  'bash_completion',
  'bash_completion.d',
  'ca-certificates.conf',
  'debian_version',
  'host.conf',
  'inputrc',
  'ld.so.cache',
  'localtime',
  'magic',
  'mime.types',
  'nanorc',
  'os-release',
  'profile',
  'protocols',
  'rpc',
  'services',
  'ssl',
  'terminfo',
  'vim',
] as const;

export interface EtcOptions {
  folder: string;
  userland: 'busybox' | 'debian' | 'minimal';
  hostname: string;
  hosts: string;
  resolvConf: string;
  /** Name and home of the user beside root, for the workstation. */
  user?: { name: string; uid: number; home: string; shell: string };
  /** Files the image brings below /etc: path relative to it, and text. */
  files?: Readonly<Record<string, string>>;
  /** Places below /etc where volumes will be mounted, and whether each is a folder. */
  mountPoints?: readonly { path: string; folder: boolean }[];
}

/** Writes the /etc of a sandbox. */
export function writeEtcFolder(options: EtcOptions): void {
  const { folder, user } = options;
  mkdirSync(folder, { recursive: true });
  const write = (name: string, text: string): void => {
    writeFileSync(path.join(folder, name), text);
  };
  write('hostname', `${options.hostname}\n`);
  write('hosts', options.hosts);
  write('resolv.conf', options.resolvConf);
  const extraUser =
    user === undefined
      ? ''
      : `${user.name}:x:${user.uid}:${user.uid}::${user.home}:${user.shell}\n`;
  const shell = options.userland === 'debian' ? '/bin/bash' : '/bin/sh';
  write(
    'passwd',
    `root:x:0:0:root:/root:${shell}\n${extraUser}nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n`,
  );
  const extraGroup = user === undefined ? '' : `${user.name}:x:${user.uid}:\n`;
  write('group', `root:x:0:\n${extraGroup}nogroup:x:65534:\n`);
  write('nsswitch.conf', 'passwd: files\ngroup: files\nhosts: files dns\nservices: files\n');
  if (options.userland === 'debian') {
    for (const name of SHARED_ETC) {
      if (options.files?.[name] === undefined)
        symlinkSync(`/usr/local/etc/${name}`, path.join(folder, name));
    }
  }
  for (const [name, text] of Object.entries(options.files ?? {})) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    write(name, text);
  }
  for (const point of options.mountPoints ?? []) {
    const full = path.join(folder, point.path);
    mkdirSync(point.folder ? full : path.dirname(full), { recursive: true });
    if (!point.folder) writeFileSync(full, '', { flag: 'a' });
  }
}

export function podHosts(pod: PodObject, addresses: { hostIP: string; podIP: string }): string {
  if (pod.spec.hostNetwork === true) {
    return `127.0.0.1\tlocalhost\n${addresses.hostIP}\t${pod.spec.nodeName ?? ''}\n`;
  }
  const name = hostnameOf(pod);
  const domain =
    pod.spec.subdomain === undefined || pod.spec.subdomain === ''
      ? ''
      : `${name}.${pod.spec.subdomain}.${pod.metadata.namespace ?? ''}.svc.cluster.local\t`;
  const lines = [
    '# Kubernetes-managed hosts file.',
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    'fe00::0\tip6-localnet',
    'fe00::0\tip6-mcastprefix',
    'fe00::1\tip6-allnodes',
    'fe00::2\tip6-allrouters',
    `${addresses.podIP}\t${domain}${name}`,
  ];
  const aliases = pod.spec.hostAliases ?? [];
  if (aliases.length > 0) lines.push('', '# Entries added by HostAliases.');
  for (const alias of aliases) lines.push(`${alias.ip}\t${(alias.hostnames ?? []).join('\t')}`);
  return `${lines.join('\n')}\n`;
}

export function hostnameOf(pod: PodObject): string {
  if (pod.spec.hostNetwork === true) return pod.spec.nodeName ?? pod.metadata.name;
  return (pod.spec.hostname ?? '') === '' ? pod.metadata.name : (pod.spec.hostname ?? '');
}

export function podResolvConf(pod: PodObject): string {
  const policy = pod.spec.dnsPolicy ?? 'ClusterFirst';
  const cluster =
    policy === 'ClusterFirstWithHostNet' ||
    (policy === 'ClusterFirst' && pod.spec.hostNetwork !== true);
  const namespace = pod.metadata.namespace ?? 'default';
  const own = pod.spec.dnsConfig;
  const searches = cluster
    ? [`${namespace}.svc.cluster.local`, 'svc.cluster.local', 'cluster.local']
    : [];
  const servers = policy === 'None' ? [] : [cluster ? DNS_ADDRESS : ROUTER_ADDRESS];
  const options = new Map<string, string | undefined>(cluster ? [['ndots', '5']] : []);
  for (const option of own?.options ?? []) options.set(option.name ?? '', option.value);
  const allSearches = [...new Set([...searches, ...(own?.searches ?? [])])];
  const allServers = [...new Set([...servers, ...(own?.nameservers ?? [])])].slice(0, 3);
  const lines: string[] = [];
  if (allSearches.length > 0) lines.push(`search ${allSearches.join(' ')}`);
  for (const server of allServers) lines.push(`nameserver ${server}`);
  if (options.size > 0) {
    const texts = [...options].map(([name, value]) =>
      value === undefined ? name : `${name}:${value}`,
    );
    lines.push(`options ${texts.join(' ')}`);
  }
  return `${lines.join('\n')}\n`;
}
