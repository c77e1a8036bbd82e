import { KIND_CLUSTER_LABEL, KIND_ROLE_LABEL, LABEL } from './names.js';
import type { Programs } from './programs.js';

/** A container as Docker lists it. */
export interface Container {
  name: string;
  /** `created`, `running`, `paused`, `restarting`, `exited`, `dead`, `removing`. */
  state: string;
  ports: string;
  labels: Readonly<Record<string, string>>;
}

const SHOWN_LABELS = [...Object.values(LABEL), KIND_CLUSTER_LABEL, KIND_ROLE_LABEL];

/** One question to Docker: every container, with the labels that mean something to us. */
export async function listContainers(
  programs: Programs,
  signal?: AbortSignal,
): Promise<Container[]> {
  const columns = ['{{.Names}}', '{{.State}}', '{{.Ports}}'];
  const labels = SHOWN_LABELS.map((label) => `{{.Label "${label}"}}`);
  const text = await programs.docker(
    ['ps', '--all', '--no-trunc', '--format', [...columns, ...labels].join('\t')],
    signal === undefined ? {} : { signal },
  );
  return parseContainers(text);
}

export function parseContainers(text: string): Container[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [name = '', state = '', ports = '', ...values] = line.split('\t');
      const labels = SHOWN_LABELS.flatMap((label, index) => {
        const value = values[index] ?? '';
        return value === '' ? [] : [[label, value] as const];
      });
      return { name, state, ports, labels: Object.fromEntries(labels) };
    });
}
