import type { ClusterProvider } from '../../clusters/provider.js';
import { GatehouseError } from '../../common/errors.js';
import { findLab, loadCatalog } from '../../labs/catalog.js';
import { testLabs, wasTried } from '../../graders/test-labs.js';

const catalog = await loadCatalog('labs');
const labs = ['curl-pods', 'deny-all'].map((slug) => findLab(catalog, slug));

/** A provider that gives no cluster, and says why by the lab. */
function refusing(errors: Readonly<Record<string, Error>>): ClusterProvider {
  return {
    name: 'refusing',
    create: ({ labels }) =>
      Promise.reject(Object.entries(errors).find(([slug]) => labels['lab']?.endsWith(slug))![1]),
    list: () => Promise.resolve([]),
    open: () => Promise.reject(new Error('there is none')),
    doctor: () => Promise.resolve([]),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

test('a lab that is not offered is skipped, one without a cluster has failed, and all are told', async () => {
  const provider = refusing({
    'curl-pods': new GatehouseError('NOT_AVAILABLE', 'not for everybody'),
    'deny-all': new GatehouseError('MACHINE_NOT_READY', 'no Docker', { fix: 'start it' }),
  });
  const heard: string[] = [];
  const reports = await testLabs({
    labs,
    provider,
    jobs: 1,
    onReport: ({ lab }) => heard.push(lab),
  });
  expect(reports.map(({ passed, cases }) => ({ passed, cases }))).toMatchObject([
    { passed: true, cases: [{ name: 'cluster', skipped: 'not for everybody' }] },
    { passed: false, cases: [{ name: 'cluster', detail: 'no Docker. start it' }] },
  ]);
  expect(reports.map(wasTried)).toEqual([false, true]);
  expect(heard).toEqual(labs.map(({ id }) => id));
});

test.each([
  ['cancelling', new GatehouseError('CANCELLED', 'stopped')],
  ['a mistake of ours', new Error('undefined is not a function')],
])('%s is no result of a lab', async (_, error) => {
  const provider = refusing({ 'curl-pods': error, 'deny-all': error });
  await expect(testLabs({ labs, provider, jobs: 2 })).rejects.toBe(error);
});
