import { rm } from 'node:fs/promises';
import path from 'node:path';
import { GatehouseError, messageOf } from '../../common/errors.js';
import type { JsonObject } from '../../common/json.js';
import { isJsonObject } from '../../common/json.js';
import { createTempFolder } from '../../system/temp-folder.js';
import type { ClusterSpec } from '../provider.js';
import type { KindContext } from './context.js';
import { flatten } from '../client/objects.js';
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

/** All that a cluster of this sort wants: for its own objects, and for what its learner will make. */
export function imagesOfSpec({ manifests, images = [] }: ClusterSpec): string[] {
  return [...new Set([...imagesIn(flatten(manifests)), ...images])];
}

/** Those that this machine's Docker has, with their size in bytes. */
export async function presentImages(
  context: KindContext,
  images: readonly string[],
  signal?: AbortSignal,
): Promise<Map<string, number>> {
  if (images.length === 0) return new Map();
  const format = '{{.Size}} {{join .RepoTags " "}} {{join .RepoDigests " "}}';
  // It fails where one is missing, and tells of the others all the same.
  const { stdout, exitCode } = await context.programs.try(
    'docker',
    ['image', 'inspect', '--format', format, ...images],
    signal === undefined ? {} : { signal },
  );
  const lines = stdout.split('\n').filter((line) => line !== '');
  const found = new Map<string, number>();
  for (const [index, image] of images.entries()) {
    const line =
      exitCode === 0
        ? lines[index]
        : lines.find((one) => one.split(' ').slice(1).includes(familiarName(image)));
    if (line !== undefined) found.set(image, Number(line.split(' ')[0]));
  }
  return found;
}

/** As Docker shows it: without its own registry, a tag always, and by digest alone where there is one. */
export function familiarName(image: string): string {
  const name = image.replace(/^(?:index\.)?docker\.io\//, '').replace(/^library\//, '');
  const [tagged = name, digest] = name.split('@');
  const hasTag = /:[^/]*$/.test(tagged);
  if (digest !== undefined) return `${hasTag ? tagged.replace(/:[^:/]*$/, '') : tagged}@${digest}`;
  return hasTag ? tagged : `${tagged}:latest`;
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
  const args = ['pull', '--quiet', image];
  const options = { timeoutMs: PULL_MS, ...(signal === undefined ? {} : { signal }) };
  const result = await context.programs.try('docker', args, options);
  if (result.exitCode === 0) return;
  const cause = context.programs.failureOf('docker', args, { result, options });
  // Whatever a registry or the way to it says: words that nobody can list.
  if (cause.code !== 'CLUSTER_FAILED') throw cause;
  throw new GatehouseError(
    'MACHINE_NOT_READY',
    `the image ${image} is not on this machine and could not be fetched (${messageOf(cause)})`,
    { cause, fix: `docker pull ${image}   # or, without a network: docker load --input IMAGE.tar` },
  );
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
  // One named by its digest would come into the nodes without a name.
  const named = images.filter((image) => !image.includes('@'));
  const present = [...(await presentImages(context, named, signal)).keys()].toSorted();
  if (present.length === 0) return [];
  try {
    await putImages(context, { kindName, images: present, ...with_ });
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

/**
 * Puts images of this machine into a cluster's nodes, or rejects. Where Docker keeps its images in containerd, an image of
 * several platforms is saved with references to those that were never pulled, which `kind load docker-image` cannot follow:
 * then each is saved for this machine's platform alone and loaded as an archive.
 */
export async function putImages(
  context: KindContext,
  work: { kindName: string; images: readonly string[]; signal?: AbortSignal },
): Promise<void> {
  const { kindName, images, signal } = work;
  const { programs } = context;
  const options = { timeoutMs: PULL_MS, ...(signal === undefined ? {} : { signal }) };
  const args = ['load', 'docker-image', ...images, '--name', kindName];
  const result = await programs.try('kind', args, options);
  if (result.exitCode === 0) return;
  if (!OTHER_PLATFORMS.test(result.stderr))
    throw programs.failureOf('kind', args, { result, options });
  const platform = (
    await programs.docker(['version', '--format', '{{.Server.Os}}/{{.Server.Arch}}'], options)
  ).trim();
  await using folder = await createTempFolder('images');
  for (const [index, image] of images.entries()) {
    const archive = path.join(folder.path, `${index}.tar`);
    await programs.docker(
      ['image', 'save', '--platform', platform, '--output', archive, image],
      options,
    );
    await programs.run('kind', ['load', 'image-archive', archive, '--name', kindName], options);
    await rm(archive, { force: true });
  }
}

const OTHER_PLATFORMS = /content digest sha256:\S+ not found/;
