import type { Request, Response } from 'express';
import { GatehouseError } from '../../common/errors.js';
import type { User } from '../identity/roles.js';

export interface EventStream {
  send(event: string, data: object): void;
  /** Runs once, when the page is gone. */
  onClose(work: () => void): void;
}

const BEAT_MS = 20_000;
/** A page that takes nothing for this much is gone, whatever its connection says. */
const MOST_WAITING_BYTES = 1024 * 1024;

/** Pages that one person may have open at a time: each is told of every change, and telling takes time from others. */
export const MOST_STREAMS = 32;

/** The event streams that are open, counted by the people who opened them. */
export class EventStreams {
  readonly #open = new Map<string, number>();

  /** Server-sent events to one page. Throws LIMIT_REACHED where this person has too many open. */
  open(to: { request: Request; response: Response; user: Pick<User, 'id'> }): EventStream {
    const { id } = to.user;
    const count = this.#open.get(id) ?? 0;
    if (count >= MOST_STREAMS) {
      throw new GatehouseError('LIMIT_REACHED', `you have ${count} pages of this server open`, {
        fix: 'Close some of them, and reload this one.',
      });
    }
    this.#open.set(id, count + 1);
    const stream = openEventStream(to);
    stream.onClose(() => {
      const left = (this.#open.get(id) ?? 1) - 1;
      if (left > 0) this.#open.set(id, left);
      else this.#open.delete(id);
    });
    return stream;
  }
}

function openEventStream({
  request,
  response,
}: {
  request: Request;
  response: Response;
}): EventStream {
  response.status(200).set({
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-store',
    'X-Accel-Buffering': 'no',
  });
  response.flushHeaders();
  response.write('retry: 1500\n\n');
  const beat = setInterval(() => response.write(': beat\n\n'), BEAT_MS);
  beat.unref();
  const onClose: (() => void)[] = [
    () => {
      clearInterval(beat);
    },
  ];
  request.on('close', () => {
    for (const work of onClose.splice(0)) work();
  });
  return {
    send(event, data) {
      if (response.writableLength > MOST_WAITING_BYTES) {
        response.destroy();
        return;
      }
      response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    },
    onClose: (work) => {
      onClose.push(work);
    },
  };
}
