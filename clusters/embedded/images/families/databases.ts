import type { ImageEntry } from '../image-entry.js';

const SHELL = 'The shell, bash too, is busybox’s.';
const SQL =
  'A program of ours with the real greeting on the real port; it refuses every login and holds no data.';

/** Databases and caches. Their data is in memory or not there at all. */
export const DATABASES: readonly ImageEntry[] = [
  {
    names: ['redis', 'valkey/valkey', 'bitnami/redis'],
    entrypoint: ['docker-entrypoint.sh'],
    command: ['redis-server'],
    ports: [6379],
    workingDir: '/data',
    writable: ['/data'],
    roles: [
      'redis-server',
      'redis-cli',
      'valkey-server',
      'valkey-cli',
      'docker-entrypoint.sh',
      'bash',
    ],
    userland: 'busybox',
    honesty: `A program of ours that speaks Redis’s protocol: strings with expiry, AUTH, KEYS, INFO and redis-cli; in memory, at most 10,000 keys. ${SHELL}`,
  },
  {
    names: ['memcached'],
    entrypoint: ['docker-entrypoint.sh'],
    command: ['memcached'],
    ports: [11211],
    roles: ['memcached', 'docker-entrypoint.sh', 'bash'],
    userland: 'busybox',
    honesty: `A program of ours that speaks memcached’s text protocol: set, get, delete, stats; in memory. ${SHELL}`,
  },
  {
    names: ['postgres', 'bitnami/postgresql'],
    entrypoint: ['docker-entrypoint.sh'],
    command: ['postgres'],
    ports: [5432],
    writable: ['/var/lib/postgresql/data'],
    roles: ['postgres', 'docker-entrypoint.sh'],
    userland: 'debian',
    honesty:
      'A program of ours with PostgreSQL’s real login (password in clear text, no TLS); it answers every query with an error that says so. psql is the machine’s own, where it has one.',
  },
  {
    names: ['mysql'],
    entrypoint: ['docker-entrypoint.sh'],
    command: ['mysqld'],
    ports: [3306],
    writable: ['/var/lib/mysql'],
    roles: ['mysqld', 'docker-entrypoint.sh', 'bash'],
    userland: 'busybox',
    honesty: `${SQL} ${SHELL}`,
  },
  {
    names: ['mariadb'],
    entrypoint: ['docker-entrypoint.sh'],
    command: ['mariadbd'],
    ports: [3306],
    writable: ['/var/lib/mysql'],
    roles: ['mariadbd', 'docker-entrypoint.sh', 'bash'],
    userland: 'busybox',
    honesty: `${SQL} ${SHELL}`,
  },
  {
    names: ['mongo'],
    entrypoint: ['docker-entrypoint.sh'],
    command: ['mongod'],
    ports: [27017],
    writable: ['/data/db'],
    roles: ['mongod', 'docker-entrypoint.sh', 'bash'],
    userland: 'busybox',
    honesty: `A program of ours that answers MongoDB’s hello and ping on the real port; every other command fails and says so. ${SHELL}`,
  },
];
