import { messageOf } from '../../common/errors.js';
import type { JsonObject } from '../../common/json.js';
import { isJsonObject } from '../../common/json.js';
import type { KindContext } from './context.js';
import { throwIfAborted } from './programs.js';

/** Images of the containers in these objects, each once. */
export function imagesIn(objects: readonly JsonObject[]): string[] {
  const found = new Set<string>();
  const walk = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(walk);
    else if (isJsonObject(value)) {
      for (const [key, inner] of Object.entries(value)) {
        if (
          /^(?:initContainers|containers|ephemeralContainers)$/.test(key) &&
          Array.isArray(inner)
        ) {
          for (const container of inner) {
            if (isJsonObject(container) && typeof container['image'] === 'string') {
              found.add(container['image']);
            }
          }
        } else walk(inner);
      }
    }
  };
  walk(objects);
  return [...found].toSorted();
}

/** Those that this machine's Docker has, with their size in bytes. */
export async function presentImages(
  context: KindContext,
  images: readonly string[],
  signal?: AbortSignal,
): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  await Promise.all(
    images.map(async (image) => {
      const result = await context.programs.try(
        'docker',
        ['image', 'inspect', '--format', '{{.Size}}', image],
        signal === undefined ? {} : { signal },
      );
      if (result.exitCode === 0) found.set(image, Number(result.stdout.trim()));
    }),
  );
  return found;
}

const PULL_MS = 10 * 60_000;

/** Makes sure that this machine has an image: nothing is pulled that is there. */
export async function ensureImage(
  context: KindContext,
  image: string,
  signal?: AbortSignal,
): Promise<void> {
  const present = await presentImages(context, [image], signal);
  if (present.has(image)) return;
  await context.programs.docker(['pull', '--quiet', image], {
    timeoutMs: PULL_MS,
    ...(signal === undefined ? {} : { signal }),
  });
}

/**
 * Puts images that this machine has into a cluster's nodes. What it lacks is left to the nodes, which ask their mirrors and
 * registries; with `pullOnHost` it is pulled here once instead. A failure costs time, not the cluster: nodes can still pull.
 */
export async function loadImages(
  context: KindContext,
  work: { kindName: string; images: readonly string[]; signal?: AbortSignal },
): Promise<string[]> {
  const { kindName, images, signal } = work;
  const with_ = signal === undefined ? {} : { signal };
  if (context.settings.pullOnHost) {
    await Promise.all(
      images.map(async (image) => {
        try {
          await ensureImage(context, image, signal);
        } catch (error) {
          throwIfAborted(signal);
          context.logger.warn('an image could not be pulled', { image, reason: messageOf(error) });
        }
      }),
    );
  }
  const present = [...(await presentImages(context, images, signal)).keys()].toSorted();
  if (present.length === 0) return [];
  try {
    await context.programs.run('kind', ['load', 'docker-image', ...present, '--name', kindName], {
      timeoutMs: PULL_MS,
      ...with_,
    });
    return present;
  } catch (error) {
    throwIfAborted(signal);
    context.logger.warn('images could not be loaded into the nodes', {
      cluster: kindName,
      reason: messageOf(error),
    });
    return [];
  }
}
