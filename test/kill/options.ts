export type KillOptions = {
  kills: number;
  seed: number;
  /** How many processes of Stars serve at a time. */
  processes: number;
  /** On a PostgreSQL of its own instead of the embedded store. */
  postgres: boolean;
  /** Cuts the store, Slack and hosts for a while instead of killing. */
  faults: boolean;
  /** Waits before each kill for the minute to end, when schedules are due. */
  schedules: boolean;
  /** Tells at the end what became of each wish. */
  story: boolean;
  /** Kills only processes that take or restore backups. */
  backup: boolean;
};

const USAGE = `Usage: npm run test:kill -- [--kills N] [--seed N] [--processes 1|2|3] [--postgres] [--faults] [--schedules] [--story]
       npm run test:kill -- --backup [--kills N] [--seed N]
  --kills      how often a process of Stars is killed, default 25
  --seed       of what is asked and when it is killed; printed at the start
  --processes  how many serve at a time, default 1
  --postgres   on PostgreSQL (root, the package postgresql) instead of the embedded store
  --faults     cuts the store, Slack or hosts off for a while instead of killing; --kills says how often
  --schedules  kills at the end of minutes, when schedules are due: a minute for each
  --backup     kills processes that take and restore backups, one after the other
  --story      tells at the end what became of everything that was asked
`;

export const say = (text: string): boolean => process.stderr.write(`${text}\n`);

/** The options of this process, which ends here when they are wrong or only help was wanted. */
export function ownOptions(): KillOptions {
  const options = readOptions(process.argv.slice(2));
  if (typeof options !== 'string') return options;
  say(options === '' ? USAGE : `${options}\n${USAGE}`);
  process.exit(options === '' ? 0 : 2);
}

/** The options, or what is wrong with the words; '' when only help was wanted. */
function readOptions(words: readonly string[]): KillOptions | string {
  const options: KillOptions = {
    kills: 25,
    seed: Date.now() % 1_000_000,
    processes: 1,
    postgres: false,
    faults: false,
    schedules: false,
    story: false,
    backup: false,
  };
  const rest = words.flatMap((word) => word.split(/(?<=^--[a-z]+)=/));
  for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
    if (name === '--help' || name === '-h') return '';
    if (name === '--postgres') options.postgres = true;
    else if (name === '--faults') options.faults = true;
    else if (name === '--schedules') options.schedules = true;
    else if (name === '--story') options.story = true;
    else if (name === '--backup') options.backup = true;
    else if (name === '--kills' || name === '--seed' || name === '--processes') {
      const value = rest.shift();
      if (value === undefined || !/^\d{1,9}$/.test(value)) return `${name} takes a whole number.`;
      options[name === '--kills' ? 'kills' : name === '--seed' ? 'seed' : 'processes'] = Number(value);
    } else return `“${name}” is not an option.`;
  }
  if (options.kills < 1) return '--kills takes a number from 1.';
  if (options.processes < 1 || options.processes > 3) return '--processes takes 1, 2 or 3.';
  return options;
}
