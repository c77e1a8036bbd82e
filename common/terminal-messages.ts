/**
 * What the page and the server say to each other about one terminal, over its socket. Binary frames are the terminal's
 * own bytes: keys to the server, output to the page. Text frames are these messages as JSON.
 */
export type TerminalToServer =
  | { type: 'resize'; cols: number; rows: number }
  /** Bytes of output that the page has drawn since the last `ack`; the server stops sending when too many are not. */
  | { type: 'ack'; bytes: number }
  /** A new shell in the place of one that has ended. */
  | { type: 'restart' };

export type TerminalToPage =
  /**
   * The next `bytes` bytes were seen before: draw them, and do not answer the questions they ask. The page forgets what
   * it showed until now. Sent at the start of every connection, and when the page fell too far behind.
   */
  | { type: 'replay'; bytes: number; cols: number; rows: number }
  /** Whether this page answers for the terminal; of several pages that show one shell only one does. */
  | { type: 'primary'; primary: boolean }
  | { type: 'size'; cols: number; rows: number }
  | { type: 'state'; state: 'running' | 'ended'; exitCode?: number };

/** Unacknowledged bytes at which the server stops, and those at which it goes on. */
export const HIGH_WATER_BYTES = 256 * 1024;
export const LOW_WATER_BYTES = 64 * 1024;
/** The page acknowledges whenever it has drawn this much more. */
export const ACK_EVERY_BYTES = 32 * 1024;
