import path from 'node:path';
import ejs from 'ejs';
import type { Request, Response } from 'express';
import type { Assets } from '../http/assets.js';
import { readCookies, readSessionToken } from '../http/cookies.js';
import { csrfTokenOf } from '../http/csrf.js';
import { hasRole, type User } from '../identity/roles.js';
import { inlineCode } from './inline-code.js';

export interface PageOptions {
  /** The folder under `server/pages/`. */
  page: string;
  title: string;
  data: object;
  visitor?: User | undefined;
  /** Of the style elements that scripts add. */
  nonce?: string;
}

export interface Pages {
  /** Answers with a page in the common frame. */
  show(to: { request: Request; response: Response }, options: PageOptions): Promise<void>;
  /** A part of a page: `labs-step/check-result`. */
  fragment(name: string, data: object): Promise<string>;
}

const THEMES = ['light', 'dark'] as const;

/** Renders `server/pages/<page>/page.ejs`. What a template writes with `<%=` or `inline(…)` is escaped. */
export function createPages(options: { root: string; assets: Assets; dev: boolean }): Pages {
  const { root, assets, dev } = options;
  const render = async (file: string, locals: object): Promise<string> =>
    ejs.renderFile(path.join(root, `${file}.ejs`), locals, { cache: !dev, root });
  return {
    async show({ request, response }, { page, title, data, visitor, nonce }) {
      const token = readSessionToken(request);
      const cookies = readCookies(request.headers.cookie);
      const frame = {
        title,
        path: request.originalUrl,
        theme: THEMES.find((theme) => theme === cookies.get('theme')) ?? 'auto',
        user: visitor,
        isInstructor: visitor !== undefined && hasRole(visitor, 'instructor'),
        csrf: token === undefined ? '' : csrfTokenOf(token),
        nonce: nonce ?? '',
        asset: assets.url,
      };
      const html = await render(`${page}/page`, { frame, data, inline: inlineCode });
      response.type('html').set('Cache-Control', 'no-store').send(html);
    },
    fragment: (name, data) => render(name, { data, inline: inlineCode }),
  };
}
