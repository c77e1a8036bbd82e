import type { Container, EphemeralContainer } from 'kubernetes-types/core/v1.js';
import type { KeptProcess } from '../agent/agent.js';
import { isTerminated } from '../network/objects.js';
import { forRestart } from './container-launcher.js';
import {
  containerSpecs,
  processId,
  recordFromStatus,
  type ContainerRecord,
} from './container-record.js';
import type { PodScope } from './pod-scope.js';
import { containerIdOf, timeText } from './pod-status.js';
import { mayRestart } from './restarts.js';
import type { RunningContainers } from './running-containers.js';

/** Takes over what an earlier run of the host left of a pod: processes that the agent kept, and what the status says. */
export function adoptPod(
  scope: PodScope,
  running: RunningContainers,
  processes: ReadonlyMap<string, KeptProcess>,
): void {
  const { pod, context, records } = scope;
  if (pod.status?.startTime === undefined) return;
  scope.startTime = pod.status.startTime;
  const isKept = [...processes.keys()].some((id) => id.startsWith(`${pod.metadata.uid}/`));
  scope.sandbox = isKept || pod.spec.hostNetwork === true ? context.network.adopt(pod) : undefined;
  for (const { role, spec } of containerSpecs(pod)) {
    const record = recordFromStatus(pod, spec.name, role);
    records.set(spec.name, record);
    // A process may have started just before the crash, and its record may never have been written.
    const next = processId(pod, spec.name, record.process === '' ? 0 : record.restartCount + 1);
    const kept = processes.get(next) ?? processes.get(record.process);
    if (kept !== undefined) adoptProcess(running, { spec, record, kept });
    else if (record.state.running !== undefined) lose(scope, record);
  }
  if (scope.sandbox === undefined && !isTerminated(pod)) restartAll(scope);
}

function adoptProcess(
  running: RunningContainers,
  {
    spec,
    record,
    kept,
  }: { spec: Container | EphemeralContainer; record: ContainerRecord; kept: KeptProcess },
): void {
  if (kept.id !== record.process && record.process !== '') record.restartCount++;
  record.process = kept.id;
  record.state = { running: { startedAt: timeText(Date.parse(kept.startedAt)) } };
  if (kept.exit !== undefined) running.exited(kept.exit);
  else if (record.role === 'app' || record.role === 'sidecar') running.watchHealth(spec, record);
  else record.started = true;
}

function lose(scope: PodScope, record: ContainerRecord): void {
  const startedAt = record.state.running?.startedAt ?? scope.startTime;
  record.state = {
    terminated: {
      exitCode: 137,
      reason: 'ContainerStatusUnknown',
      message: 'The container could not be located when the pod was last checked',
      startedAt,
      finishedAt: scope.time(),
      containerID: containerIdOf(record.process),
    },
  };
  record.ready = false;
  record.started = false;
}

/** A node that comes back starts everything again that may run again. */
function restartAll(scope: PodScope): void {
  if (scope.records.size === 0) return;
  scope.event('Normal', 'SandboxChanged', 'Pod sandbox changed, it will be killed and re-created.');
  for (const record of scope.records.values()) {
    if (record.state.terminated === undefined) continue;
    if (record.role === 'init' || mayRestart(scope.pod, record, 1)) forRestart(record);
  }
}
