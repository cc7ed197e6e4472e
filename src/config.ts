import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { StarsError } from './errors.js';
import { Secret } from './secret.js';

/** The environment variables of a process, or a stand-in for them. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** What the environment variables say; everything has a default or may be left out. */
export type Settings = {
  /** STARS_HOME, default the working directory; absolute. */
  home: string;
  /** STARS_DATA; without it stars.yml or `<home>/.stars` decides. */
  data: string | undefined;
  /** PostgreSQL; without it an embedded database. Holds a password. */
  databaseUrl: Secret | undefined;
  slack: {
    botToken: Secret | undefined;
    signingSecret: Secret | undefined;
    appToken: Secret | undefined;
    apiUrl: string | undefined;
  };
  port: number;
  publicUrl: string | undefined;
  logLevel: LogLevel;
  readonly timeZone: string;
  /** STARS_VAULT_PASSWORD_FILE, default ~/.vault_password.txt; need not exist. */
  vaultPasswordFile: string;
};

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];

/** Reads and checks the settings once. Throws CONFIG, naming the variable and what it should be. */
export function readSettings(env: Variables, cwd = process.cwd()): Settings {
  const variables = withoutEmpty(env);
  const folder = (name: string) => variables[name] && resolve(cwd, untilde(variables[name], variables));
  // POSIX allows a colon before the name; Intl does not.
  const zone = checked(
    'TZ',
    variables,
    z
      .string()
      .transform((name) => name.replace(/^:/, ''))
      .refine(isTimeZone),
    'a time zone such as Europe/Berlin',
  );
  return {
    home: folder('STARS_HOME') ?? cwd,
    data: folder('STARS_DATA'),
    databaseUrl: databaseUrl(variables),
    slack: {
      botToken: secret('SLACK_BOT_TOKEN', variables),
      signingSecret: secret('SLACK_SIGNING_SECRET', variables),
      appToken: secret('SLACK_APP_TOKEN', variables),
      apiUrl: checked('SLACK_API_URL', variables, webUrl, 'an address such as http://127.0.0.1:3001/api/'),
    },
    port:
      checked(
        'PORT',
        variables,
        z
          .string()
          .regex(/^\d{1,5}$/)
          .transform(Number)
          .pipe(z.int().max(65_535)),
        'a number from 0 to 65535',
      ) ?? 3000,
    publicUrl: checked('PUBLIC_URL', variables, webUrl, 'an address such as https://stars.example.org'),
    logLevel: checked('LOG_LEVEL', variables, z.enum(LOG_LEVELS), `one of ${LOG_LEVELS.join(', ')}`) ?? 'info',
    // Only when it is asked for: to find the system's takes a tenth of the start.
    get timeZone() {
      return zone ?? systemTimeZone();
    },
    vaultPasswordFile: folder('STARS_VAULT_PASSWORD_FILE') ?? untilde('~/.vault_password.txt', variables),
  };
}

/** `~` and `~/…` as the person's home folder. */
export function untilde(path: string, { HOME }: Variables = process.env): string {
  return /^~(?=\/|$)/.test(path) ? join(HOME || homedir(), path.slice(1)) : path;
}

const webUrl = z.url({ protocol: /^https?$/ });

function withoutEmpty(env: Variables): Variables {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
}

function checked<T>(name: string, variables: Variables, schema: z.ZodType<T>, expected: string): T | undefined {
  const value = variables[name];
  if (value === undefined) return undefined;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new StarsError('CONFIG', `The environment variable ${name} must be ${expected}, not "${value}".`, {
    hint: `Correct ${name}, or leave it out.`,
  });
}

/** A secret from NAME, or from the file that NAME_FILE names, without its last line end. */
function secret(name: string, variables: Variables): Secret | undefined {
  const file = variables[`${name}_FILE`];
  if (variables[name] !== undefined && file !== undefined) {
    throw new StarsError('CONFIG', `Both ${name} and ${name}_FILE are set.`, { hint: 'Leave one of them out.' });
  }
  const text = file === undefined ? variables[name] : readSecretFile(`${name}_FILE`, untilde(file, variables));
  return text === undefined ? undefined : new Secret(text);
}

function readSecretFile(name: string, file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (cause) {
    throw new StarsError('CONFIG', `The file ${file} that ${name} names cannot be read.`, {
      hint: 'Check that it exists and that Stars may read it.',
      cause,
    });
  }
  if (text !== '') return text;
  throw new StarsError('CONFIG', `The file ${file} that ${name} names is empty.`, {
    hint: 'Write the secret into it.',
  });
}

function databaseUrl(variables: Variables): Secret | undefined {
  const url = secret('DATABASE_URL', variables);
  if (url === undefined || /^postgres(?:ql)?:\/\/./.test(url.reveal())) return url;
  throw new StarsError(
    'CONFIG',
    'The environment variable DATABASE_URL must be the address of a PostgreSQL database.',
    {
      hint: 'It looks like postgresql://user:password@host:5432/database. Without it Stars keeps its data in STARS_DATA.',
    },
  );
}

function isTimeZone(name: string): boolean {
  try {
    Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function systemTimeZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}
