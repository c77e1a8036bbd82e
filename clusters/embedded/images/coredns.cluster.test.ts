/** The cluster's DNS, asked by dig. */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createImageBench, type ImageBench, type TestContainer } from './image-fixture.js';
import { renderZoneFile, type ZoneContent } from './zone-file.js';

const CONTENT: ZoneContent = {
  clusterDomain: 'cluster.local',
  namespaces: ['default', 'prod', 'empty'],
  services: [
    {
      type: 'cluster-ip',
      namespace: 'prod',
      name: 'web',
      address: '10.96.1.2',
      ports: [
        { name: 'http', protocol: 'TCP', port: 80 },
        { protocol: 'TCP', port: 81 },
      ],
    },
    {
      type: 'headless',
      namespace: 'prod',
      name: 'db',
      endpoints: [
        {
          address: '10.244.1.5',
          hostname: 'db-0',
          ports: [{ name: 'sql', protocol: 'TCP', port: 5432 }],
        },
        { address: '10.244.2.6', ports: [{ name: 'sql', protocol: 'TCP', port: 5433 }] },
      ],
    },
    { type: 'headless', namespace: 'prod', name: 'nobody', endpoints: [] },
    { type: 'external-name', namespace: 'prod', name: 'ext', target: 'www.example.com' },
  ],
  outside: { 'www.example.com': ['198.51.100.7', '198.51.100.8'] },
};

const PATIENCE_MS = 30_000;

let bench: ImageBench;
let coredns: TestContainer;
const zone = (): string => path.join(bench.folder, 'dns/zone');

beforeAll(async () => {
  bench = await createImageBench();
  await mkdir(path.dirname(zone()));
  await writeFile(zone(), renderZoneFile(CONTENT));
  coredns = await bench.start('registry.k8s.io/coredns/coredns:v1.11.3', {
    args: ['-conf', '/etc/coredns/Corefile'],
    mounts: [{ source: path.dirname(zone()), target: '/var/lib/gatehouse/dns', readOnly: true }],
  });
  await coredns.logged('CoreDNS-1.11.3');
}, PATIENCE_MS);
afterAll(async () => {
  await bench[Symbol.asyncDispose]();
});

const dig = async (...args: string[]): Promise<string> =>
  (await bench.run('dig', '+time=2', '+tries=2', '@127.0.0.1', ...args)).out;
const short = async (...args: string[]): Promise<string[]> =>
  (await dig('+short', ...args))
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .sort();
const status = async (...args: string[]): Promise<string | undefined> =>
  /status: (\w+)/.exec(await dig(...args))?.[1];

test(
  'Services, endpoints and reverse names are answered, over UDP and TCP',
  async () => {
    expect(await short('web.prod.svc.cluster.local')).toEqual(['10.96.1.2']);
    expect(await short('+tcp', 'WEB.prod.svc.Cluster.local')).toEqual(['10.96.1.2']);
    expect(await short('db.prod.svc.cluster.local')).toEqual(['10.244.1.5', '10.244.2.6']);
    expect(await short('db-0.db.prod.svc.cluster.local')).toEqual(['10.244.1.5']);
    expect(await short('10-244-2-6.db.prod.svc.cluster.local')).toEqual(['10.244.2.6']);
    expect(await short('-x', '10.96.1.2')).toEqual(['web.prod.svc.cluster.local.']);
    expect(await short('-x', '10.244.1.5')).toEqual(['db-0.db.prod.svc.cluster.local.']);
    expect(await short('10-1-2-3.prod.pod.cluster.local')).toEqual(['10.1.2.3']);
    expect(await short('TXT', 'dns-version.cluster.local')).toEqual(['"1.1.0"']);
  },
  PATIENCE_MS,
);

test(
  'SRV names ports and brings the addresses along',
  async () => {
    const web = await dig('SRV', '_http._tcp.web.prod.svc.cluster.local');
    expect(web).toMatch(/SRV\s+0 100 80 web\.prod\.svc\.cluster\.local\./);
    expect(web).toMatch(
      /ADDITIONAL SECTION:\nweb\.prod\.svc\.cluster\.local\.\s+5\s+IN\s+A\s+10\.96\.1\.2/,
    );
    expect(await short('SRV', '_sql._tcp.db.prod.svc.cluster.local')).toEqual([
      '0 100 5432 db-0.db.prod.svc.cluster.local.',
      '0 100 5433 10-244-2-6.db.prod.svc.cluster.local.',
    ]);
  },
  PATIENCE_MS,
);

