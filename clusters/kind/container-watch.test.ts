import { ContainerWatch } from './container-watch.js';
import type { Container } from './list-containers.js';

/** A Docker whose stream of events the test speaks for. */
function createDocker() {
  const docker = {
    asked: 0,
    isUp: true,
    now: 0,
    streams: [] as { since: string; onLine: () => void; onEnd: () => void; isOpen: boolean }[],
  };
  const watch = new ContainerWatch(
    {
      ask: () => {
        docker.asked += 1;
        const one: Container = { name: `${docker.asked}`, state: '', ports: '', labels: {} };
        return docker.isUp ? Promise.resolve([one]) : Promise.reject(new Error('down'));
      },
      follow: (args, on) => {
        const stream = { since: args[2] ?? '', isOpen: true, ...on };
        docker.streams.push(stream);
        return {
          [Symbol.asyncDispose]: () => {
            stream.isOpen = false;
            return Promise.resolve();
          },
        };
      },
    },
    () => docker.now,
  );
  const look = async (): Promise<string | undefined> => (await watch.list())[0]?.name;
  return { docker, watch, look };
}

test('Docker is asked once for all who look, and again when an event came', async () => {
  const { docker, watch, look } = createDocker();
  docker.now = 5250;
  expect(await Promise.all([look(), look()])).toEqual(['1', '1']);
  expect(await look()).toBe('1');
  // What happened between the question and the stream is told by the stream.
  expect(docker.streams).toMatchObject([{ since: '5.250' }]);
  docker.streams[0]?.onLine();
  expect(await look()).toBe('2');
  watch.forget();
  expect(await look()).toBe('3');
  expect(docker.streams).toHaveLength(1);
});

test('an event that comes while Docker is being asked makes the next one ask again', async () => {
  const { docker, watch, look } = createDocker();
  await look();
  watch.forget();
  const asking = look();
  docker.streams[0]?.onLine();
  expect(await asking).toBe('2');
  expect(await look()).toBe('3');
});

test('a daemon that goes down is noticed, and its events are heard again when it is back', async () => {
  const { docker, look } = createDocker();
  await look();
  docker.isUp = false;
  docker.streams[0]?.onEnd();
  await expect(look()).rejects.toThrow('down');
  await expect(look()).rejects.toThrow('down');
  expect(docker.streams).toHaveLength(1);
  docker.isUp = true;
  expect(await look()).toBe('4');
  expect(docker.streams).toHaveLength(2);
});

test('what nobody contradicts for a minute is asked all the same', async () => {
  const { docker, look } = createDocker();
  await look();
  docker.now = 59_999;
  expect(await look()).toBe('1');
  docker.now = 60_000;
  expect(await look()).toBe('2');
});

test('one that is disposed of ends its stream and opens none', async () => {
  const { docker, watch, look } = createDocker();
  await look();
  await watch[Symbol.asyncDispose]();
  expect(docker.streams).toMatchObject([{ isOpen: false }]);
  await look();
  expect(docker.streams).toHaveLength(1);
});
