import { GatehouseError } from '../../../../common/errors.js';
import type { ExecSpec } from '../../agent/agent.js';
import { DEFAULT_PATH } from '../../kubelet/container-starter.js';
import type { Kubelet } from '../../kubelet/kubelet.js';

/** A shell in a pod's container: bash where the container has it, else sh. */
export function podShell(
  kubelet: Kubelet,
  target: { namespace: string; name: string; container?: string },
): ExecSpec {
  const where = `${target.namespace}/${target.name}`;
  const worker = kubelet.find(target.namespace, target.name);
  if (worker === undefined) throw new GatehouseError('NOT_FOUND', `there is no pod ${where}`);
  const container = target.container ?? worker.pod.spec.containers[0]?.name ?? '';
  const record = worker.record(container);
  if (record?.state.running === undefined) {
    throw new GatehouseError('NOT_FOUND', `container "${container}" of pod ${where} does not run`);
  }
  const prepared = worker.surroundings(container);
  return {
    target: 'process',
    id: record.process,
    argv: ['sh', '-c', 'command -v bash >/dev/null 2>&1 && exec bash; exec sh'],
    env: { PATH: DEFAULT_PATH, TERM: 'xterm-256color', ...prepared?.env },
    ...(prepared === undefined ? {} : { cwd: prepared.cwd }),
  };
}
