import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { StarsError } from '../../errors.js';
import { toJsRegExp } from '../../jinja/python-regex.js';
import { quote } from '../../shell/command.js';
import { args, bool, path, text } from '../arguments.js';
import { hostPath } from '../facts/host-path.js';
import { type Fact, type ModuleContext, type Plan } from '../module.js';
import { fileArgs, fileModule } from './file-marks.js';
import { ensureContent } from './ensure-content.js';
import { dict } from './result.js';
import { asBytes } from './text-file.js';

const schema = args({
  src: path().describe('The folder that holds the pieces.'),
  dest: path().describe('The file that is made of them.'),
  backup: bool().default(false).describe('Keep a copy of the file before it is changed.'),
  delimiter: text().optional().describe('A text between the pieces, with escapes such as \\n.'),
  remote_src: bool().default(true).describe('The folder is on the host; no means that of the role or playbook.'),
  regexp: text().optional().describe('Only pieces whose names match this regular expression.'),
  ignore_hidden: bool().default(false).describe('Pass over pieces whose names begin with a dot.'),
  validate: text().optional().describe('A command that must succeed for the new file, which is %s in it.'),
  decrypt: bool().default(true).describe('Accepted; pieces that are vaults are always decrypted.'),
  ...fileArgs,
});
type Args = ReturnType<typeof schema.parse>;

type Piece = { name: string; content: Buffer };

export const assemble = fileModule<Args>({
  name: 'assemble',
  summary: 'Have a file made of the pieces in a folder.',
  args: schema,
  differences: [
    'Check mode says what would change, where Ansible skips the task.',
    'The result does not hold what the command of `validate` said when it succeeded.',
  ],

  async plan(given, context): Promise<Plan> {
    const pieces = given.remote_src
      ? await context.fact(filesOf(await hostPath(context, given.src)))
      : await localPieces(given.src, context);
    if (typeof pieces === 'string') return { actions: [], failed: pieces };
    const content = joined(pieces, given);
    const dest = await hostPath(context, given.dest);
    const plan = await ensureContent(context, {
      ...given,
      dest,
      content,
      wanted: given,
      // Ansible copies what it has put together on this side under this name.
      basename: given.remote_src ? undefined : 'src',
      force: true,
      follow: false,
    });
    if (plan.failed?.includes('with a dir as dest'))
      return { ...plan, failed: `${dest} is a directory: dest must be a file.` };
    const { finish, result } = plan;
    const md5sum = createHash('md5').update(content).digest('hex');
    const own = dict({ src: given.src, md5sum, ...(given.remote_src ? { msg: 'OK' } : {}) });
    return {
      ...plan,
      result: new Map([...(result ?? []), ...own]),
      ...(finish ? { finish: (results) => new Map([...finish(results), ...own]) } : {}),
    };
  },
});

/** Every plain file in a folder of the host, or in words why there is none. */
function filesOf(folder: string): Fact<Piece[] | string> {
  const word = quote(folder);
  return {
    script: `if [ ! -e ${word} ]; then echo missing; elif [ ! -d ${word} ]; then echo plain; else
for piece in ${word}/* ${word}/.[!.]* ${word}/..?*; do if [ -f "$piece" ]; then printf 'piece '; printf %s "\${piece##*/}" | base64 | tr -d '\\n'; printf ' '; base64 <"$piece" | tr -d '\\n'; echo; fi; done
fi`,
    parse({ stdout, truncated }) {
      if (stdout.startsWith('missing')) return `Source (${folder}) does not exist`;
      if (stdout.startsWith('plain')) return `Source (${folder}) is not a directory`;
      if (truncated) throw new StarsError('UNSUPPORTED', `The pieces in ${folder} are too large to be put together.`);
      return stdout.split('\n').flatMap((line) => {
        const [, name, content = ''] = /^piece (\S+) (\S*)$/.exec(line) ?? [];
        return name === undefined
          ? []
          : [{ name: Buffer.from(name, 'base64').toString(), content: Buffer.from(content, 'base64') }];
      });
    },
  };
}

async function localPieces(src: string, context: ModuleContext): Promise<Piece[] | string> {
  const { path: folder, entries } = await context.listLocal(src);
  const files = entries.filter(({ relative, directory }) => !directory && !relative.includes('/'));
  return Promise.all(
    files.map(async ({ relative }) => ({
      name: relative,
      content: (await context.readLocal(posix.join(folder, relative), 'files')).content,
    })),
  );
}

/** A piece without an end of line gets one when another follows. */
function joined(pieces: Piece[], { regexp, ignore_hidden: noHidden, delimiter, remote_src: onHost }: Args): Buffer {
  const pattern = regexp === undefined ? undefined : toJsRegExp(regexp, '');
  const wanted = pieces
    .filter(({ name }) => (!pattern || pattern.test(name)) && !(noHidden && name.startsWith('.')))
    .sort((one, other) => (one.name < other.name ? -1 : 1));
  const words = asBytes(unescaped(delimiter ?? ''));
  // On this side Ansible ends also what has an end.
  const between = words === '' ? '' : onHost ? ended(words) : `${words}\n`;
  const text = wanted.map(({ content }, index) => {
    const last = index === wanted.length - 1;
    const piece = content.toString('latin1');
    return last ? piece : `${ended(piece)}${between}`;
  });
  return Buffer.from(text.join(''), 'latin1');
}

function ended(text: string): string {
  return text.endsWith('\n') ? text : `${text}\n`;
}

const ESCAPES: Record<string, string> = { n: '\n', t: '\t', r: '\r', '\\': '\\', "'": "'", '"': '"' };

/** The escapes of a Python text. */
function unescaped(text: string): string {
  return text.replaceAll(/\\(x[0-9a-fA-F]{2}|[0-7]{1,3}|.)/gs, (whole, code: string) => {
    if (code.startsWith('x')) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    if (/^[0-7]/.test(code)) return String.fromCharCode(Number.parseInt(code, 8));
    return ESCAPES[code] ?? whole;
  });
}
