export type EventHandlers = Readonly<Record<string, (data: unknown) => void>>;

const RETRY_MS = 1500;

/**
 * Follows a stream of server-sent events. A hidden page lets go of its connection, because browsers open only six to
 * one server; when it is looked at again it gets the whole state anew. After `stop` it lets go for good.
 */
export function listen(
  url: string,
  { handlers, onConnection }: { handlers: EventHandlers; onConnection?: (isUp: boolean) => void },
): { stop: () => void } {
  let source: EventSource | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;
  const close = (): void => {
    clearTimeout(retry);
    source?.close();
    source = undefined;
  };
  const open = (): void => {
    close();
    const stream = new EventSource(url);
    source = stream;
    stream.addEventListener('open', () => onConnection?.(true));
    stream.addEventListener('error', () => {
      onConnection?.(false);
      // The browser tries again by itself, except after an answer that it takes for a final one.
      if (stream.readyState === EventSource.CLOSED) retry = setTimeout(open, RETRY_MS);
    });
    for (const [name, handle] of Object.entries(handlers)) {
      stream.addEventListener(name, (event: MessageEvent<unknown>) => {
        if (typeof event.data === 'string') handle(JSON.parse(event.data));
      });
    }
  };
  const ended = new AbortController();
  const { signal } = ended;
  const follow = (): void => {
    if (document.visibilityState === 'visible') open();
    else close();
  };
  document.addEventListener('visibilitychange', follow, { signal });
  addEventListener('pagehide', close, { signal });
  // From the browser's memory of pages: everything is as it was, but for the connection.
  addEventListener(
    'pageshow',
    (event) => {
      if (event.persisted) open();
    },
    { signal },
  );
  open();
  return {
    stop: () => {
      ended.abort();
      close();
    },
  };
}
