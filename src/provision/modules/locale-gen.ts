import { sh } from '../../shell/command.js';
import { args, choice, text } from '../arguments.js';
import { defineModule, type Fact, type Plan } from '../module.js';
import { dict } from './result.js';
import { linesOf, readTextFile, rewriteTextFile } from './text-file.js';

const schema = args({
  name: text().describe('The locale with its encoding, such as de_DE.UTF-8.'),
  state: choice('present', 'absent').default('present').describe('Whether the host is to have the locale.'),
});
type Args = ReturnType<typeof schema.parse>;

const LOCALE_GEN = '/etc/locale.gen';

export const localeGen = defineModule<Args>({
  name: 'locale_gen',
  collection: 'community.general',
  summary: 'Have a locale on a Debian or Ubuntu host, or not.',
  args: schema,
  differences: ['Ubuntu before 16.04, which keeps its locales in /var/lib/locales/supported.d, is refused.'],

  async plan({ name, state }, context): Promise<Plan> {
    const [has, file] = await Promise.all([context.fact(hasLocale(name)), readTextFile(context, LOCALE_GEN)]);
    if (file.text === undefined)
      return { actions: [], failed: `${LOCALE_GEN} is missing. Is the package "locales" installed?` };
    const lines = linesOf(file.text);
    if (!lines.some((line) => isLocale(line, name)))
      return { actions: [], failed: "The locale you've entered is not available on your system." };
    const result = dict({ name, msg: 'OK' });
    if (has === (state === 'present')) return { actions: [], result };
    const after = lines.map((line) => (isLocale(line, name) ? setLine(line, state) : line));
    const rewrite = rewriteTextFile(context, file, after.map((line) => `${line}\n`).join(''));
    // It makes every locale anew, so one that is no longer in the file goes.
    return { ...rewrite, actions: [...rewrite.actions, { kind: 'run', command: sh`LC_ALL=C locale-gen` }], result };
  },
});

function isLocale(line: string, name: string): boolean {
  return /^#?\s*(\S+[._\S]+) (\S+)\s*$/.exec(line)?.[1] === name;
}

function setLine(line: string, state: Args['state']): string {
  const words = line.replace(/^#?\s*/, '');
  return state === 'present' ? words : `# ${words}`;
}

function hasLocale(name: string): Fact<boolean> {
  return {
    script: `LC_ALL=C locale -a 2>/dev/null; :`,
    parse: ({ stdout }) => stdout.split('\n').some((each) => plainName(each) === plainName(name)),
  };
}

/** `locale -a` writes de_DE.utf8 for de_DE.UTF-8. */
function plainName(name: string): string {
  return name
    .trim()
    .replace(/\.([^@]+)/, (_, encoding: string) => `.${encoding.toLowerCase().replaceAll(/[^a-z0-9]/g, '')}`);
}
