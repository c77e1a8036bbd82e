import { existsSync } from 'node:fs';
import { runCommand } from '../../../../system/run-command.js';
import type { CommandResult } from '../../../../system/run-command.js';
import type { TestServer } from './api-client.js';

export const KUBECTL = '/usr/bin/kubectl';
export const hasKubectl = existsSync(KUBECTL);

/** A test that asks with the machine's own kubectl; left out, with the reason in its title, where there is none. */
export function whereKubectlIs(title: string, run: () => Promise<void>): void {
  if (hasKubectl) test(title, run);
  else test.skip(`${title}: this machine has no ${KUBECTL}`, run);
}

/** An environment in which kubectl finds the test's server and keeps its caches in the test's folder. */
export function kubectlEnvironment(
  api: TestServer,
  extra: Record<string, string> = {},
): Record<string, string> {
  return {
    PATH: '/usr/bin:/bin',
    HOME: api.folder,
    KUBECONFIG: api.kubeconfigPath,
    ...extra,
  };
}

export function runKubectl(
  api: TestServer,
  args: readonly string[],
  options: { input?: string; env?: Record<string, string> } = {},
): Promise<CommandResult> {
  return runCommand(KUBECTL, args, {
    cleanEnvironment: true,
    env: kubectlEnvironment(api, options.env),
    timeoutMs: 30_000,
    ...(options.input !== undefined && { input: options.input }),
  });
}
