import type { Request, Response } from 'express';
import type { Visit } from '../access/gate.js';
import type { Pages } from '../pages/pages.js';

/** Whether our own script asks, which wants data and no page. */
export function isScript(request: Request): boolean {
  return request.accepts(['html', 'json']) === 'json';
}

/** The end of a change: data for scripts; for forms the page to go to, so that a reload repeats nothing. */
export function finish(
  { request, response }: { request: Request; response: Response },
  { redirect, data = {} }: { redirect: string; data?: object },
): void {
  if (isScript(request)) response.json({ ...data, redirect });
  else response.redirect(303, redirect);
}

export interface Confirmation {
  question: string;
  text: string;
  verb: string;
  back: string;
}

/** Whether the visitor said yes. Where not, the answer is a page that asks: what the dialog does, without scripts. */
export async function isConfirmed(
  pages: Pages,
  { request, response, user }: Visit,
  confirmation: Confirmation,
): Promise<boolean> {
  if (fieldOf(request, 'confirmed') === 'yes') return true;
  await pages.show(
    { request, response },
    {
      page: 'confirm',
      title: confirmation.question,
      visitor: user,
      data: { ...confirmation, action: request.originalUrl },
    },
  );
  return false;
}

/** One field of a form, as text; undefined where it is absent or given several times. */
export function fieldOf(request: Request, name: string): string | undefined {
  const body: unknown = request.body;
  if (typeof body !== 'object' || body === null || !Object.hasOwn(body, name)) return undefined;
  const value: unknown = Reflect.get(body, name);
  return typeof value === 'string' ? value : undefined;
}
