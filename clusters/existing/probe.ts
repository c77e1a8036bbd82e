import { setTimeout as sleep } from 'node:timers/promises';
import { GatehouseError, messageOf } from '../../common/errors.js';
import type { JsonObject } from '../../common/json.js';
import type { ProbeCause, ProbeRequest, ProbeResult } from '../../common/probe.js';
import { objectsAt, pathOf, textAt, type KubeApi } from '../client/kube-api.js';
import { find, hasEnded, targetOf, viewFor, type ProbeView } from '../client/probe-targets.js';
import { PODS } from '../client/wait-ready.js';
import type { ExistingContext } from './context.js';
import { PROBER } from './names.js';

const START_MS = 30_000;
const SLACK_MS = 20_000;
const DEFAULT_TIMEOUT_MS = 800;

interface Plan {
  index: number;
  source: { namespace: string; name: string };
  /** `10.0.0.1:80`, `[fd00::1]:80` */
  at: string;
  address: string;
  protocol: string;
  timeoutMs: number;
}

/**
 * Sends real packets from the network of the source pods: an ephemeral container of the pinned image is put into each, once,
 * and asked in one exec for all its probes. Nothing of the pod's own image is run. Only pods can be sources.
 */
export async function probeExisting(
  context: ExistingContext,
  work: { requests: readonly ProbeRequest[]; signal?: AbortSignal },
): Promise<ProbeResult[]> {
  const { requests, signal } = work;
  throwIfAborted(signal);
  const api = await context.api();
  const view = await viewFor(api, requests);
  const plans = requests.map((request, index) => planOf(request, { index, view }));
  const answers = new Map<number, Answer>();
  const bySource = new Map<string, Plan[]>();
  for (const plan of plans) {
    if (!('source' in plan)) continue;
    const key = `${plan.source.namespace}/${plan.source.name}`;
    bySource.set(key, [...(bySource.get(key) ?? []), plan]);
  }
  await Promise.all(
    [...bySource.values()].map(async (own) => {
      for (const [index, answer] of await send(context, { plans: own, view, signal })) {
        answers.set(index, answer);
      }
    }),
  );
  throwIfAborted(signal);
  return requests.map((request, index): ProbeResult => {
    const plan = plans[index];
    if (plan === undefined || 'cause' in plan) {
      return { request, tookMs: 0, ...(plan ?? { cause: 'unknown' }) };
    }
    const answer = answers.get(index) ?? {
      cause: 'unknown',
      tookMs: 0,
      detail: 'the prober said nothing',
    };
    return { request, address: plan.address, ...answer };
  });
}

interface Answer {
  cause: ProbeCause;
  tookMs: number;
  detail?: string;
}

function planOf(
  request: ProbeRequest,
  { index, view }: { index: number; view: ProbeView },
): Plan | { cause: ProbeCause; detail: string } {
  const { from } = request;
  if (from.type !== 'pod') {
    const detail = `in an existing cluster packets can be sent from pods only, not from ${from.type === 'address' ? from.address : `${from.type} ${from.name}`}`;
    return { cause: 'no-source', detail };
  }
  const pod = find(view.pods, from);
  const name = `${from.namespace}/${from.name}`;
  if (pod === undefined) return { cause: 'no-source', detail: `there is no pod ${name}` };
  if (textAt(pod, ['status', 'podIP']) === '' || hasEnded(pod)) {
    return { cause: 'no-source', detail: `pod ${name} has no running network` };
  }
  const address = targetOf(request.to, view);
  if (typeof address !== 'string') return address;
  return {
    index,
    source: from,
    address,
    at: address.includes(':') ? `[${address}]:${request.port}` : `${address}:${request.port}`,
    protocol: request.protocol.toLowerCase(),
    timeoutMs: request.timeoutMs ?? DEFAULT_TIMEOUT_MS,
  };
}

async function send(
  context: ExistingContext,
  work: { plans: readonly Plan[]; view: ProbeView; signal: AbortSignal | undefined },
): Promise<Map<number, Answer>> {
  const { plans, view, signal } = work;
  const with_ = signal === undefined ? {} : { signal };
  const [first] = plans;
  if (first === undefined) return new Map();
  const { source } = first;
  try {
    await ensureProber(context, { pod: find(view.pods, source), signal });
    const slowest = Math.max(...plans.map(({ timeoutMs }) => timeoutMs));
    const begun = performance.now();
    const result = await context.kubectl(
      ['exec', '-i', '-n', source.namespace, source.name, '-c', PROBER, '--', 'sh', '-s'],
      { input: probeScript(plans), timeoutMs: slowest + SLACK_MS, ...with_ },
    );
    const tookMs = performance.now() - begun;
    if (result.exitCode !== 0) throw new Error(result.stderr.trim() || 'the prober ended');
    return parseAnswers(result.stdout, tookMs);
  } catch (error) {
    // One pod that is gone must not cost the others their answers.
    const detail = messageOf(error);
    return new Map(plans.map(({ index }) => [index, { cause: 'unknown', tookMs: 0, detail }]));
  }
}

