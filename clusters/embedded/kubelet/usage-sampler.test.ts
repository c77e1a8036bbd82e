import { UsageSampler } from './usage-sampler.js';

const process = (id: string, cpuMs: number) => ({ id, cpuMs, rssBytes: 4096, processes: 1 });

test('processor time is what was spent between two looks, by pod and container', async () => {
  let looks = 0;
  const sampler = new UsageSampler({
    usage: () => {
      looks += 1;
      const begin = [process('uid/a/0', 5000), process('uid/b/3', 70), process('workstation', 1)];
      const end = [process('uid/a/0', 5100), process('uid/b/4', 10), process('workstation', 9)];
      return Promise.resolve(looks === 1 ? begin : end);
    },
  });
  const report = await sampler.usage();
  expect(looks).toBe(2);
  expect(report.windowMs).toBeGreaterThanOrEqual(245);
  expect([...report.pods.keys()]).toEqual(['uid']);
  const [a, b] = report.pods.get('uid') ?? [];
  expect(a).toMatchObject({ name: 'a', memoryBytes: 4096 });
  expect(a?.nanocores).toBe(Math.round((100 / report.windowMs) * 1e9));
  expect(b?.nanocores).toBe(Math.round((10 / report.windowMs) * 1e9));
});

test('those who ask together, or a moment later, get one measurement', async () => {
  let looks = 0;
  const sampler = new UsageSampler({
    usage: () => {
      looks += 1;
      return Promise.resolve([]);
    },
  });
  const [one, two] = await Promise.all([sampler.usage(), sampler.usage()]);
  expect(two).toBe(one);
  expect(await sampler.usage()).toBe(one);
  expect(looks).toBe(2);
});
