/** The stand-ins as learners meet them: real sandboxes, real clients. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createImageBench, type ImageBench } from './image-fixture.js';

const SIGTERM = 15;
const SIGHUP = 1;

const PATIENCE_MS = 30_000;

let bench: ImageBench;
beforeAll(async () => {
  bench = await createImageBench();
}, PATIENCE_MS);
afterAll(async () => {
  await bench[Symbol.asyncDispose]();
});

const curl = (...args: string[]) => bench.run('curl', '-s', '--max-time', '5', ...args);

test(
  'nginx serves its page, logs each request, and lets the page be changed',
  async () => {
    const nginx = await bench.start('nginx:1.27');
    await nginx.logged('start worker processes');
    const { out } = await curl('-i', 'http://127.0.0.1/');
    expect(out).toMatch(/^HTTP\/1.1 200 OK\r\nServer: nginx\//);
    expect(out).toContain('Welcome to nginx!');
    expect(
      (await curl('-o', '/dev/null', '-w', '%{http_code}', 'http://127.0.0.1/nothing')).out,
    ).toBe('404');
    await nginx.logged('"GET /nothing HTTP/1.1" 404');
    expect(await nginx.log()).toMatch(
      /127\.0\.0\.1 - - \[.*\] "GET \/ HTTP\/1\.1" 200 \d+ "-" "curl\/.*" "-"/,
    );
    await nginx.exec('sh', '-c', 'echo mine > /usr/share/nginx/html/index.html');
    expect((await curl('http://127.0.0.1/')).out).toBe('mine\n');
    expect((await nginx.exec('nginx', '-t')).code).toBe(0);
    await nginx.signal(SIGTERM);
    expect(await nginx.exited).toMatchObject({ exitCode: 0 });
  },
  PATIENCE_MS,
);

test(
  'nginx obeys a simple configuration, passes requests on, and says what it does not know',
  async () => {
    const conf = `
    # two servers and a proxy
    server { listen 8001; location / { return 200 "hello from $hostname to \${remote_addr}\\n"; }
             location = /moved { return 301 https://example.com$request_uri; } }
    server { listen 8002; location /api/ { proxy_set_header X-Seen $remote_addr; proxy_pass http://127.0.0.1:8003/; }
             location / { proxy_pass http://127.0.0.1:9; } }
    server { listen 8003; location / { add_header X-Back yes; return 200 "$request_uri $http_x_seen"; } }`;
    const nginx = await bench.start('nginx', { files: { 'nginx/conf.d/default.conf': conf } });
    await nginx.logged('start worker processes');
    expect((await curl('http://127.0.0.1:8001/')).out).toBe('hello from pod-1 to 127.0.0.1\n');
    expect((await curl('-i', 'http://127.0.0.1:8001/moved')).out).toContain(
      'Location: https://example.com/moved',
    );
    expect((await curl('-i', 'http://127.0.0.1:8002/api/x?y=1')).out).toMatch(
      /X-Back: yes[^]*\/x\?y=1 127\.0\.0\.1$/,
    );
    expect(
      (await curl('-w', '%{http_code}', '-o', '/dev/null', 'http://127.0.0.1:8002/')).out,
    ).toBe('502');
    await nginx.logged('connect() failed (111: Connection refused) while connecting to upstream');
    await nginx.signal(SIGTERM);
    const refused = await bench.start('nginx', {
      files: { 'nginx/conf.d/default.conf': 'server { listen 8004; lua_code off; }' },
    });
    expect(await refused.exited).toMatchObject({ exitCode: 1 });
    expect(await refused.log()).toContain(
      'directive "lua_code" is not known to this stand-in for nginx in /etc/nginx/conf.d/default.conf:1',
    );
  },
  PATIENCE_MS,
);

test(
  'an address in use ends the second server as it ends the real one',
  async () => {
    const first = await bench.start('httpd');
    await first.logged('resuming normal operations');
    expect((await curl('http://127.0.0.1/')).out).toContain('It works!');
    const second = await bench.start('nginx');
    expect(await second.exited).toMatchObject({ exitCode: 1 });
    expect(await second.log()).toContain(
      'bind() to 0.0.0.0:80 failed (98: Address already in use)',
    );
    await first.signal(SIGTERM);
    expect(await first.exited).toMatchObject({ exitCode: 0 });
  },
  PATIENCE_MS,
);

test(
  'HTTP details hold: keep-alive, HEAD, bodies, chunks, nonsense',
  async () => {
    const echo = await bench.start('registry.k8s.io/echoserver:1.10');
    await echo.logged('Starting nginx');
    const url = 'http://127.0.0.1:8080/a?b=c';
    const reused = await curl('-w', '%{num_connects}.', url, url);
    expect(reused.out).toMatch(/1\.[^]*0\.$/);
    expect(reused.out).toContain('client_address=127.0.0.1');
    expect((await curl('-d', 'payload', url)).out).toContain('payload');
    expect((await curl('-H', 'Transfer-Encoding: chunked', '-d', 'in chunks', url)).out).toContain(
      'in chunks',
    );
    expect((await curl('-I', url)).out).toMatch(/^HTTP\/1.1 200 OK[^]*\r\n\r\n$/);
    const raw = await bench.run(
      'sh',
      '-c',
      'printf "nonsense\\r\\n\\r\\n" | nc -q1 127.0.0.1 8080',
    );
    expect(raw.out).toMatch(/^HTTP\/1.1 400 Bad Request/);
    expect(
      (await curl('-H', `X: ${'x'.repeat(40_000)}`, '-w', '%{http_code}', '-o', '/dev/null', url))
        .out,
    ).toBe('431');
    await echo.signal(SIGTERM);
  },
  PATIENCE_MS,
);

test(
  'small servers say who they are',
  async () => {
    const hello = await bench.start('gcr.io/google-samples/hello-app:2.0', {
      env: { PORT: '8101' },
    });
    const echo = await bench.start('hashicorp/http-echo', {
      args: ['-text=one two', '-listen=:8102'],
    });
    const whoami = await bench.start('traefik/whoami', { args: ['--port', '8103'] });
    await Promise.all([
      hello.logged('listening on port'),
      echo.logged('is listening'),
      whoami.logged('Starting up'),
    ]);
    expect((await curl('http://127.0.0.1:8101/')).out).toBe(
      'Hello, world!\nVersion: 1.0.0\nHostname: pod-1\n',
    );
    expect((await curl('http://127.0.0.1:8102/')).out).toBe('one two\n');
    expect((await curl('http://127.0.0.1:8103/')).out).toContain('Hostname: pod-1\n');
    const silent = await bench.start('hashicorp/http-echo');
    expect(await silent.exited).toMatchObject({ exitCode: 127 });
    for (const container of [hello, echo, whoami]) await container.signal(SIGTERM);
    expect(await hello.exited).toMatchObject({ exitCode: 2 });
  },
  PATIENCE_MS,
);

test(
  'agnhost netexec answers over HTTP and UDP, dials others, and exits when told',
  async () => {
    const pod = await bench.start('registry.k8s.io/e2e-test-images/agnhost:2.53', {
      args: ['netexec', '--http-port=8201', '--udp-port=8202'],
    });
    await pod.logged('Started HTTP server on port 8201');
    const get = async (path: string): Promise<string> =>
      (await curl(`http://127.0.0.1:8201${path}`)).out;
    expect(await get('/hostname')).toBe('pod-1');
    expect(await get('/hostName')).toBe('pod-1');
    expect(await get('/clientip')).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(await get('/echo?msg=a%20b')).toBe('a b');
    expect(await get('/dial?host=127.0.0.1&port=8201&request=hostname&tries=2')).toBe(
      '{"responses":["pod-1","pod-1"]}',
    );
    expect(await get('/dial?host=127.0.0.1&port=8202&request=echo%20Hi&protocol=udp')).toBe(
      '{"responses":["hi"]}',
    );
    expect(await get('/dial?host=127.0.0.1&port=9&request=hostname')).toContain(
      'connection refused',
    );
    expect(await get('/healthz')).toBe('');
    expect((await bench.run('sh', '-c', 'echo hostname | nc -u -w1 127.0.0.1 8202')).out).toBe(
      'pod-1',
    );
    expect((await pod.exec('/agnhost', 'connect', '127.0.0.1:8201', '--timeout=1s')).code).toBe(0);
    await get('/exit?code=7');
    expect(await pod.exited).toMatchObject({ exitCode: 7 });
  },
  PATIENCE_MS,
);

test(
  'agnhost connect tells causes apart in the words tests look for',
  async () => {
    const pod = await bench.start('registry.k8s.io/e2e-test-images/agnhost:2.53');
    await pod.logged('Paused');
    const connect = async (...args: string[]): Promise<string> => {
      const { code, err } = await pod.exec('/agnhost', 'connect', ...args);
      expect(code).toBe(1);
      return err;
    };
    expect(await connect('127.0.0.1:9')).toBe('REFUSED\n');
    expect(await connect('127.0.0.1:9', '--protocol=udp', '--timeout=1s')).toMatch(
      /^REFUSED: read udp /,
    );
    expect(await connect('127.0.0.1')).toBe(
      'UNKNOWN: address 127.0.0.1: missing port in address\n',
    );
    expect(await connect('nowhere.example:80', '--timeout=1s')).toMatch(
      /^DNS: lookup nowhere.example/,
    );
    expect(await connect('192.0.2.1:80', '--timeout=1s')).toBe(
      'OTHER: dial tcp 192.0.2.1:80: connect: network is unreachable\n',
    );
    await bench.agent.nft(
      'pod',
      'add table ip t; add chain ip t i { type filter hook input priority 0; }; add rule ip t i th dport 8299 drop',
    );
    expect(await connect('127.0.0.1:8299', '--timeout=300ms')).toBe('TIMEOUT\n');
    expect(await connect('127.0.0.1:8299', '--timeout=300ms', '--protocol=udp')).toMatch(
      /^TIMEOUT: read udp .*: i\/o timeout\n$/,
    );
    await bench.agent.nft('pod', 'delete table ip t');
    expect((await pod.exec('/agnhost', 'dns-server-list')).out).toBe('127.0.0.1\n');
    expect((await pod.exec('/agnhost', 'entrypoint-tester', 'a', 'b')).out).toBe(
      '[/agnhost entrypoint-tester a b]\n',
    );
    await pod.signal(SIGTERM);
    expect(await pod.exited).toMatchObject({ exitCode: 0 });
  },
  PATIENCE_MS,
);

test(
  'agnhost porter, serve-hostname and logs-generator do what they are for',
  async () => {
    const image = 'registry.k8s.io/e2e-test-images/agnhost:2.53';
    const porter = await bench.start(image, {
      args: ['porter', '--json-response'],
      env: { SERVE_PORT_8301: 'foo', SERVE_TCP_PORT_8302: 'bar', SERVE_UDP_PORT_8302: 'baz' },
    });
    const host = await bench.start(image, { args: ['serve-hostname', '--tcp', '--port=8303'] });
    await host.logged('Serving on port 8303');
    expect((await curl('http://127.0.0.1:8301', 'http://127.0.0.1:8302')).out).toBe(
      '{"Method":"GET","Body":"foo"}{"Method":"GET","Body":"bar"}',
    );
    expect((await bench.run('sh', '-c', 'echo hi | nc -u -w1 127.0.0.1 8302')).out).toBe('baz');
    expect((await bench.run('nc', '-w1', '127.0.0.1', '8303')).out).toBe('pod-1');
    const logs = await bench.start(image, {
      args: ['logs-generator', '--log-lines-total', '20', '--run-duration', '100ms'],
    });
    expect(await logs.exited).toMatchObject({ exitCode: 0 });
    expect((await logs.log()).trim().split('\n')).toHaveLength(20);
    await porter.signal(SIGTERM);
    await host.signal(SIGTERM);
  },
  PATIENCE_MS,
);

test(
  'agnhost netexec answers everything alike where told to, and goes on serving while it is told to end',
  async () => {
    const pod = await bench.start('registry.k8s.io/e2e-test-images/agnhost:2.53', {
      args: [
        'netexec',
        ...['--http-port=8501', '--udp-port=-1', '--delay-shutdown=1'],
        '--http-override=/echo?code=404&msg=not here',
      ],
    });
    await pod.logged('Started HTTP server');
    const ask = (path: string) => curl('-w', ' %{http_code}', `http://127.0.0.1:8501${path}`);
    expect((await ask('/hostname')).out).toBe('not here 404');
    await pod.signal(SIGTERM);
    await pod.logged('Sleeping 1 seconds before exit ...');
    expect((await ask('/')).out).toBe('not here 404');
    expect(await pod.exited).toMatchObject({ exitCode: 0 });
  },
  PATIENCE_MS,
);

test(
  'agnhost nettest counts who wrote to it, and says that it cannot reach the API',
  async () => {
    const image = 'registry.k8s.io/e2e-test-images/agnhost:2.53';
    const mounts = [
      { source: bench.folder, target: '/var/run/secrets/kubernetes.io', readOnly: true },
    ];
    const account = path.join(bench.folder, 'serviceaccount');
    await mkdir(account);
    await writeFile(path.join(account, 'token'), 'secret');
    const pod = await bench.start(image, {
      args: ['nettest', '-port=8502', '-peers=2', '-service=web'],
      env: { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: '9' },
      mounts,
    });
    await pod.logged('Unable to get server version: curl: (');
    const ask = async (path: string, ...more: string[]) =>
      (await curl(...more, `http://127.0.0.1:8502${path}`)).out;
    const hello = '{"Dest":"http://10.0.0.1","Source":"a \\u00e9","Extra":[{"x":[1,"]"]},null]}';
    expect(await ask('/write', '-d', hello)).toBe('{"Hostname":"pod-1"}\n');
    await ask('/write', '-d', hello);
    await ask('/write', '-d', '{"Source":');
    expect(await ask('/status')).toBe('running');
    expect(await ask('/read')).toBe(
      `{\n\t"Hostname": "pod-1",\n\t"Sent": null,\n\t"Received": {\n\t\t"a é": 2\n\t},\n` +
        `\t"Errors": [\n\t\t"pod-1: Got request with no source"\n\t],\n\t"Log": null,\n\t"StillContactingPeers": true\n}`,
    );
    await ask('/quit');
    expect(await pod.exited).toMatchObject({ exitCode: 0 });
    const alone = await bench.start(image, { args: ['nettest', '-port=8503'] });
    expect(await alone.exited).toMatchObject({ exitCode: 1 });
    expect(await alone.log()).toContain('unable to load in-cluster configuration');
  },
  PATIENCE_MS,
);

test(
  'redis keeps strings, asks for its password, and comes with its client',
  async () => {
    const redis = await bench.start('redis:7-alpine', { args: ['--requirepass', 'scooter'] });
    await redis.logged('Ready to accept connections');
    const cli = async (...args: string[]) => (await redis.exec('redis-cli', ...args)).out.trim();
    expect(await cli('ping')).toBe('NOAUTH Authentication required.');
    expect(await cli('-a', 'scooter', 'set', 'k', 'some words')).toBe('OK');
    expect(await cli('-a', 'scooter', 'get', 'k')).toBe('some words');
    expect(await cli('-a', 'scooter', 'incr', 'n')).toBe('1');
    expect(await cli('-a', 'scooter', '--no-raw', 'keys', '*')).toMatch(/1\) "n"\n2\) "k"/);
    expect(
      (
        await bench.run(
          'sh',
          '-c',
          `printf 'PING\\r\\nAUTH scooter\\r\\nPING\\r\\nQUIT\\r\\n' | nc -q1 127.0.0.1 6379`,
        )
      ).out,
    ).toBe('-NOAUTH Authentication required.\r\n+OK\r\n+PONG\r\n+OK\r\n');
    await redis.signal(SIGTERM);
    expect(await redis.exited).toMatchObject({ exitCode: 0 });
  },
  PATIENCE_MS,
);

test(
  'databases greet, log in or refuse, and say what they are',
  async () => {
    const postgres = await bench.start('postgres:17', { env: { POSTGRES_PASSWORD: 'pw' } });
    const mysql = await bench.start('mysql:8', { env: { MYSQL_ROOT_PASSWORD: 'pw' } });
    const mongo = await bench.start('mongo:8', { args: ['--port', '27018'] });
    const memcached = await bench.start('memcached', { args: ['-p', '11212'] });
    await Promise.all([
      postgres.logged('ready to accept'),
      mysql.logged('ready for connections'),
      mongo.logged('Waiting for connections'),
    ]);
    // SSLRequest is declined with one letter; then the server asks for a password in clear text.
    const startup = `printf '\\0\\0\\0\\010\\004\\322\\026\\057'; sleep 0.2; printf '\\0\\0\\0\\027\\0\\003\\0\\0user\\0postgres\\0\\0'; sleep 0.2`;
    const session = await bench.run(
      'sh',
      '-c',
      `(${startup}) | nc -q1 127.0.0.1 5432 | od -An -c | tr -d ' \\n'`,
    );
    expect(session.out).toBe('NR\\0\\0\\0\\b\\0\\0\\0003');
    expect(
      (await bench.run('sh', '-c', 'nc -w1 127.0.0.1 3306 < /dev/null | strings')).out,
    ).toContain('8.4.4-standin');
    expect((await curl('http://127.0.0.1:27018')).out).toContain('MongoDB over HTTP');
    const stored = await bench.run(
      'sh',
      '-c',
      `printf 'set a 0 0 2\\r\\nhi\\r\\nget a\\r\\nquit\\r\\n' | nc -q1 127.0.0.1 11212`,
    );
    expect(stored.out).toBe('STORED\r\nVALUE a 0 2\r\nhi\r\nEND\r\n');
    for (const container of [postgres, mysql, mongo, memcached]) {
      await container.signal(SIGTERM);
      expect(await container.exited).toMatchObject({ exitCode: 0 });
    }
    const unset = await bench.start('postgres:17');
    expect(await unset.exited).toMatchObject({ exitCode: 1 });
    expect(await unset.log()).toContain('POSTGRES_PASSWORD');
  },
  PATIENCE_MS,
);

test(
  'pause, control plane and plugins are there, small, and answer their probes',
  async () => {
    const pause = await bench.start('registry.k8s.io/pause:3.10');
    const calico = await bench.start('docker.io/calico/node:v3.29.1');
    const etcd = await bench.start('registry.k8s.io/etcd:3.5.16-0', {
      command: ['etcd', '--name=a'],
    });
    await Promise.all([calico.logged('Felix starting up'), etcd.logged('serving client traffic')]);
    expect((await calico.exec('/bin/calico-node', '-felix-live')).code).toBe(0);
    // Bubblewrap's own process counts in.
    expect(await pause.rssBytes()).toBeLessThan(4_000_000);
    for (const container of [pause, calico, etcd]) {
      await container.signal(SIGTERM);
      expect(await container.exited).toMatchObject({ exitCode: 0 });
    }
    expect(await pause.log()).toContain('Shutting down, got signal: Terminated');
    const install = await bench.start('calico/cni:v3.29.1', { command: ['/opt/cni/bin/install'] });
    expect(await install.exited).toMatchObject({ exitCode: 0 });
  },
  PATIENCE_MS,
);

test(
  'shells have what they promise',
  async () => {
    const busybox = await bench.start('busybox:1.36', { command: ['sleep', '1000'] });
    expect((await busybox.exec('sh', '-c', 'echo $0; ls -l /bin/wget | wc -l')).out).toBe(
      'sh\n1\n',
    );
    const alpine = await bench.start('alpine:3.20', { command: ['sleep', '1000'] });
    expect((await alpine.exec('apk', 'add', 'curl')).err).toContain(
      'apk cannot download packages here',
    );
    const shoot = await bench.start('nicolaka/netshoot', { command: ['sleep', '1000'] });
    expect((await shoot.exec('bash', '-c', 'command -v curl dig ip')).out.split('\n')).toHaveLength(
      4,
    );
    // A pod of the bench is alone: nothing but itself is near.
    const hops = await shoot.exec('traceroute', '-n', '-q', '1', '127.0.0.1');
    expect(hops.out).toMatch(
      /^traceroute to 127.0.0.1 \(127.0.0.1\), 30 hops max, 46 byte packets\n 1 {2}127.0.0.1 {2}\d+\.\d{3} ms\n$/,
    );
    expect((await shoot.exec('ipcalc', '-b', '10.0.0.0/24')).out).toBe('BROADCAST=10.0.0.255\n');
    // The image has bash, busybox's own has not.
    const nginx = await bench.start('nginx', { command: ['sleep', '1000'] });
    for (const shell of ['bash', '/bin/bash']) {
      const said = await nginx.exec(shell, '--login', '-c', 'echo "$0 $1"', 'a', 'b');
      expect(said.out).toBe('a b\n');
    }
    expect((await busybox.exec('sh', '-c', 'command -v bash')).code).not.toBe(0);
    const once = await bench.start('curlimages/curl:8.11.0', { args: ['--version'] });
    expect(await once.exited).toMatchObject({ exitCode: 0 });
    expect(await once.log()).toMatch(/^curl \d/);
  },
  PATIENCE_MS,
);

test(
  'a reloaded nginx follows its new configuration',
  async () => {
    const nginx = await bench.start('nginx', {
      files: { 'nginx/conf.d/default.conf': 'server { listen 8401; return 200 old; }' },
    });
    await nginx.logged('start worker processes');
    expect((await curl('http://127.0.0.1:8401')).out).toBe('old');
    await nginx.signal(SIGHUP);
    await nginx.logged('reconfiguring');
    expect((await nginx.exec('nginx', '-s', 'reload')).code).toBe(0);
    expect((await curl('http://127.0.0.1:8401')).out).toBe('old');
    await nginx.signal(SIGTERM);
  },
  PATIENCE_MS,
);

test(
  'busybox has wget with a timeout, nc that only looks, ping and printenv, in its shell too',
  async () => {
    const box = await bench.start('busybox:1.36', { command: ['sleep', '60'] });
    const nginx = await bench.start('nginx:1.27');
    await nginx.logged('start worker processes');
    const sh = (script: string) => box.exec('sh', '-c', script);
    expect((await sh('wget -qO- -T 2 http://127.0.0.1')).out).toContain('Welcome to nginx!');
    expect(await sh('wget --spider --timeout=1 127.0.0.1')).toMatchObject({
      code: 0,
      err: 'Connecting to 127.0.0.1 (127.0.0.1:80)\nremote file exists\n',
    });
    expect(await sh('wget -q -T 1 http://127.0.0.1/nothing')).toMatchObject({
      code: 1,
      err: 'wget: server returned error: HTTP/1.1 404 Not Found\n',
    });
    expect((await sh('cd /tmp && wget -q 127.0.0.1 && cat index.html')).out).toContain('nginx');
    expect(await sh('wget -T 1 -O - http://127.0.0.1:9')).toMatchObject({
      code: 1,
      err: expect.stringContaining("can't connect to remote host (127.0.0.1): Connection refused"),
    });
    expect(await sh('nc -zv -w 1 127.0.0.1 80')).toMatchObject({
      code: 0,
      err: '127.0.0.1 (127.0.0.1:80) open\n',
    });
    expect((await sh('nc -z 127.0.0.1 9')).code).toBe(1);
    // The listener's own input stays open: its end would hang up on the caller before it has spoken.
    const call = 'sleep 2 | nc -l -p 7777 & sleep 0.2; echo hi | nc -w 1 127.0.0.1 7777; wait';
    expect((await sh(call)).out).toBe('hi\n');
    expect((await sh('A=1 printenv A')).out).toBe('1\n');
    expect((await sh('ping -c 1 127.0.0.1')).out).toContain('1 packets received, 0% packet loss');
  },
  PATIENCE_MS,
);
