import { DockerInfo, inotifyChecks, judgeDocker, judgeKind, judgeKubectl } from './doctor.js';

test('the doctor judges what programs and kernel say', () => {
  expect(judgeKind('kind v0.27.0 go1.24.4 linux/amd64').status).toBe('ok');
  expect(judgeKind('kind v0.26.0 go1.23')).toMatchObject({ status: 'missing' });
  expect(judgeKind('kind v0.99.1 go1.30 linux/arm64')).toMatchObject({
    status: 'warning',
    fix: expect.stringContaining('tag/v0.99.1'),
  });
  expect(judgeKind(undefined)).toMatchObject({
    status: 'missing',
    fix: expect.stringContaining('kind'),
  });
  expect(
    judgeKubectl('{"clientVersion":{"gitVersion": "v1.32.4"}}', 'kindest/node:v1.32.2').status,
  ).toBe('ok');
  expect(
    judgeKubectl('{"clientVersion":{"gitVersion": "v1.20.2"}}', 'kindest/node:v1.32.2').status,
  ).toBe('warning');
  expect(inotifyChecks('128', '8192')[0]).toMatchObject({
    status: 'warning',
    fix: expect.stringContaining('sysctl'),
  });
  expect(inotifyChecks('1024', '1048576')[0]?.status).toBe('ok');
  const info = DockerInfo.parse({
    ServerVersion: '28',
    MemTotal: 25e9,
    CgroupVersion: '1',
    SecurityOptions: ['name=rootless'],
  });
  const judged = (more: Partial<DockerInfo>, image = 'kindest/node:v1.32.2') =>
    judgeDocker({ ...info, ...more }, image).map(({ id, status }) => `${id} ${status}`);
  expect(judged({})).toEqual(['docker warning', 'cgroup missing', 'memory ok']);
  expect(judged({ SecurityOptions: [] })).toEqual(['docker ok', 'cgroup warning', 'memory ok']);
  expect(judged({ SecurityOptions: [] }, 'kindest/node:v1.35.0')[1]).toBe('cgroup missing');
  expect(judged({ ServerVersion: '20.10.24+dfsg1', CgroupVersion: '2' })[0]).toBe('docker warning');
  expect(judged({ ServerVersion: '19.03.1' })[0]).toBe('docker missing');
});
