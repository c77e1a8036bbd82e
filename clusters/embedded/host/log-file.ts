import { appendFileSync, existsSync, renameSync, statSync } from 'node:fs';
import type { Logger } from '../../../common/logger.js';

/** A log of JSON lines in a file that is turned over to `FILE.1` before it grows past its bound. */
export function createLogFile(file: string, options: { maxBytes: number; debug: boolean }): Logger {
  let size = existsSync(file) ? statSync(file).size : 0;
  const write = (level: string, message: string, fields: Record<string, unknown> = {}): void => {
    const line = `${JSON.stringify({ time: new Date().toISOString(), level, message, ...fields })}\n`;
    if (size + line.length > options.maxBytes) {
      if (existsSync(file)) renameSync(file, `${file}.1`);
      size = 0;
    }
    size += line.length;
    try {
      appendFileSync(file, line, { mode: 0o600 });
    } catch {
      // A full disk must not end the clusters that a log line is about.
    }
  };
  return {
    debug: (message, fields) => {
      if (options.debug) write('debug', message, fields);
    },
    info: (message, fields) => {
      write('info', message, fields);
    },
    warn: (message, fields) => {
      write('warn', message, fields);
    },
    error: (message, fields) => {
      write('error', message, fields);
    },
  };
}
