import type { Logger } from '../common/logger.js';
import type { Lab } from '../common/lab.js';
import type { Catalog } from '../labs/catalog.js';
import type { Serve } from './access/gate.js';
import type { Settings } from './config.js';
import type { User } from './identity/roles.js';
import type { EventStreams } from './http/event-stream.js';
import type { Identity } from './identity/identity.js';
import type { Pages } from './pages/pages.js';
import type { Hints } from './progress/hints.js';
import type { Progress } from './progress/progress.js';
import type { Checker } from './sessions/check-step.js';
import type { LabSessions } from './sessions/lab-sessions.js';

/** What pages and routes are made of. Built once, in `main.ts`. */
export interface ServerContext {
  serve: Serve;
  streams: EventStreams;
  settings: Settings;
  logger: Logger;
  pages: Pages;
  catalog: () => Promise<Catalog>;
  /** The lab of an address, with this learner's values. Throws LAB_NOT_FOUND. */
  getLab: (params: Readonly<Record<string, string>>, user: Pick<User, 'id'>) => Promise<Lab>;
  identity: Identity;
  progress: Progress;
  hints: Hints;
  sessions: LabSessions;
  checker: Checker;
}
