import type { Dict, Value } from '../jinja/value.js';
import { positionOf } from '../yaml/position.js';
import type { Play } from './playbook.js';
import { playbookError } from './playbook-error.js';
import { pythonText } from './python-text.js';
import type { VariableWorld } from './variables.js';

type Asking = { world: VariableWorld; remark(message: string): void };

/**
 * The play with what its `vars_prompt` would ask for: what `-e` gives is not asked for, as in Ansible; nobody can be asked, so
 * a default is taken and told. UNSUPPORTED names what has neither.
 */
export function withAnswers(play: Play, { world, remark }: Asking): Play {
  const prompts = promptsOf(play).filter(({ name }) => !world.extraVars.has(name));
  if (prompts.length === 0) return play;
  const open = prompts.find(({ preset }) => preset === undefined);
  if (open)
    throw playbookError(
      `vars_prompt asks for ${open.name}, and nobody can answer a prompt in a chat.`,
      open.where ?? play.where,
      `Give it with -e ${open.name}=value.`,
      'UNSUPPORTED',
    );
  const vars: Dict = new Map(play.vars);
  for (const { name, preset = null } of prompts) {
    vars.set(name, preset);
    remark(`vars_prompt: ${name} takes its default, since nobody can be asked; -e ${name}=value sets it.`);
  }
  return { ...play, vars };
}

function promptsOf({ keywords, where }: Play) {
  const value = keywords.get('vars_prompt') ?? null;
  const entries = value === null ? [] : Array.isArray(value) ? value : [value];
  return entries.map((entry) => {
    const place = positionOf(entry) ?? where;
    const name = entry instanceof Map ? entry.get('name') : undefined;
    if (!(entry instanceof Map) || name === undefined)
      throw playbookError('Each entry of vars_prompt needs a name.', place);
    return { name: pythonText(name), preset: presetOf(entry), where: place };
  });
}

function presetOf(entry: Dict): Value | undefined {
  const preset = entry.get('default');
  return preset === null ? undefined : preset;
}
