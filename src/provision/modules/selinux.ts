import { quote, sh } from '../../shell/command.js';
import { args, bool, choice, path, text } from '../arguments.js';
import { fileContent } from '../facts/file-content.js';
import { fileState } from '../facts/file-state.js';
import { type SelinuxState, selinuxState } from '../facts/selinux.js';
import { defineModule, type Action, type Fact, type ModuleContext, type Plan } from '../module.js';
import { contentDiff } from './content-diff.js';
import { factWithin, runWithin } from './environment.js';
import { placeFile } from './place-file.js';
import { dict } from './result.js';

const schema = args({
  state: choice('enforcing', 'permissive', 'disabled').describe('What SELinux does, now and after a restart.'),
  policy: text().optional().describe('The policy, such as targeted; needed unless SELinux is to be disabled.'),
  configfile: path().default('/etc/selinux/config').describe('The file that says so for the next start.'),
  update_kernel_param: bool()
    .default(false)
    .describe('Whether the boot loader’s kernel parameters are changed too, with grubby.'),
});
type Args = ReturnType<typeof schema.parse>;

export const selinux = defineModule<Args>({
  name: 'selinux',
  collection: 'ansible.posix',
  summary: 'Have SELinux enforce, only report, or do nothing.',
  aliases: { conf: 'configfile', file: 'configfile' },
  needs: 'SELinux’s setenforce where the state changes at once, and grubby with `update_kernel_param`',
  differences: ['No library of Python is needed: the programs of SELinux are asked.'],
  args: schema,

  async plan(given, context): Promise<Plan> {
    const [now, before] = await Promise.all([
      context.fact(factWithin(context, selinuxState)),
      context.fact(fileContent(given.configfile)),
    ]);
    if (!before) return { actions: [], failed: `Unable to find file ${given.configfile}` };
    const kernel = given.update_kernel_param ? await context.fact(factWithin(context, kernelParameters)) : undefined;
    if (kernel?.problem !== undefined) return { actions: [], failed: kernel.problem };
    if (given.state !== 'disabled' && !given.policy)
      return { actions: [], failed: "Policy is required if state is not 'disabled'" };
    const config = { policy: settingOf(before, 'SELINUXTYPE'), state: settingOf(before, 'SELINUX') };
    const policy = given.policy || config.policy;
    if (policy !== config.policy && !context.checkMode && !(await hasPolicy(policy, context)))
      return { actions: [], failed: `Policy ${policy} does not exist in /etc/selinux/` };
    return changesOf({ ...given, policy }, { now, config, kernel: kernel?.enabled, before }, context);
  },
});

type Found = {
  now: SelinuxState;
  config: { policy: string | undefined; state: string | undefined };
  /** Undefined where it is not asked for; null where kernels differ. */
  kernel: boolean | null | undefined;
  before: Buffer;
};

async function changesOf(
  given: Omit<Args, 'policy'> & { policy: string | undefined },
  { now, config, kernel, before }: Found,
  context: ModuleContext,
): Promise<Plan> {
  const { state, policy, configfile } = given;
  const messages: string[] = [];
  const actions: Action[] = [];
  let changed = false;
  if (policy !== now.policy) {
    messages.push(`Running SELinux policy changed from '${now.policy ?? 'None'}' to '${policy ?? 'None'}'`);
    changed = true;
  }
  if (policy !== config.policy)
    messages.push(
      `SELinux policy configuration in '${configfile}' changed from '${config.policy ?? 'None'}' to '${policy ?? 'None'}'`,
    );
  const runtime = runtimeChange(state, now);
  if (runtime.message !== undefined) messages.push(runtime.message);
  if (state !== config.state)
    messages.push(`Config SELinux state changed from '${config.state ?? 'None'}' to '${state}'`);
  const after = edited(before, { SELINUXTYPE: policy, SELINUX: state }, config);
  if (!after.equals(before)) {
    const file = await context.fact(fileState(configfile));
    actions.push(...placeFile(context, { state: file, content: after, wanted: {}, throughLink: true }));
  }
  if (runtime.command !== undefined) actions.push(runWithin(context, { text: runtime.command }));
  const enable = state !== 'disabled';
  if (kernel !== undefined && kernel !== enable) {
    actions.push(runWithin(context, sh`grubby --update-kernel=ALL ${enable ? '--remove-args' : '--args'} selinux=0`));
    const [from, to] = enable ? ['disabled', 'enabled'] : ['enabled', 'disabled'];
    messages.push(`Kernel SELinux state changed from '${kernel === null ? '<inconsistent>' : from}' to '${to}'`);
  }
  return {
    actions,
    changed: changed || actions.length > 0,
    diff: contentDiff(configfile, before, after),
    result: dict({
      msg: messages.join(', '),
      configfile,
      policy: policy ?? null,
      state,
      reboot_required: runtime.reboot,
    }),
  };
}

