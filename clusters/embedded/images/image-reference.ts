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
  const groups = REFERENCE.exec(reference)?.groups;
  const path = groups?.['path'];
  if (groups === undefined || path === undefined || reference.length > 512) return undefined;
  const first = groups['first'];
  const isHost = first !== undefined && (/[.:]/.test(first) || first === 'localhost');
  if (first !== undefined && !isHost && !COMPONENT.test(first)) return undefined;
  const host = !isHost || first === 'index.docker.io' ? 'docker.io' : first;
  const full = isHost || first === undefined ? path : `${first}/${path}`;
  const repository =
    host === 'docker.io' && !full.includes('/') ? `${host}/library/${full}` : `${host}/${full}`;
  const digest = groups['digest'];
  const tag = groups['tag'] ?? (digest === undefined ? 'latest' : undefined);
  return { repository, tag, digest };
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

const COMPONENT = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const REFERENCE =
  /^(?:(?<first>[A-Za-z0-9][\w.-]*(?::\d+)?)\/)?(?<path>[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*)(?::(?<tag>\w[\w.-]{0,127}))?(?:@(?<digest>sha256:[0-9a-f]{64}))?$/;
