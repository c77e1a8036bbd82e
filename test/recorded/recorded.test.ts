import { isJsonObject, valueAt, type JsonObject } from '../../common/json.js';
import type { Answer, TestServer } from '../../clusters/embedded/api/test-support/api-client.js';
import {
  describeRecorded,
  hasRecordings,
  listRecorded,
  readRecorded,
  type RecordedRequest,
} from '../../clusters/embedded/api/kinds/test-support/recorded.js';
import {
  againstList,
  isEqual,
  knownDifferences,
  printCount,
  type Comparison,
} from '../../clusters/embedded/api/kinds/test-support/known-differences.js';
import { startRecordedCluster, type RecordedCluster } from './recorded-cluster.js';

/** Every recorded answer of a real kube-apiserver 1.32 beside ours; what differs stands in docs/embedded-cluster.md. */
describeRecorded('answers beside those of a real server', () => {
  const known = knownDifferences();
  let cluster: RecordedCluster;
  beforeAll(async () => {
    cluster = await startRecordedCluster();
  });
  afterAll(async () => {
    await cluster[Symbol.asyncDispose]();
  });

  test('requests are answered as recorded: code, reason, message, causes and objects', async () => {
    const recorded = readRecorded<RecordedRequest[]>('statuses.json');
    const comparisons: Comparison[] = [];
    for (const one of recorded) comparisons.push(await compareAnswer(cluster.api, one));
    const errors = comparisons.filter((_, i) => (recorded[i]?.status ?? 0) >= 400);
    printCount('errors', errors);
    printCount(
      'other answers',
      comparisons.filter((one) => !errors.includes(one)),
    );
    expect(againstList(comparisons, known)).toEqual({ unlisted: [], outdated: [] });
    expect(errors.filter(isEqual).length / errors.length).toBeGreaterThanOrEqual(0.95);
  });

  test('tables have the recorded columns', async () => {
    const comparisons: Comparison[] = [];
    for (const folder of ['tables', 'live/tables']) {
      for (const file of listRecorded(folder)) {
        comparisons.push(await compareColumns(cluster.api, { folder, file }));
      }
    }
    printCount('tables by their columns', comparisons);
    expect(againstList(comparisons, known)).toEqual({ unlisted: [], outdated: [] });
  });

  test('discovery tells the recorded resources, plain and aggregated', async () => {
    const comparisons: Comparison[] = [];
    for (const file of listRecorded('discovery')) {
      comparisons.push(...(await compareResources(cluster.api, file)));
    }
    for (const root of ['api', 'apis']) {
      comparisons.push(...(await compareAggregated(cluster.api, root)));
    }
    printCount('resources in discovery', comparisons);
    expect(againstList(comparisons, known)).toEqual({ unlisted: [], outdated: [] });
  });

  test('lists have the recorded kind and version', async () => {
    const comparisons: Comparison[] = [];
    for (const folder of ['lists', 'live/lists']) {
      for (const file of listRecorded(folder)) {
        const { kind, apiVersion } = readRecorded<JsonObject>(`${folder}/${file}`);
        const ours = (await cluster.api.call('GET', pathOf(file))).json;
        comparisons.push({
          id: `${folder}/${file.replace('.json', '')}`,
          recorded: { kind, apiVersion },
          ours: isJsonObject(ours) ? { kind: ours['kind'], apiVersion: ours['apiVersion'] } : ours,
        });
      }
    }
    printCount('lists', comparisons);
    expect(againstList(comparisons, known)).toEqual({ unlisted: [], outdated: [] });
  });

  test('the OpenAPI index names the recorded documents', async () => {
    const recorded = readRecorded<{ paths: JsonObject }>('openapi-v3-index.json').paths;
    const ours = (await cluster.api.call('GET', '/openapi/v3')).json;
    const isServed = (name: string): boolean => valueAt(ours, ['paths', name]) !== undefined;
    const [documents, others] = [true, false].map((wanted) =>
      Object.keys(recorded).filter((name) => /^(api|apis\/[^/]+)\/v\d/.test(name) === wanted),
    );
    const comparisons: Comparison[] = documents!.map((name) => ({
      id: `openapi/${name}`,
      recorded: true,
      ours: isServed(name),
    }));
    const all = 'openapi/roots and groups';
    comparisons.push({ id: all, recorded: true, ours: others!.every(isServed) });
    printCount('OpenAPI documents', comparisons);
    expect(againstList(comparisons, known)).toEqual({ unlisted: [], outdated: [] });
  });
});

