import { args, bool, choice, list, raw, text } from '../arguments.js';
import { fileContent } from '../facts/file-content.js';
import { fileState } from '../facts/file-state.js';
import { defineModule, type Plan } from '../module.js';
import { pythonText } from '../python-text.js';
import { attributeArgs } from './attributes.js';
import { ensureEdited } from './ensure-edited.js';
import { editIni } from './ini-file.js';
import { dict } from './result.js';

const OPTIONS =
  'async bandwidth baseurl cost deltarpm_percentage enabled enablegroups exclude failovermethod gpgcakey gpgcheck gpgkey http_caching include includepkgs ip_resolve keepalive keepcache metadata_expire metalink mirrorlist mirrorlist_expire module_hotfixes password priority protect proxy proxy_password proxy_username repo_gpgcheck retries skip_if_unavailable sslcacert sslclientcert sslclientkey sslverify throttle timeout ui_repoid_vars username'.split(
    ' ',
  );
const settings = Object.fromEntries(OPTIONS.map((name) => [name, raw().optional()]));

const schema = args({
  name: text(),
  description: text().optional(),
  file: text().optional(),
  reposdir: text().default('/etc/yum.repos.d'),
  state: choice('present', 'absent').default('present'),
  follow: bool().default(false),
  ...settings,
  baseurl: list().optional(),
  gpgkey: list().optional(),
  ...attributeArgs,
});

export const yumRepository = defineModule<ReturnType<typeof schema.parse>>({
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
    const [state, before] = await Promise.all([context.fact(fileState(file)), context.fact(fileContent(file))]);
    const old = before?.toString('utf8') ?? '';
    const base = { section: given.name, no_extra_spaces: false, ignore_spaces: false, allow_no_value: false } as const;
    if (given.state === 'absent') {
      if (!before) return { actions: [], result: dict({ repo: given.name, state: 'absent' }) };
      const rest = editIni(old, { ...base, option: undefined, value: undefined, state: 'absent' });
      if (rest.trim() === '')
        return {
          actions: [{ kind: 'run', command: { text: `rm -f '${file.replaceAll("'", "'\\''")}'` } }],
          result: dict({ repo: given.name, state: 'absent' }),
        };
      return ensureEdited(context, {
        path: file,
        state,
        before,
        after: Buffer.from(rest),
        message: '',
        wanted: given,
        backup: false,
      });
    }
    const values = new Map<string, unknown>(
      Object.entries(given).filter(([name, value]) => OPTIONS.includes(name) && value !== undefined),
    );
    values.set('name', given.description ?? given.name);
    // Ansible writes the whole section anew, its options in order of their names.
    const lines = [...values].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => `${name} = ${shown(value)}`);
    const cleared = old === '' ? '' : editIni(old, { ...base, option: undefined, value: undefined, state: 'absent' });
    const section = `[${given.name}]\n${lines.join('\n')}\n\n`;
    const same = old.includes(section);
    const after = same ? old : `${cleared}${section}`;
    return ensureEdited(context, {
      path: file,
      state,
      before,
      after: Buffer.from(after),
      message: '',
      fields: { repo: given.name, state: 'present' },
      wanted: given,
      backup: false,
    });
  },
});

function shown(value: unknown): string {
  if (Array.isArray(value)) return value.map((item) => pythonText(item)).join('\n\t');
  if (typeof value === 'boolean') return value ? '1' : '0';
  return /^(yes|true)$/i.test(pythonText(value))
    ? '1'
    : /^(no|false)$/i.test(pythonText(value))
      ? '0'
      : pythonText(value);
}
