import type { KindContext } from './context.js';

/**
 * The default node image of each kind release, as its release notes name it. kind promises to understand an image only in
 * the release that built it; since 0.32 an older kind cannot load images into newer nodes at all.
 */
const OF_RELEASE: Readonly<Record<string, string>> = {
  '0.27': 'v1.32.2@sha256:f226345927d7e348497136874b6d207e0b32cc52154ad8323129352923a3142f',
  '0.28': 'v1.33.1@sha256:8d866994839cd096b3590681c55a6fa4a071fdaf33be7b9660e5697d2ed13002',
  '0.29': 'v1.33.1@sha256:050072256b9a903bd914c0b2866828150cb229cea0efe5892e2b644d5dd3b34f',
  '0.30': 'v1.34.0@sha256:7416a61b42b1662ca6ca89f02028ac133a309a2a30ba309614e8ec94d976dc5a',
  '0.31': 'v1.35.0@sha256:452d707d4862f52530247495d180205e029056831160e22870e37e3f6c1ac31f',
  '0.32': 'v1.36.1@sha256:3489c7674813ba5d8b1a9977baea8a6e553784dab7b84759d1014dbd78f7ebd5',
  '0.33': 'v1.37.0@sha256:a1ed56cfb0e7b93589bdf97c8cd566405a265939e3620fc4f5de89adff580ae5',
};
const RELEASES = Object.keys(OF_RELEASE);
export const OLDEST_KIND = RELEASES[0] ?? '';
const NEWEST_KIND = RELEASES.at(-1) ?? '';

/** Kubernetes versions of these images, oldest first. Others may work. */
export const SUPPORTED_KUBERNETES: readonly string[] = [
  ...new Set(Object.values(OF_RELEASE).map((image) => `1.${minorOf(`x:${image}`) ?? 0}`)),
];

export interface KindRelease {
  /** `0.27.0`. */
  version: string;
  major: number;
  minor: number;
}

/** From what `kind version` prints; undefined where it printed nothing of the sort. */
export function parseKindVersion(output: string | undefined): KindRelease | undefined {
  const match = /\bv?(\d+)\.(\d+)\.\d+\S*/.exec(output ?? '');
  if (match === null) return undefined;
  const [text, major, minor] = match;
  return { version: text.replace(/^v/, ''), major: Number(major), minor: Number(minor) };
}

export function isTooOld({ major, minor }: KindRelease): boolean {
  return major === 0 && minor < Number(OLDEST_KIND.split('.')[1]);
}

/** Whether we know the image that belongs to this release. */
export function isKnown({ major, minor }: KindRelease): boolean {
  return Object.hasOwn(OF_RELEASE, `${major}.${minor}`);
}

/** The image of this release; of one that we do not know, the nearest that we do. */
export function imageOfRelease(release: KindRelease | undefined): string {
  const known = release === undefined ? undefined : OF_RELEASE[`${release.major}.${release.minor}`];
  const nearest = release === undefined || isTooOld(release) ? OLDEST_KIND : NEWEST_KIND;
  return `kindest/node:${known ?? OF_RELEASE[nearest] ?? ''}`;
}

/** What nodes, workstation and outside client run: the operator's image, else the one that belongs to the installed kind. */
export async function nodeImage({ settings, programs }: KindContext): Promise<string> {
  if (settings.image !== undefined) return settings.image;
  const asked = await programs.try('kind', ['version'], { timeoutMs: 15_000 });
  return imageOfRelease(parseKindVersion(asked.exitCode === 0 ? asked.stdout : undefined));
}

/** 32 of `kindest/node:v1.32.2@sha256:…`; undefined where the tag does not say. */
export function minorOf(image: string): number | undefined {
  const minor = /:v1\.(\d+)/.exec(image)?.[1];
  return minor === undefined ? undefined : Number(minor);
}
