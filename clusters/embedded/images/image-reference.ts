import { createHash } from 'node:crypto';

/** An image reference, taken apart and with what people leave out filled in. */
export interface ImageReference {
  /** `docker.io/library/nginx` */
  repository: string;
  /** `latest` where neither tag nor digest is written. */
  tag: string | undefined;
  digest: string | undefined;
}

/** Undefined where it is not a valid reference (`InvalidImageName` to a kubelet). */
export function parseImageReference(reference: string): ImageReference | undefined {
  const match = REFERENCE.exec(reference);
  const name = match?.groups?.['name'];
  if (name === undefined || reference.length > 512) return undefined;
  const digest = match?.groups?.['digest'];
  const tag = match?.groups?.['tag'] ?? (digest === undefined ? 'latest' : undefined);
  const [first = '', ...rest] = name.split('/');
  const hasHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  const host = hasHost ? (first === 'index.docker.io' ? 'docker.io' : first) : 'docker.io';
  const path = hasHost ? rest.join('/') : name;
  const full = host === 'docker.io' && !path.includes('/') ? `library/${path}` : path;
  if (full !== full.toLowerCase()) return undefined;
  return { repository: `${host}/${full}`, tag, digest };
}

/** As a node's status shows it: `docker.io/library/nginx:1.27`. */
export function formatImageReference({ repository, tag, digest }: ImageReference): string {
  return `${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}

/** A digest-like id that is the same for the same reference: `docker.io/library/nginx@sha256:…`. */
export function imageId(reference: string): string {
  const parsed = parseImageReference(reference);
  if (parsed === undefined) return '';
  const digest =
    parsed.digest ??
    `sha256:${createHash('sha256').update(formatImageReference(parsed)).digest('hex')}`;
  return `${parsed.repository}@${digest}`;
}

const REFERENCE =
  /^(?<name>[A-Za-z0-9]+(?:[._:-]*[A-Za-z0-9]+)*(?:\/[A-Za-z0-9]+(?:(?:[._]|__|-+)[A-Za-z0-9]+)*)*?)(?::(?<tag>\w[\w.-]{0,127}))?(?:@(?<digest>sha256:[0-9a-f]{64}))?$/;
