import { dockerFix, type DockerHere } from './docker-fix.js';

test.each<[string, DockerHere, RegExp]>([
  [
    'only the client is here',
    { hasDaemon: false, hasSystemd: true },
    /^sudo apt-get install docker\.io && docker info/,
  ],
  [
    'the daemon is installed',
    { hasDaemon: true, hasSystemd: true },
    /^sudo systemctl start docker && docker info$/,
  ],
  ['there is no systemd', { hasDaemon: true, hasSystemd: false }, /^sudo sh -c "nohup dockerd /],
  [
    'Docker is elsewhere',
    { hasDaemon: true, hasSystemd: true, host: 'tcp://10.0.0.5:2376' },
    /^DOCKER_HOST=tcp:\/\/10\.0\.0\.5:2376 docker info/,
  ],
])('where Docker does not answer and %s, the doctor says what to type', (_, here, fix) => {
  expect(dockerFix(here)).toMatch(fix);
});
