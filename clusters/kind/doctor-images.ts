import { z } from 'zod';
import { GatehouseError, messageOf } from '../../common/errors.js';
import type { ClusterSpec, DoctorCheck } from '../provider.js';
import type { KindContext } from './context.js';
import { presentImages } from './images.js';
import { pluginManifest } from './plugins.js';

/** The manifests of the plugins that the wanted clusters start with or are given: whether each can be had, and is the right one. */
export async function manifestChecks(
  context: KindContext,
  wanted: readonly ClusterSpec[],
): Promise<{ checks: DoctorCheck[]; images: string[] }> {
  const plugins = new Set(
    wanted.flatMap(({ cni, files = [] }) => [cni, ...files.flatMap(({ plugin }) => plugin ?? [])]),
  );
  const checks: DoctorCheck[] = [];
  const images: string[] = [];
  for (const cni of plugins) {
    if (cni === 'none') continue;
    const check = { id: `plugin-${cni}`, title: 'Network plugin' };
    try {
      const manifest = await pluginManifest(context, cni);
      images.push(...manifest.images);
      const detail = `${cni}: ${manifest.file}, SHA-256 ${manifest.sha256.slice(0, 12)}….`;
      checks.push({ ...check, status: 'ok', detail });
    } catch (error) {
      const fix = error instanceof GatehouseError ? error.fix : undefined;
      const detail = `${messageOf(error)}.`;
      checks.push({ ...check, status: 'missing', detail, ...(fix === undefined ? {} : { fix }) });
    }
  }
  return { checks, images };
}

const MIB = 1024 * 1024;
const ASK_MS = 10_000;

/** The node image, those that every cluster gets, and more: which are here, and how big the others are. */
export async function imageChecks(
  context: KindContext,
  node: string,
  more: readonly string[],
): Promise<DoctorCheck[]> {
  const names = [...new Set([node, ...context.settings.preload, ...more])];
  const present = await presentImages(context, names);
  return Promise.all(
    names.map(async (name, index): Promise<DoctorCheck> => {
      const check = { id: `image-${index}`, title: index === 0 ? 'Node image' : 'Image' };
      const size = present.get(name);
      if (size !== undefined) {
        const detail = `${name} is here, ${Math.round(size / MIB)} MiB.`;
        return { ...check, status: 'ok', detail };
      }
      const bytes = await sizeInRegistry(context, name);
      const cost =
        bytes === undefined
          ? 'its size is unknown, since its registry gave no answer'
          : `${Math.ceil(bytes / MIB)} MiB to fetch`;
      return {
        ...check,
        status: index === 0 ? 'missing' : 'warning',
        detail: `${name} is not here: ${cost}.${index === 0 ? '' : ' Without it here, each node fetches it for itself.'}`,
        fix: `docker pull ${name}   # or, without a network: docker load --input IMAGE.tar`,
      };
    }),
  );
}

const Layers = z.object({ layers: z.array(z.object({ size: z.number() })) });
const Entry = z.object({
  Descriptor: z
    .object({ platform: z.object({ architecture: z.string(), os: z.string() }).optional() })
    .optional(),
  SchemaV2Manifest: Layers.optional(),
  OCIManifest: Layers.optional(),
});
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** Compressed bytes of an image for this machine's platform, as its registry says; undefined where it says nothing. */
async function sizeInRegistry(context: KindContext, image: string): Promise<number | undefined> {
  const args = ['manifest', 'inspect', '--verbose', image];
  const answer = await context.programs.try('docker', args, { timeoutMs: ASK_MS });
  return answer.exitCode === 0 ? sizeOfManifest(answer.stdout, process.arch) : undefined;
}

/** `arch` is Node's word for it. */
export function sizeOfManifest(text: string, arch: string): number | undefined {
  const parsed = z.union([z.array(Entry), Entry]).safeParse(parseJson(text)).data;
  if (parsed === undefined) return undefined;
  const entries = Array.isArray(parsed) ? parsed : [parsed];
  const own =
    entries.find(({ Descriptor }) => {
      const platform = Descriptor?.platform;
      return platform?.os === 'linux' && platform.architecture === ARCHITECTURES[arch];
    }) ?? (entries.length === 1 ? entries[0] : undefined);
  const layers = (own?.OCIManifest ?? own?.SchemaV2Manifest)?.layers;
  return layers?.reduce((sum, { size }) => sum + size, 0);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
