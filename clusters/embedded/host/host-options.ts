import path from 'node:path';
import { z } from 'zod';

/** What the provider tells a host it starts: the only argument, as JSON. */
export const HostOptions = z.object({
  stateDir: z.string().min(1),
  /** `dist/native`. */
  nativeDir: z.string().min(1),
  /** Names the code that runs, so that a provider never talks to another build unawares. */
  build: z.string(),
  /** Where to look for kubectl. */
  programPaths: z.array(z.string()),
  /** How long to stay without a cluster. */
  idleMs: z.number().int().min(0).default(600_000),
  /** How long clusters live on without a host. */
  graceMs: z.number().int().min(0).default(300_000),
  /** How long a new cluster's workloads may take to be available. */
  readyTimeoutMs: z.number().int().min(1).default(60_000),
  logBytes: z.number().int().min(10_000).default(5_000_000),
  debug: z.boolean().default(false),
});
export type HostOptions = z.infer<typeof HostOptions>;

/** The host's own files: a folder that only it may enter. */
export function hostPaths(stateDir: string): {
  folder: string;
  socket: string;
  lock: string;
  log: string;
  /** What the process itself says when it cannot even log. */
  errors: string;
} {
  const folder = path.join(stateDir, 'host');
  return {
    folder,
    socket: path.join(folder, 'host.sock'),
    lock: path.join(folder, 'host.lock'),
    log: path.join(folder, 'host.log'),
    errors: path.join(folder, 'host.err'),
  };
}
