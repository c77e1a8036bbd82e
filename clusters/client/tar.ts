/** A tar archive in memory, for `docker cp -`: the one way to put files with an owner into a container without rights. */
export interface TarEntry {
  /** Relative; a folder where it ends in `/`. */
  path: string;
  text?: string;
  mode: number;
  uid: number;
}

const BLOCK = 512;

/** Folders on the way must be entries of their own where their owner matters. */
export function tarOf(entries: readonly TarEntry[]): Buffer {
  const parts = entries.flatMap((entry) => {
    const body = Buffer.from(entry.text ?? '', 'utf8');
    const padding = Buffer.alloc((BLOCK - (body.length % BLOCK)) % BLOCK);
    return [headerOf(entry, body.length), body, padding];
  });
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]);
}

function headerOf({ path, mode, uid }: TarEntry, size: number): Buffer {
  const isFolder = path.endsWith('/');
  const header = Buffer.alloc(BLOCK);
  const [name, prefix] = splitPath(path);
  const octal = (value: number, at: number, width: number): void => {
    header.write(`${value.toString(8).padStart(width - 1, '0')}\0`, at, 'ascii');
  };
  header.write(name, 0, 'utf8');
  octal(mode, 100, 8);
  octal(uid, 108, 8);
  octal(uid, 116, 8);
  octal(size, 124, 12);
  octal(Math.floor(Date.now() / 1000), 136, 12);
  header.write('        ', 148, 'ascii');
  header.write(isFolder ? '5' : '0', 156, 'ascii');
  header.write('ustar\u000000', 257, 'ascii');
  header.write(prefix, 345, 'utf8');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'ascii');
  return header;
}

/** The format has 100 bytes for a name and 155 for the folders before it. */
function splitPath(path: string): [name: string, prefix: string] {
  if (Buffer.byteLength(path) <= 100) return [path, ''];
  const slashes = [...path.matchAll(/\//g)].map(({ index }) => index);
  for (const at of slashes) {
    const [prefix, name] = [path.slice(0, at), path.slice(at + 1)];
    if (name !== '' && Buffer.byteLength(name) <= 100 && Buffer.byteLength(prefix) <= 155) {
      return [name, prefix];
    }
  }
  throw new Error(`a path is too long for an archive: ${path}`);
}