test(
  'an alias is followed, and one that leads nowhere is still an answer',
  async () => {
    expect(await short('ext.prod.svc.cluster.local')).toEqual([
      '198.51.100.7',
      '198.51.100.8',
      'www.example.com.',
    ]);
    expect(await short('CNAME', 'ext.prod.svc.cluster.local')).toEqual(['www.example.com.']);
  },
  PATIENCE_MS,
);

test(
  'what is not there is told apart: no such name, or no such record',
  async () => {
    const missing = await dig('nothing.prod.svc.cluster.local');
    expect(missing).toContain('status: NXDOMAIN');
    expect(missing).toMatch(
      /cluster\.local\.\s+5\s+IN\s+SOA\s+ns\.dns\.cluster\.local\. hostmaster\.cluster\.local\./,
    );
    expect(missing).toMatch(/flags: qr aa rd;/);
    const noData = await dig('AAAA', 'web.prod.svc.cluster.local');
    expect(noData).toContain('status: NOERROR');
    expect(noData).toMatch(/ANSWER: 0, AUTHORITY: 1/);
    expect(await status('empty.svc.cluster.local')).toBe('NOERROR');
    expect(await status('nobody.prod.svc.cluster.local')).toBe('NOERROR');
    expect(await status('nope.svc.cluster.local')).toBe('NXDOMAIN');
    expect(await status('10-1-2-3.nope.pod.cluster.local')).toBe('NXDOMAIN');
    expect(await status('web.prod.svc.cluster.local.prod.svc.cluster.local')).toBe('NXDOMAIN');
    expect(await status('unknown.example.org')).toBe('NXDOMAIN');
    expect(await status('www.example.com')).toBe('NOERROR');
    expect(await status('AAAA', 'www.example.com')).toBe('NOERROR');
    expect(await status('CH', 'TXT', 'version.bind')).toBe('REFUSED');
  },
  PATIENCE_MS,
);

test(
  'names change within moments of the file, by hundreds and thousands',
  async () => {
    const many = Array.from({ length: 5000 }, (_, i) => ({
      type: 'cluster-ip' as const,
      namespace: 'prod',
      name: `s${i}`,
      address: `10.97.${i >> 8}.${i & 255}`,
      ports: [{ name: 'http', protocol: 'TCP' as const, port: 80 }],
    }));
    const big = { address: '10.244.1.', ports: [] };
    const headless = {
      type: 'headless' as const,
      namespace: 'prod',
      name: 'big',
      endpoints: Array.from({ length: 200 }, (_, i) => ({ ...big, address: `10.244.3.${i}` })),
    };
    await writeFile(`${zone()}.new`, renderZoneFile({ ...CONTENT, services: [...many, headless] }));
    const startedAt = performance.now();
    await rename(`${zone()}.new`, zone());
    while ((await short('s4999.prod.svc.cluster.local'))[0] !== '10.97.19.135') {
      expect(performance.now() - startedAt).toBeLessThan(2000);
      await sleep(5);
    }
    expect(await status('web.prod.svc.cluster.local')).toBe('NXDOMAIN');
    // Too long for a datagram: the client is told, and comes back over TCP.
    expect(await dig('+ignore', 'big.prod.svc.cluster.local')).toMatch(/flags: qr aa tc rd;/);
    expect(await short('big.prod.svc.cluster.local')).toHaveLength(200);
    await writeFile(zone(), renderZoneFile(CONTENT));
    await sleep(50);
    expect(await short('web.prod.svc.cluster.local')).toEqual(['10.96.1.2']);
  },
  PATIENCE_MS,
);

test(
  'answers take turns, so that clients spread',
  async () => {
    const firsts = new Set<string | undefined>();
    for (let i = 0; i < 6; i += 1) {
      firsts.add((await dig('+short', 'db.prod.svc.cluster.local')).split('\n')[0]);
    }
    expect(firsts.size).toBe(2);
  },
  PATIENCE_MS,
);

test(
  'nonsense is survived',
  async () => {
    for (const bytes of [
      'x',
      '\\0\\0',
      '\\0\\1\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0\\377\\377',
      '\\0\\1\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0\\100aaaa',
    ]) {
      await bench.run('sh', '-c', `printf '${bytes}' | nc -u -w1 127.0.0.1 53`);
    }
    expect(await short('web.prod.svc.cluster.local')).toEqual(['10.96.1.2']);
    expect(
      (await bench.run('curl', '-s', 'http://127.0.0.1:8080/health', 'http://127.0.0.1:8181/ready'))
        .out,
    ).toBe('OKOK');
    await coredns.signal(15);
    expect(await coredns.exited).toMatchObject({ exitCode: 0 });
  },
  PATIENCE_MS,
);
