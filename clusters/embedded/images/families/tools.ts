import type { ImageEntry } from '../image-entry.js';

const DEBIAN = 'The machine’s own Debian programs, read-only; nothing can be installed.';

const ALPINE_RELEASE = `NAME="Alpine Linux"
ID=alpine
PRETTY_NAME="Alpine Linux (stand-in)"
HOME_URL="https://alpinelinux.org/"
`;

/** Images that people open a shell in. */
export const TOOLS: readonly ImageEntry[] = [
  {
    names: [
      'busybox',
      'registry.k8s.io/e2e-test-images/busybox',
      'gcr.io/google_containers/busybox',
      'radial/busyboxplus',
      'yauritux/busybox-curl',
    ],
    command: ['sh'],
    userland: 'busybox',
    tags: /^(1\.\d{1,2}(\.\d{1,2})?(-[a-z0-9.-]+)?|musl|uclibc|glibc|unstable|curl)$/,
    honesty:
      'The real busybox, built by Debian; wget (no TLS), ping, traceroute, printenv and nc as a client are ours.',
  },
  {
    names: ['alpine'],
    command: ['/bin/sh'],
    roles: ['apk'],
    userland: 'busybox',
    files: { '/etc/os-release': ALPINE_RELEASE },
    tags: /^(3\.\d{1,2}(\.\d{1,2})?|3|edge)$/,
    honesty:
      'The real busybox, built by Debian, with the same five of ours; apk only says that nothing can be downloaded.',
  },
  {
    names: ['curlimages/curl', 'quay.io/curl/curl', 'alpine/curl', 'byrnedo/alpine-curl'],
    entrypoint: ['entrypoint.sh'],
    command: ['curl'],
    roles: ['entrypoint.sh'],
    links: { '/entrypoint.sh': '/usr/local/bin/entrypoint.sh' },
    userland: 'debian',
    needs: ['/usr/bin/curl'],
    honesty: 'The machine’s own curl and shell.',
  },
  {
    names: ['nicolaka/netshoot'],
    command: ['bash'],
    // What networking courses type and few machines have.
    roles: ['ping', 'traceroute', 'telnet', 'ipcalc'],
    userland: 'debian',
    honesty: `${DEBIAN} What is there: curl, dig, nc, ip, ss and others, as far as the machine has them; ping and traceroute are ours, telnet and ipcalc busybox’s. No pod may look at raw packets (tcpdump).`,
  },
  {
    names: ['alpine/k8s', 'bitnami/kubectl'],
    command: ['bash'],
    userland: 'debian',
    needs: ['/usr/bin/kubectl'],
    honesty: `${DEBIAN} kubectl is the machine’s, whatever the tag says.`,
  },
  {
    names: ['debian', 'debian-slim'],
    command: ['bash'],
    roles: ['apt', 'apt-get'],
    userland: 'debian',
    tags: /^(\d{1,2}(\.\d{1,2})?|bookworm|bullseye|buster|trixie|sid|testing|unstable)(-slim|-backports)?$/,
    honesty: `${DEBIAN} The version is the machine’s, whatever the tag says.`,
  },
  {
    names: ['ubuntu'],
    command: ['/bin/bash'],
    roles: ['apt', 'apt-get'],
    userland: 'debian',
    tags: /^(\d{2}\.\d{2}|noble|jammy|focal|bionic|rolling|devel)$/,
    honesty: `${DEBIAN} It is Debian, not Ubuntu.`,
  },
  {
    names: ['bash'],
    command: ['bash'],
    userland: 'debian',
    honesty: DEBIAN,
  },
  {
    names: [
      'registry.k8s.io/e2e-test-images/jessie-dnsutils',
      'gcr.io/kubernetes-e2e-test-images/dnsutils',
      'registry.k8s.io/e2e-test-images/dnsutils',
      'tutum/dnsutils',
    ],
    command: ['sleep', 'infinity'],
    userland: 'debian',
    needs: ['/usr/bin/dig'],
    honesty: `${DEBIAN} dig is there; nslookup as far as the machine has it.`,
  },
  {
    names: ['python'],
    command: ['python3'],
    roles: ['python', 'pip'],
    userland: 'debian',
    needs: ['/usr/bin/python3'],
    tags: /^(\d(\.\d{1,2}(\.\d{1,2})?)?)(-[a-z0-9.-]+)?$/,
    honesty:
      'The machine’s own Python 3, whatever the tag says; pip only says that nothing can be downloaded.',
  },
  {
    names: ['node'],
    command: ['node'],
    userland: 'debian',
    needs: ['/usr/bin/node'],
    tags: /^(\d{1,2}(\.\d{1,2}(\.\d{1,2})?)?|lts|current)(-[a-z0-9.-]+)?$/,
    honesty: 'The machine’s own Node.js, whatever the tag says.',
  },
  {
    names: ['perl'],
    command: ['perl', '-de0'],
    userland: 'debian',
    needs: ['/usr/bin/perl'],
    honesty: 'The machine’s own Perl, whatever the tag says.',
  },
];
