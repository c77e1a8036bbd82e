import path from 'node:path';
import type { Logger } from '../common/logger.js';
import type { Settings } from './config.js';

/** One line of JSON per event in `server.log` of the state folder. A full disk costs lines of the log and nothing else. */
export async function createFileLogger({ stateDir, logLevel }: Settings): Promise<Logger> {
  const { default: pino } = await import('pino');
  const destination = pino.destination({ dest: path.join(stateDir, 'server.log'), mode: 0o600 });
  destination.on('error', () => undefined);
  const logger = pino(
    { level: logLevel, base: {}, timestamp: pino.stdTimeFunctions.isoTime },
    destination,
  );
  const write =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (message: string, fields: Record<string, unknown> = {}): void => {
      logger[level](plain(fields), message);
    };
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}

/** Errors say nothing as JSON. */
function plain(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      value instanceof Error ? (value.stack ?? value.message) : value,
    ]),
  );
}
