import { existsSync } from 'node:fs';
import type { CatalogueImage } from './catalogue.js';
import { DATABASES } from './families/databases.js';
import { KUBERNETES } from './families/kubernetes.js';
import { PLUGINS } from './families/plugins.js';
import { TOOLS } from './families/tools.js';
import { WEB } from './families/web.js';
import { toCatalogueImage, type ImageEntry } from './image-entry.js';
import { parseImageReference } from './image-reference.js';

/** All families, in the order of the documentation. */
export const FAMILIES: Readonly<Record<string, readonly ImageEntry[]>> = {
  'Shells and tools': TOOLS,
  'Web servers': WEB,
  'Databases and caches': DATABASES,
  Kubernetes: KUBERNETES,
  'Network plugins': PLUGINS,
};

/** What stands in for an image here; undefined for images, tags and digests that the catalogue does not know. */
export function findImage(reference: string): CatalogueImage | undefined {
  const parsed = parseImageReference(reference);
  const known = parsed === undefined ? undefined : byRepository.get(parsed.repository);
  if (parsed === undefined || known === undefined || !isOffered(known.entry)) return undefined;
  return parsed.tag === undefined || isKnownTag(known.entry, parsed.tag) ? known.image : undefined;
}

/** Names of the catalogue nearest to one that it does not hold, best first; none where nothing is near. */
export function suggestImages(reference: string): string[] {
  const parsed = parseImageReference(reference.toLowerCase());
  if (parsed === undefined) return [];
  const wanted = shortName(parsed.repository);
  const known = byRepository.get(parsed.repository);
  if (known !== undefined) return [`${known.entry.names[0]}:latest`];
  return ENTRIES.filter(isOffered)
    .map(({ names }) => ({
      name: names[0],
      distance: Math.min(...names.map((name) => distanceOf(wanted, name))),
    }))
    .filter(({ distance }) => distance <= 2)
    .toSorted((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ name }) => name);
}

/** Why an image cannot be had, for the event of a failed pull. */
export function explainMissingImage(reference: string): string {
  const parsed = parseImageReference(reference);
  const known = parsed === undefined ? undefined : byRepository.get(parsed.repository);
  const missing = known?.entry.needs?.find((program) => !existsSync(program));
  if (missing !== undefined)
    return `this machine has no ${missing}, which ${reference} is built from`;
  const suggestions = suggestImages(reference);
  const hint = suggestions.length === 0 ? '' : ` Did you mean ${suggestions.join(' or ')}?`;
  const what = known === undefined ? 'image' : 'tag';
  return `${reference}: not found: no such ${what} in this cluster's catalogue (it has no registry to pull from).${hint}`;
}

export const isOffered = ({ needs }: ImageEntry): boolean =>
  (needs ?? []).every((program) => existsSync(program));

const ENTRIES = Object.values(FAMILIES).flat();

const byRepository = new Map(
  ENTRIES.flatMap((entry) => {
    const image = toCatalogueImage(entry);
    return entry.names.map(
      (name) => [parseImageReference(name)?.repository ?? name, { entry, image }] as const,
    );
  }),
);

/** Typing errors in tags must fail here as they do with a registry: `nginx:1.161` is a classic. */
function isKnownTag({ tags }: ImageEntry, tag: string): boolean {
  if (COMMON_TAGS.test(tag)) return true;
  return tags === undefined ? VERSION.test(tag) : tags.test(tag);
}

const COMMON_TAGS = /^(latest|stable|alpine|slim|bookworm|bullseye|lts)(-[a-z0-9.]+)*$/;
const VERSION = /^v?\d{1,3}(\.\d{1,3}){0,3}(-[a-z0-9][a-z0-9.-]*)?$/;

const shortName = (repository: string): string =>
  repository.replace(/^docker\.io\/(library\/)?/, '');

function distanceOf(wanted: string, name: string): number {
  const [a, b] = [wanted, shortName(name)];
  const last = (text: string): string => text.split('/').at(-1) ?? text;
  // Another registry, or a missing owner, is the smaller mistake.
  return Math.min(editDistance(a, b), editDistance(last(a), last(b)) + (a.includes('/') ? 1 : 0.5));
}

function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return Infinity;
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replace = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(replace, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    previous = row;
  }
  return previous[b.length] ?? Infinity;
}
