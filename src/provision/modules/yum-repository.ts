import { dirname } from 'node:path/posix';
import { sh } from '../../shell/command.js';
import { args, bool, choice, list, raw, text } from '../arguments.js';
import { fileContent } from '../facts/file-content.js';
import { fileState, resolved } from '../facts/file-state.js';
import { defineModule, type ModuleContext, type Plan } from '../module.js';
import { pythonText } from '../python-text.js';
import { attributeArgs } from './attributes.js';
import { ensureEdited } from './ensure-edited.js';
import { editIni } from './ini-file.js';
import { dict } from './result.js';

const OPTIONS =
  'async bandwidth baseurl cost deltarpm_metadata_percentage deltarpm_percentage enabled enablegroups exclude failovermethod gpgcakey gpgcheck gpgkey http_caching include includepkgs ip_resolve keepalive keepcache metadata_expire metadata_expire_filter metalink mirrorlist mirrorlist_expire module_hotfixes password priority protect proxy proxy_password proxy_username repo_gpgcheck retries skip_if_unavailable ssl_check_cert_permissions sslcacert sslclientcert sslclientkey sslverify throttle timeout ui_repoid_vars username'.split(
    ' ',
  );
const settings = Object.fromEntries(
  OPTIONS.map((name) => [
    name,
    raw().optional().describe(`Written into the section as \`${name}\`, for yum and dnf to read.`),
  ]),
);

const schema = args({
  name: text().describe('Name of the section.'),
  description: text().optional().describe("The repository's name for people."),
  file: text().optional().describe("Name of the file, without `.repo`; the section's name when not given."),
  reposdir: text().default('/etc/yum.repos.d').describe('Folder of the files.'),
  state: choice('present', 'absent').default('present').describe('Whether the repository is there.'),
  follow: bool().default(false).describe('Write through a link rather than replace it.'),
  ...settings,
  baseurl: list().optional().describe('Its addresses.'),
  gpgkey: list().optional().describe('Addresses of the keys that sign its packages.'),
  ...attributeArgs,
});

type Args = ReturnType<typeof schema.parse>;

export const yumRepository = defineModule<Args>({
  name: 'yum_repository',
  summary: 'Have a repository of rpm packages, or not.',
  aliases: {
    s3_enabled: 'ui_repoid_vars',
    ca_cert: 'sslcacert',
    client_cert: 'sslclientcert',
    client_key: 'sslclientkey',
    validate_certs: 'sslverify',
  },
  args: schema,

  async plan(given, context): Promise<Plan> {
    const file = `${given.reposdir}/${given.file ?? given.name}.repo`;
    const [state, before, folder, parent] = await Promise.all([
      context.fact(fileState(file)),
      context.fact(fileContent(file)),
      context.fact(fileState(given.reposdir)),
      context.fact(fileState(dirname(file))),
    ]);
    if (resolved(folder).stat?.kind !== 'directory')
      return { actions: [], failed: `Repo directory '${given.reposdir}' does not exist.` };
    const wish = { path: file, state, before, message: '', wanted: given, backup: false };
    const old = before?.toString('utf8') ?? '';
    if (given.state === 'absent') return removal(given, context, { ...wish, old });
    if (resolved(parent).stat?.kind !== 'directory' && !context.checkMode)
      return { actions: [], failed: `Problems handling file ${file}.` };
    const section = sectionOf(given);
    if ('failed' in section) return { actions: [], failed: section.failed };
    const after = old.includes(section.text) ? old : `${withoutSection(old, given.name)}${section.text}`;
    const fields = { repo: given.name, state: 'present' };
    return ensureEdited(context, { ...wish, after: Buffer.from(after), fields });
  },
});

type Wish = Omit<Parameters<typeof ensureEdited>[1], 'after'> & { old: string };

async function removal({ name }: Args, context: ModuleContext, { old, ...wish }: Wish): Promise<Plan> {
  const fields = { repo: name, state: 'absent' };
  const rest = withoutSection(old, name);
  if (rest === old) return { actions: [], result: dict(fields) };
  if (rest.trim() === '') return { actions: [{ kind: 'run', command: sh`rm -f ${wish.path}` }], result: dict(fields) };
  // Behind every section that is left Ansible writes an empty line.
  return ensureEdited(context, { ...wish, after: Buffer.from(`${rest.trimEnd()}\n\n`), fields });
}

function withoutSection(text: string, section: string): string {
  if (text === '') return '';
  const all = { option: undefined, values: [], state: 'absent', exclusive: true } as const;
  return editIni(text, { ...all, section, no_extra_spaces: false, ignore_spaces: false, allow_no_value: false }).text;
}

/** The section as Ansible writes it, its options in order of their names. */
function sectionOf(given: Args): { text: string } | { failed: string } {
  const values = new Map<string, unknown>(
    Object.entries(given).filter(([name, value]) => OPTIONS.includes(name) && value !== undefined),
  );
  if (!['baseurl', 'metalink', 'mirrorlist'].some((name) => values.has(name)))
    return { failed: "Parameter 'baseurl', 'metalink' or 'mirrorlist' is required." };
  if (given.description === undefined) return { failed: "Parameter 'description' is required." };
  values.set('name', given.description);
  const lines = [...values]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name} = ${shown(value, BESIDE.has(name) ? ' ' : '\n\t')}`);
  return { text: `[${given.name}]\n${lines.join('\n')}\n\n` };
}

/** Lists that stand in one line; the others have a line for each entry. */
const BESIDE = new Set(['exclude', 'includepkgs']);

function shown(value: unknown, between: string): string {
  if (Array.isArray(value)) return value.map((item) => pythonText(item)).join(between);
  if (typeof value === 'boolean') return value ? '1' : '0';
  return /^(yes|true)$/i.test(pythonText(value))
    ? '1'
    : /^(no|false)$/i.test(pythonText(value))
      ? '0'
      : pythonText(value);
}
