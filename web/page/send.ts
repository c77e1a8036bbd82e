import { findElement } from './find.js';

/** What the server says when it refuses. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: string;
  readonly fix: string;

  constructor({ code, message, fix }: { code: string; message: string; fix: string }) {
    super(message);
    this.code = code;
    this.fix = fix;
  }
}

/** What this browser's forms carry; the frame of every page has it. */
function csrfToken(): string {
  return findElement(document, 'meta[name="csrf"]', HTMLMetaElement)?.content ?? '';
}

/** Sends a form to the server as our scripts do: the answer is data. Rejects with a Refusal. */
export async function send(
  url: string,
  fields: Iterable<[string, string]> = [],
): Promise<Readonly<Record<string, unknown>>> {
  const body = new URLSearchParams([...fields].map(([name, value]) => [name, value]));
  let response: Response;
  try {
    response = await fetch(url, {
      method: 'POST',
      body,
      headers: { Accept: 'application/json', 'X-CSRF-Token': csrfToken() },
    });
  } catch {
    throw new Refusal({
      code: 'UNREACHABLE',
      message: 'the server does not answer',
      fix: 'Is it running? Try again in a moment.',
    });
  }
  const answer = await readObject(response);
  if (response.ok) return answer;
  throw new Refusal({
    code: textOf(answer['code'], 'BUG'),
    message: textOf(answer['message'], 'something went wrong'),
    fix: textOf(answer['fix'], ''),
  });
}

/** The fields of a form that are text; files have no place in ours. */
export function fieldsOf(form: HTMLFormElement): [string, string][] {
  return [...new FormData(form)].flatMap(([name, value]): [string, string][] =>
    typeof value === 'string' ? [[name, value]] : [],
  );
}

async function readObject(response: Response): Promise<Readonly<Record<string, unknown>>> {
  try {
    const value: unknown = await response.json();
    return typeof value === 'object' && value !== null
      ? Object.fromEntries(Object.entries(value))
      : {};
  } catch {
    return {};
  }
}

function textOf(value: unknown, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise;
}
