import { StarsError } from '../../errors.js';
import { sh } from '../../shell/command.js';
import { args, bool, choice, int, list, mode, text } from '../arguments.js';
import { fileContent } from '../facts/file-content.js';
import { fileState, resolved } from '../facts/file-state.js';
import { hostPath } from '../facts/host-path.js';
import { defineModule, type Action, type Diff, type Fact, type ModuleContext, type Plan } from '../module.js';
import { attributeChanges, type Attributes } from './attributes.js';
import { contentDiff } from './content-diff.js';
import { downloadScript } from './download.js';
import { factWithin } from './environment.js';
import { makeFolders } from './make-folders.js';
import { placeFile } from './place-file.js';
import { dict } from './result.js';

/** What stands in the file, in the order in which it does. */
const fields = {
  allow_downgrade_to_insecure: bool().optional().describe('Let a signed repository become one without a signature.'),
  allow_insecure: bool().optional().describe('Use the repository though it is not signed.'),
  allow_weak: bool().optional().describe('Use the repository though its signature is weak.'),
  architectures: list().optional().describe('The architectures to fetch.'),
  by_hash: bool().optional().describe('Whether indexes are fetched by their hashes.'),
  check_date: bool().optional().describe('Whether the date of the repository must not lie in the future.'),
  check_valid_until: bool().optional().describe('Whether the repository says until when it holds.'),
  components: list().optional().describe('The components, such as main.'),
  date_max_future: int().optional().describe('By how many seconds the date may lie in the future.'),
  enabled: bool().optional().describe('Whether apt uses the repository.'),
  inrelease_path: text().optional().describe('Where the InRelease file is, seen from the place it usually has.'),
  languages: list().optional().describe('The languages of translations to fetch.'),
  name: text().describe('The name, from which those of the files are made.'),
  pdiffs: bool().optional().describe('Whether indexes are updated by differences.'),
  signed_by: text()
    .optional()
    .describe('The key: an address to fetch it from, a file on the host, a fingerprint, or the key itself.'),
  suites: list().optional().describe('The suites, such as bookworm.'),
  targets: list().optional().describe('What to fetch of the repository.'),
  trusted: bool().optional().describe('Whether its packages are trusted whatever the signature says.'),
  types: list().default(['deb']).describe('`deb`, `deb-src` or both.'),
  uris: list().optional().describe('The addresses.'),
};

const schema = args({
  ...fields,
  mode: mode().default({ octal: 0o644 }).describe('The permissions of the file.'),
  state: choice('present', 'absent').default('present').describe('Whether the repository is there.'),
});
type Args = ReturnType<typeof schema.parse>;

export const deb822Repository = defineModule<Args>({
  name: 'deb822_repository',
  summary: 'Have a repository of apt in a .sources file, with its key.',
  needs: 'apt, and curl or wget where the key is fetched',
  differences: [
    'It is that of ansible-core 2.15; 2.14 has none.',
    'No library of Python is needed on the host.',
    'A diff of the file is shown.',
  ],
  args: schema,

  async plan(given, context): Promise<Plan> {
    const wrong = given.types.filter((type) => type !== 'deb' && type !== 'deb-src');
    if (wrong.length > 0)
      return { actions: [], failed: `value of types must be one or more of: deb, deb-src. Got ${wrong.join(', ')}` };
    const slug = given.name
      .toLowerCase()
      .replaceAll(/[_\s]+/g, '-')
      .replaceAll(/[^a-z0-9-]+/g, '');
    const dest = `/etc/apt/sources.list.d/${slug}.sources`;
    if (given.state === 'absent') return removal(dest, slug, context);
    const key = await keyOf(given.signed_by, slug, context);
    const repo = sourcesText(given, key.value);
    const file = await fileWith(dest, Buffer.from(repo), { mode: given.mode }, context);
    return {
      actions: [...key.actions, ...file.actions],
      ...(file.diff ? { diff: file.diff } : {}),
      result: dict({ repo, dest, key_filename: key.file ?? null }),
    };
  },
});

