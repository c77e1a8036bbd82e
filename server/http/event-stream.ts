import type { Request, Response } from 'express';

export interface EventStream {
  send(event: string, data: object): void;
  /** Runs once, when the page is gone. */
  onClose(work: () => void): void;
}

const BEAT_MS = 20_000;
/** A page that takes nothing for this much is gone, whatever its connection says. */
const MOST_WAITING_BYTES = 1024 * 1024;

/** Server-sent events to one page. */
export function openEventStream({
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
