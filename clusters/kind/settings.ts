import path from 'node:path';
import { z } from 'zod';
import { readSettingsFile } from '../client/settings-file.js';
import { CNIS } from '../provider.js';

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 in hexadecimal');

/** What an operator may say about a network plugin; see `plugins.ts` for what is known without. */
const PluginSettings = z.strictObject({
  /** A manifest on this machine instead of the official one. */
  file: z.string().min(1).optional(),
  /** The official manifest at another address: a mirror, another version. */
  url: z.url().optional(),
  /** What the manifest must have; without it, the first one fetched is remembered and must not change. */
  sha256: Sha256.optional(),
});

/** `kind.yaml` in the state folder. Every setting has a default: the file may be absent. */
export const KindSettings = z.strictObject({
  /** What nodes, workstation and outside client run; unless given, the image of the installed kind's release, by digest. */
  image: z.string().min(1).optional(),
  /** `own`: a Docker network per cluster, so that learners cannot reach each other's nodes. `shared`: kind's own network. */
  network: z.enum(['own', 'shared']).default('own'),
  /** Where nodes ask for images of a registry first: `{ docker.io: [http://mirror.example:5000] }`. */
  mirrors: z.record(z.string(), z.array(z.url()).min(1)).default({}),
  /** Put into the nodes of every cluster if this machine has them, besides those of the lab's manifests. */
  preload: z.array(z.string().min(1)).default(['nginx:1.27']),
  /** Whether images that this machine lacks are pulled once here, and not by each node for itself. */
  pullOnHost: z.boolean().default(false),
  plugins: z.partialRecord(z.enum(CNIS), PluginSettings).default({}),
  /** A folder with the standard CNI programs (`bridge`, …) for plugins whose manifest brings none. */
  cniProgramsDir: z.string().min(1).optional(),
  /** How long a cluster may take in all before it is given up and removed. */
  createTimeoutMinutes: z.number().min(1).default(15),
  workstation: z
    .strictObject({
      memory: z.string().default('512m'),
      processes: z.number().int().min(32).default(256),
    })
    .prefault({}),
  /** Ready clusters kept in stock for labs of these shapes; empty: none. */
  warmPool: z
    .strictObject({
      shapes: z
        .array(
          z.strictObject({
            nodes: z.number().int().min(1).max(7),
            cni: z.enum(CNIS),
            count: z.number().int().min(1).max(10),
          }),
        )
        .default([]),
      /** No cluster is put in stock that would leave the machine less free memory than this. */
      spareMemoryMiB: z.number().int().min(0).default(4096),
    })
    .prefault({}),
  /** A cluster that nobody has used for so long is paused (`docker pause`); 0: never. */
  pauseAfterMinutes: z.number().min(0).default(0),
  /** Nodes are privileged containers. Only for a machine of its own: lets people from elsewhere have clusters all the same. */
  allowStrangers: z.boolean().default(false),
});
export type KindSettings = z.infer<typeof KindSettings>;

export function readKindSettings(stateDir: string): KindSettings {
  return readSettingsFile(path.join(stateDir, 'kind.yaml'), KindSettings);
}