test.each([...knownDifferences().keys()])('the known difference %s has a recording', (id) => {
  if (!hasRecordings()) return;
  const [area = '', ...rest] = id.split('/');
  const name = rest.join('/');
  const statuses = readRecorded<RecordedRequest[]>('statuses.json').map((one) => one.case);
  const subresources = readRecorded<{ case: string }[]>('live/subresources.json').map(
    (one) => one.case,
  );
  const all = { statuses, subresources }[area];
  expect(all === undefined || all.includes(name)).toBe(true);
});

async function compareAnswer(api: TestServer, recorded: RecordedRequest): Promise<Comparison> {
  const { request, status, response } = recorded;
  const { ctype, ...headers } = request.headers;
  const hasBody = request.body !== '' || request.method === 'POST';
  const answer = await api.call(request.method, request.path, {
    ...(hasBody && { body: request.body }),
    headers: { ...headers, ...(ctype !== undefined && { 'content-type': ctype }) },
    ...(JSON.stringify(response).includes('system:anonymous') && { token: '' }),
  });
  return {
    id: `statuses/${recorded.case}`,
    recorded: { status, body: normal(response) },
    ours: { status: answer.status, body: normal(bodyOf(answer)) },
  };
}

function bodyOf(answer: Answer): unknown {
  return answer.json ?? answer.text;
}

/** Without what differs from run to run. */
function normal(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value)
      .replace(/"(resourceVersion|uid|time|creationTimestamp)":"[^"]*"/g, '"$1":"…"')
      .replace(/UID in record \([^)]*\)/g, 'UID in record (…)')
      .replace(/current: \d+/g, 'current: …'),
  );
}

async function compareColumns(
  api: TestServer,
  { folder, file }: { folder: string; file: string },
): Promise<Comparison> {
  const answer = await api.call('GET', pathOf(file), {
    headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
  });
  return {
    id: `${folder}/${file.replace('.json', '')}`,
    recorded: columnsOf(readRecorded(`${folder}/${file}`)),
    ours: columnsOf(answer.json),
  };
}

/** Descriptions are our own words. */
function columnsOf(table: unknown): unknown {
  const columns = isJsonObject(table) ? table['columnDefinitions'] : undefined;
  if (!Array.isArray(columns)) return table;
  return columns.filter(isJsonObject).map(({ name, type, format, priority }) => ({
    name,
    type,
    format,
    priority,
  }));
}

/** `apps__v1__deployments__ns.json` -> `/apis/apps/v1/namespaces/demo/deployments` */
function pathOf(file: string): string {
  const parts = file.replace('.json', '').split('__');
  const isNamespaced = parts.at(-1) === 'ns';
  if (isNamespaced) parts.pop();
  const plural = parts.pop() ?? '';
  const root = parts.length === 1 ? '/api/v1' : `/apis/${parts.join('/')}`;
  return `${root}${isNamespaced ? '/namespaces/demo' : ''}/${plural}`;
}

async function compareResources(api: TestServer, file: string): Promise<Comparison[]> {
  const groupVersion = file.replace('.json', '').replace('__', '/');
  const path = groupVersion === 'v1' ? '/api/v1' : `/apis/${groupVersion}`;
  const ours = resourcesOf((await api.call('GET', path)).json);
  return resourcesOf(readRecorded(`discovery/${file}`)).map((recorded) => ({
    id: `discovery/${groupVersion}/${textOf(recorded['name'])}`,
    recorded: comparable(recorded),
    ours: comparable(ours.find(({ name }) => name === recorded['name'])),
  }));
}

function resourcesOf(list: unknown): JsonObject[] {
  const resources = isJsonObject(list) ? list['resources'] : undefined;
  return Array.isArray(resources) ? resources.filter(isJsonObject) : [];
}

/** Hashes are of the server's own making. */
function comparable(resource: JsonObject | undefined): unknown {
  return { ...resource, storageVersionHash: undefined };
}

async function compareAggregated(api: TestServer, root: string): Promise<Comparison[]> {
  const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
  const ours = aggregatedOf((await api.call('GET', `/${root}`, { headers: { accept } })).json);
  const recorded = aggregatedOf(readRecorded(`discovery-${root}-aggregated.json`));
  return [...recorded].map(([id, resource]) => ({ id, recorded: resource, ours: ours.get(id) }));
}

function aggregatedOf(list: unknown): Map<string, unknown> {
  const found = new Map<string, unknown>();
  const groups = isJsonObject(list) && Array.isArray(list['items']) ? list['items'] : [];
  for (const group of groups.filter(isJsonObject)) {
    const versions = Array.isArray(group['versions']) ? group['versions'] : [];
    for (const version of versions.filter(isJsonObject)) {
      const name = valueAt(group, ['metadata', 'name']) ?? '';
      for (const resource of resourcesOf(version)) {
        const id = [name, version['version'], resource['resource']].map(textOf).join('/');
        found.set(`aggregated/${id}`, resource);
      }
    }
  }
  return found;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
