import { homedir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { defaultStateDir } from '../clusters/embedded/provider.js';
import { GatehouseError } from '../common/errors.js';

/** `true` and `1` in the environment. */
const Flag = z.union([
  z.boolean(),
  z.enum(['true', 'false', '1', '0']).transform((text) => text === 'true' || text === '1'),
]);

/** Every setting with its default. In the environment: `GATEHOUSE_` and the name in capitals, `GATEHOUSE_IDLE_MINUTES`. */
export const Settings = z.object({
  /** Where to listen. Anything but loopback means that others may come: see `publicUrl`. */
  host: z.string().min(1).default('127.0.0.1'),
  /** 0 lets the machine choose a free one. */
  port: z.coerce.number().int().min(0).max(65535).default(8080),
  /** As browsers see it, behind a proxy: `https://labs.example.org`. Cookies are `Secure` where it says https. */
  publicUrl: z.url({ protocol: /^https?$/ }).optional(),
  /** Clusters, results and sign-ins live here. */
  stateDir: z.string().min(1),
  /** The labs; absent: those of this checkout. */
  labsDir: z.string().min(1).optional(),
  provider: z.enum(['embedded', 'kind', 'existing']).default('embedded'),
  /** A lab ends after this long without a key pressed or a check made. */
  idleMinutes: z.coerce.number().min(0.05).default(60),
  /** How long before that the learner is warned. */
  idleWarningMinutes: z.coerce.number().min(0.01).default(5),
  /** A lab ends after this long in any case. */
  maxHours: z.coerce.number().min(0.01).default(12),
  /** Labs that run at the same time, of everybody together. */
  maxSessions: z.coerce.number().int().min(1).default(200),
  /** Labs that run at the same time, of one learner. */
  maxSessionsPerLearner: z.coerce.number().int().min(1).default(2),
  maxTerminalsPerSession: z.coerce.number().int().min(1).default(6),
  /** Checks of one learner within a minute. */
  checksPerMinute: z.coerce.number().int().min(1).default(30),
  /** How long evidence of attempts that are neither a learner's best nor the latest at a step is kept. */
  evidenceDays: z.coerce.number().min(0).default(180),
  /** Most evidence that is kept, all learners together; an attempt's is 5 to 10 KB. The best and the latest are always kept. */
  evidenceMegabytes: z.coerce.number().min(1).default(1024),
  /** How long a browser stays signed in. */
  signInDays: z.coerce.number().min(0.01).default(30),
  logLevel: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  /** Read page templates again for every page. */
  dev: Flag.default(false),
});
export type Settings = z.infer<typeof Settings>;

export type SettingsOverrides = Partial<Record<keyof Settings, unknown>>;

/** Defaults, then the environment, then `overrides` (the command line). Rejects what it cannot understand, naming it. */
export function readSettings(
  overrides: SettingsOverrides = {},
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Settings {
  const input: Record<string, unknown> = {
    stateDir: defaultStateDir({
      isRoot: process.getuid?.() === 0,
      home: homedir(),
      ...(environment['XDG_STATE_HOME'] === undefined
        ? {}
        : { xdgStateHome: environment['XDG_STATE_HOME'] }),
    }),
  };
  for (const name of Object.keys(Settings.shape)) {
    const value = environment[environmentName(name)];
    if (value !== undefined && value !== '') input[name] = value;
  }
  const parsed = Settings.safeParse({ ...input, ...overrides });
  if (!parsed.success) {
    const problems = parsed.error.issues.map(
      (issue) =>
        `${issue.path.join('.')} (${environmentName(String(issue.path[0]))}): ${issue.message}`,
    );
    throw new GatehouseError('BAD_REQUEST', `settings are wrong: ${problems.join('; ')}`, {
      fix: 'Correct or unset the variables named above.',
    });
  }
  return { ...parsed.data, stateDir: path.resolve(parsed.data.stateDir) };
}

function environmentName(name: string): string {
  return `GATEHOUSE_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** Root's own home is closed to the users that embedded clusters run as, hence the system's place. */