async function removal(dest: string, slug: string, context: ModuleContext): Promise<Plan> {
  const files = [dest, keyFile(slug, 'asc'), keyFile(slug, 'gpg')];
  const states = await Promise.all(files.map((file) => context.fact(fileState(file))));
  const there = states.filter(({ stat }) => stat !== undefined).map(({ path }) => path);
  return {
    actions: there.length === 0 ? [] : [{ kind: 'run', command: sh`rm -f ${there}` }],
    result: dict({ repo: null, dest, key_filename: keyFile(slug, 'gpg') }),
  };
}

function keyFile(slug: string, extension: 'asc' | 'gpg'): string {
  return `/etc/apt/keyrings/${slug}.${extension}`;
}

type Key = { value: string | undefined; file?: string; actions: Action[] };

/** A key of the web is kept as a file; any other is named as it is given. */
async function keyOf(signedBy: string | undefined, slug: string, context: ModuleContext): Promise<Key> {
  if (signedBy === undefined) return { value: undefined, actions: [] };
  if (!/^\w+:\/\//.test(signedBy)) {
    const path = /^[~/]/.test(signedBy) ? await hostPath(context, signedBy) : undefined;
    return { value: path ?? signedBy, actions: [], ...(path === undefined ? {} : { file: path }) };
  }
  const content = await context.fact(factWithin(context, downloaded(signedBy)));
  const armored = content.includes('-----BEGIN PGP PUBLIC KEY BLOCK-----');
  const file = keyFile(slug, armored ? 'asc' : 'gpg');
  const { actions } = await fileWith(file, content, { mode: { octal: 0o644 } }, context);
  return { value: file, file, actions };
}

function downloaded(url: string): Fact<Buffer> {
  const fetch = downloadScript({ url, to: undefined, timeoutSeconds: 10, validateCerts: true });
  return {
    script: `{ { ${fetch}\n} || printf stars-failed >&2; } | base64`,
    parse({ stdout, stderr }) {
      const content = Buffer.from(stdout, 'base64');
      if (!stderr.endsWith('stars-failed') && content.length > 0) return content;
      const why = stderr.replace(/stars-failed$/, '').trim() || 'it is empty';
      throw new StarsError('HOSTS_FAILED', `Could not fetch signed_by key ${url}: ${why}`);
    },
  };
}

/** What it takes to have this content in a file of root; nothing when it is there already. */
async function fileWith(
  path: string,
  content: Buffer,
  wanted: Attributes,
  context: ModuleContext,
): Promise<{ actions: Action[]; diff?: Diff }> {
  const [state, before] = await Promise.all([context.fact(fileState(path)), context.fact(fileContent(path))]);
  if (before?.equals(content)) {
    const end = resolved(state);
    const { command } = attributeChanges(end.path, end.stat, wanted);
    return { actions: command ? [{ kind: 'run', command }] : [] };
  }
  const folder = path.slice(0, path.lastIndexOf('/'));
  const folders = state.parentExists ? [] : makeFolders(folder, { mode: { octal: 0o755 } });
  return {
    actions: [...folders, ...placeFile(context, { state, content, wanted, throughLink: true })],
    diff: contentDiff(path, before, content),
  };
}

function sourcesText(given: Args, signedBy: string | undefined): string {
  const lines = Object.keys(fields).flatMap((name) => {
    const value = name === 'signed_by' ? signedBy : given[name as keyof typeof fields];
    return value === undefined ? [] : [`${titleOf(name)}:${valueText(value)}`];
  });
  return `${lines.join('\n')}\n`;
}

function titleOf(name: string): string {
  if (name === 'name') return 'X-Repolib-Name';
  if (name === 'uris') return 'URIs';
  return name
    .split('_')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('-');
}

/** Several lines are indented below the name, and an empty one among them is a dot. */
function valueText(value: string | boolean | number | readonly string[]): string {
  if (typeof value === 'boolean') return value ? ' yes' : ' no';
  const text = typeof value === 'string' ? value : Array.isArray(value) ? value.join(' ') : String(value);
  if (!text.includes('\n')) return text === '' ? '' : ` ${text}`;
  const lines = text.trim().split(/\r?\n/);
  return `\n${lines.map((line) => `    ${line.trim() || '.'}`).join('\n')}`;
}