/** Puts the prober into a pod that has none; it stays until the pod ends. */
async function ensureProber(
  context: ExistingContext,
  work: { pod: JsonObject | undefined; signal: AbortSignal | undefined },
): Promise<void> {
  const { signal } = work;
  const with_ = signal === undefined ? {} : { signal };
  let { pod } = work;
  if (pod === undefined || runs(pod)) return;
  const api = await context.api();
  const path = pathOf(
    PODS,
    textAt(pod, ['metadata', 'namespace']),
    textAt(pod, ['metadata', 'name']),
  );
  if (!objectsAt(pod, ['spec', 'ephemeralContainers']).some(isProber)) {
    await api.ask('PATCH', `${path}/ephemeralcontainers`, {
      body: { spec: { ephemeralContainers: [proberContainer(context.settings.proberImage)] } },
      type: 'application/strategic-merge-patch+json',
      ...with_,
    });
  }
  const until = performance.now() + START_MS;
  while (!runs(pod)) {
    if (performance.now() > until) throw new Error(`the prober did not start: ${complaint(pod)}`);
    await sleep(50, undefined, with_);
    pod = await readPod(api, path, signal);
  }
}

async function readPod(
  api: KubeApi,
  path: string,
  signal: AbortSignal | undefined,
): Promise<JsonObject> {
  return api.ask('GET', path, signal === undefined ? {} : { signal });
}

const isProber = (container: JsonObject): boolean => container['name'] === PROBER;

function runs(pod: JsonObject): boolean {
  const status = objectsAt(pod, ['status', 'ephemeralContainerStatuses']).find(isProber);
  return textAt(status, ['state', 'running', 'startedAt']) !== '';
}

function complaint(pod: JsonObject): string {
  const status = objectsAt(pod, ['status', 'ephemeralContainerStatuses']).find(isProber);
  const reason = textAt(status, ['state', 'waiting', 'reason']);
  return [reason, textAt(status, ['state', 'waiting', 'message'])].filter(Boolean).join(': ');
}

/** No rights, no way to change its own programs; what the strictest admission of pods lets pass. */
function proberContainer(image: string): JsonObject {
  return {
    name: PROBER,
    image,
    imagePullPolicy: 'IfNotPresent',
    command: ['/agnhost', 'pause'],
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      runAsUser: 65534,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    },
  };
}

/** All at the same time; each prints one line: number, exit code, what was said. */
export function probeScript(plans: readonly Plan[]): string {
  const lines = plans.map(({ index, at, protocol, timeoutMs }) => {
    if (!/^[0-9a-fA-F.:[\]]+$/.test(at)) throw new Error(`not an address and port: ${at}`);
    return `ask ${index} '${at}' ${protocol} ${Math.round(timeoutMs)} &`;
  });
  return [PREAMBLE, ...lines, 'wait', ''].join('\n');
}

/** A name server does not answer to plain words: what it did not answer is asked again as DNS asks for the address of the root. */
const PREAMBLE = `ask() {
  said=$(/agnhost connect "$2" --protocol "$3" --timeout "$4ms" 2>&1); code=$?
  case "$3 $2 $said" in
    'udp '*:53' TIMEOUT'*)
      host=\${2%:53}; host=\${host#[}; host=\${host%]}
      case $(timeout 1 nslookup kubernetes.default.svc.cluster.local. "$host" 2>&1) in
        *"can't find"* | *Name:* | *'No answer'*) code=0 said= ;;
      esac ;;
  esac
  printf '%s\\t%s\\t%s\\n' "$1" "$code" "$(printf %s "$said" | tr '\\n\\t' '  ')"
}`;

export function parseAnswers(output: string, tookMs: number): Map<number, Answer> {
  const found = new Map<number, Answer>();
  for (const line of output.split('\n')) {
    const match = /^(\d+)\t(\d+)\t(.*)$/.exec(line);
    if (match === null) continue;
    const [, index = '', code = '', said = ''] = match;
    found.set(Number(index), { tookMs, ...judge(code, said) });
  }
  return found;
}

function judge(code: string, said: string): { cause: ProbeCause; detail?: string } {
  if (code === '0') return { cause: 'open' };
  if (said.startsWith('TIMEOUT')) return { cause: 'filtered' };
  if (said.startsWith('REFUSED')) return { cause: 'refused' };
  if (/no route to host|network is unreachable/i.test(said)) {
    return { cause: 'unreachable', detail: said.trim() };
  }
  // A rule on the sender's own side may tell it so at once; the packet never left.
  if (/operation not permitted/i.test(said)) return { cause: 'filtered', detail: said.trim() };
  if (/connection refused/i.test(said)) return { cause: 'refused' };
  return { cause: 'unknown', detail: said.trim() || `the prober ended with ${code}` };
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new GatehouseError('CANCELLED', 'the probes were cancelled');
}
