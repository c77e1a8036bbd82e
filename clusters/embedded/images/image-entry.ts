import type { CatalogueImage } from './catalogue.js';

/** An image as its family writes it down: what is not said is empty. */
export interface ImageEntry {
  /** Canonical name first; the others are the same image elsewhere. */
  names: readonly [string, ...string[]];
  entrypoint?: readonly string[];
  command?: readonly string[];
  env?: Readonly<Record<string, string>>;
  workingDir?: string;
  ports?: readonly number[];
  /** Roles of the `standin` program that appear in /usr/local/bin. */
  roles?: readonly string[];
  links?: Readonly<Record<string, string>>;
  userland: CatalogueImage['userland'];
  files?: Readonly<Record<string, string>>;
  writable?: readonly string[];
  honesty: string;
  /** Tags beside the usual ones, or a stricter pattern for version numbers. */
  tags?: RegExp;
  /** Programs of the machine without which the image is not offered. */
  needs?: readonly string[];
}

const STANDIN = 'standin';

export function toCatalogueImage(entry: ImageEntry): CatalogueImage {
  return {
    name: entry.names[0],
    entrypoint: entry.entrypoint ?? [],
    command: entry.command ?? [],
    env: entry.env ?? {},
    workingDir: entry.workingDir ?? '/',
    ports: entry.ports ?? [],
    programs: Object.fromEntries((entry.roles ?? []).map((role) => [role, STANDIN])),
    ...(entry.links === undefined ? {} : { links: entry.links }),
    userland: entry.userland,
    files: entry.files ?? {},
    writable: entry.writable ?? [],
    honesty: entry.honesty,
  };
}
