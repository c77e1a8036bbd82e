import { failureOf } from './failures.js';

const failure = (stderr: string, program = 'kind') =>
  failureOf({ line: `${program} …`, program, exitCode: 1, stderr });

test.each([
  [
    'ERROR: failed to list clusters: command "docker ps" failed with error: exit status 1\n\nCommand Output: Cannot connect to the Docker daemon at unix:///nonexistent.sock. Is the docker daemon running?',
    'MACHINE_NOT_READY',
    'Docker is not running',
  ],
  [
    'ERROR: failed to create cluster: node(s) already exist for a cluster with the name "gh-ana"',
    'CLUSTER_EXISTS',
    'there is a cluster "ana" already',
  ],
  [
    "ERROR: failed to create cluster: 'Bad_Name' is not a valid cluster name, cluster names must match `^[a-z0-9.-]+$`",
    'BAD_REQUEST',
    '"Bad_Name" cannot be a cluster\'s name',
  ],
  [
    'ERROR: failed to create cluster: unable to decode config: yaml: unmarshal errors:\n  line 3: field nodez not found in type v1alpha4.Cluster',
    'CLUSTER_FAILED',
    'kind does not understand the configuration that we wrote for it',
  ],
  [
    'ERROR: failed to create cluster: failed to pull image "no-such/image:1": command "docker pull no-such/image:1" failed with error: exit status 1\n\nCommand Output: Error response from daemon: dial udp: connect: network is unreachable',
    'MACHINE_NOT_READY',
    'the image no-such/image:1 is not on this machine and could not be fetched',
  ],
  [
    'ERROR: image: "no-such:1" not present locally',
    'NOT_FOUND',
    'the image no-such:1 is not on this machine',
  ],
  [
    'ERROR: no nodes found for cluster "gh-nope"',
    'CLUSTER_NOT_FOUND',
    'the cluster "nope" has no nodes',
  ],
  [
    "ERROR: could not locate any control plane nodes for cluster named 'gh-nope'. Use the --name option",
    'CLUSTER_NOT_FOUND',
    'the cluster "nope" has no nodes',
  ],
  [
    'docker: Error response from daemon: driver failed programming external connectivity: Bind for 0.0.0.0:80 failed: port is already allocated.',
    'PORT_TAKEN',
    'a port that the cluster needs is taken',
  ],
  ['write /var/lib/docker/tmp/x: no space left on device', 'DISK_FULL', 'the disk is full'],
])('a failure is explained: %s', (stderr, code, message) => {
  const error = failure(stderr);
  expect(error).toMatchObject({ code, message });
  expect(error.fix).toBeTruthy();
});

test('a program that is missing, and words that nobody knows', () => {
  const missing = failureOf({
    line: 'kind version',
    program: 'kind',
    exitCode: 127,
    stderr: 'spawn kind ENOENT',
  });
  expect(missing).toMatchObject({ code: 'MACHINE_NOT_READY', message: 'kind is not installed' });
  expect(failure(' • Preparing nodes 📦  ...\nERROR: the moon is full')).toMatchObject({
    code: 'CLUSTER_FAILED',
    message: 'kind failed: ERROR: the moon is full',
    fix: 'run it by hand: kind …',
  });
});
