/** The first Ctrl+C asks everything to end and clean up; the second ends at once. */
export function createInterrupt(): { signal: AbortSignal; [Symbol.dispose](): void } {
  const abort = new AbortController();
  const onSignal = (): void => {
    if (abort.signal.aborted) {
      process.kill(process.pid, 'SIGKILL');
      return;
    }
    process.stderr.write('\nStopping and cleaning up; press Ctrl+C again to end at once.\n');
    abort.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    signal: abort.signal,
    [Symbol.dispose]() {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}