type RuntimeChange = { command?: string; message?: string; reboot: boolean };

/** SELinux that runs can only be made permissive until the next start, and one that does not run only starts then. */
function runtimeChange(state: Args['state'], { enabled, mode }: SelinuxState): RuntimeChange {
  if (state === mode) return { reboot: false };
  if (!enabled) return { reboot: true };
  if (state === 'disabled') return { reboot: true, ...(mode === 'permissive' ? {} : { command: 'setenforce 0' }) };
  const message = `SELinux state changed from '${mode}' to '${state}'`;
  return { reboot: false, command: `setenforce ${state === 'enforcing' ? 1 : 0}`, message };
}

function settingOf(content: Buffer, name: string): string | undefined {
  const matches = [...content.toString('utf8').matchAll(new RegExp(`^${name}=([^=\n]*).*$`, 'gm'))];
  return matches[0]?.[1]?.trim();
}

/** The file with the settings that differ from what it holds; every line of such a setting is written anew. */
function edited(
  before: Buffer,
  wanted: Readonly<Record<'SELINUXTYPE' | 'SELINUX', string | undefined>>,
  has: Found['config'],
): Buffer {
  const set = (text: string, name: 'SELINUXTYPE' | 'SELINUX', old: string | undefined) => {
    const value = wanted[name];
    if (value === undefined || value === old) return text;
    const pattern = new RegExp(`^${name}=.*$`, 'gm');
    const line = `${name}=${value}`;
    const ended = text === '' || text.endsWith('\n') ? text : `${text}\n`;
    return pattern.test(text) ? ended.replaceAll(pattern, () => line) : `${ended}${line}\n`;
  };
  const text = before.toString('utf8');
  return Buffer.from(set(set(text, 'SELINUXTYPE', has.policy), 'SELINUX', has.state));
}

async function hasPolicy(policy: string | undefined, context: ModuleContext): Promise<boolean> {
  return context.fact({
    script: `[ -e ${quote(`/etc/selinux/${policy ?? ''}/policy`)} ] && echo yes; :`,
    parse: ({ stdout }) => stdout.startsWith('yes'),
  });
}

type KernelParameters = { enabled: boolean | null; problem: string | undefined };

/** Whether the kernels of the boot loader start SELinux; null when some do and some do not. */
const kernelParameters: Fact<KernelParameters> = {
  script: `command -v grubby >/dev/null || exit 127\ngrubby --info=ALL`,
  parse({ code, stdout }) {
    const problem =
      code === 127 ? "'grubby' command not found on host" : code === 0 ? undefined : 'unable to run grubby';
    const lines = [...stdout.matchAll(/^args="(.*)"$/gm)].map(([, words = '']) => words.split(' '));
    const off = lines.filter((words) => words.includes('selinux=0')).length;
    return { enabled: off === 0 && lines.length > 0 ? true : off === lines.length && off > 0 ? false : null, problem };
  },
};
