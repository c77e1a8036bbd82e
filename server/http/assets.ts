import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Request, Response } from 'express';
import { GatehouseError } from '../../common/errors.js';

export interface Assets {
  /** The address of a built file, with its content's print, so that browsers may keep it for ever. */
  url: (name: string) => string;
  send(to: { request: Request; response: Response }, name: string): Promise<void>;
}

/** The scripts and styles that the build left in `dist/web`. */
export function createAssets(folder: string, { dev }: { dev: boolean }): Assets {
  const urls = new Map<string, string>();
  const printOf = (name: string): string => {
    const file = path.join(folder, name);
    if (!existsSync(file)) return 'missing';
    return createHash('sha256').update(readFileSync(file)).digest('hex').slice(0, 12);
  };
  return {
    url(name) {
      const known = dev ? undefined : urls.get(name);
      if (known !== undefined) return known;
      const url = `/assets/${name}?v=${printOf(name)}`;
      urls.set(name, url);
      return url;
    },
    async send({ request, response }, name) {
      // Parts that several scripts share carry their print in their name.
      const isForever =
        !dev && (request.query['v'] !== undefined || /-[A-Z0-9]{8}\.js$/.test(name));
      await new Promise<void>((resolve, reject) => {
        response.sendFile(
          name,
          {
            root: folder,
            dotfiles: 'deny',
            cacheControl: false,
            headers: {
              'Cache-Control': isForever ? 'public, max-age=31536000, immutable' : 'no-cache',
            },
          },
          (error: unknown) => {
            if (error === undefined || response.headersSent) resolve();
            else reject(new GatehouseError('NOT_FOUND', 'there is no such file', { cause: error }));
          },
        );
      });
    },
  };
}
