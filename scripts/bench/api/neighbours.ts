import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster, ClusterProvider } from '../../../clusters/provider.js';
import { openTerminal } from '../../../system/terminal.js';
import { ApiClient } from '../api-client.js';
import { PODS, spec, spread, times, type Row } from './load.js';

/** What one learner's heavy lists do to another's requests and keystrokes. */
export async function benchNeighbours(
  provider: ClusterProvider,
  { heavy, row }: { heavy: string; row: Row },
): Promise<void> {
  await using quiet = await provider.create(spec('neighbour'));
  using client = new ApiClient(await quiet.kubeconfig('learner'));
  const get = (): Promise<unknown> => client.call('GET', '/api/v1/namespaces/default');
  await using keyboard = await openKeyboard(quiet);
  const type = (): Promise<void> => keyboard.type();
  await times(200, get);
  await times(50, type);
  const before = { get: await times(300, get), type: await times(200, type) };
  using lists = new ApiClient(heavy, 2);
  let over = false;
  const lane = async (): Promise<void> => {
    while (!over) await lists.call('GET', PODS);
  };
  const lanes = [lane(), lane()];
  const during = { get: await times(300, get), type: await times(200, type) };
  over = true;
  await Promise.all(lanes);
  row("another cluster's GET, nothing else going on", spread(before.get), '');
  row(
    "another cluster's GET while two clients list 1,000 pods without end",
    spread(during.get),
    '',
  );
  row("another cluster's keystroke, nothing else going on", spread(before.type), '');
  row("another cluster's keystroke while they do", spread(during.type), 'as before');
}

interface Keyboard extends AsyncDisposable {
  type(): Promise<void>;
}

/** A terminal on the workstation: sends a character and waits for its echo. */
async function openKeyboard(cluster: Cluster): Promise<Keyboard> {
  const { file, args, env } = await cluster.shell({ type: 'workstation' });
  let sent = 0;
  let echoed = 0;
  let heard: () => void = () => undefined;
  const terminal = openTerminal({
    file,
    args,
    env,
    cols: 80,
    rows: 24,
    onData: (bytes) => {
      echoed += bytes.filter((byte) => byte === KEY.charCodeAt(0)).length;
      if (echoed >= sent) heard();
    },
    onExit: () => undefined,
  });
  await sleep(1000);
  // Echoes come from a program in the sandbox, not from the terminal itself.
  terminal.write('stty raw -echo; cat\r');
  await sleep(1000);
  echoed = 0;
  return {
    type: () =>
      new Promise<void>((resolve) => {
        heard = resolve;
        sent += 1;
        terminal.write(KEY);
      }),
    [Symbol.asyncDispose]: () => terminal[Symbol.asyncDispose](),
  };
}

const KEY = '#';
