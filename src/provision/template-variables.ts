import { statSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import type { Value } from '../jinja/value.js';
import { timeText } from '../templating/strftime.js';

/** A template's source as the task names it, and where it is to be written. */
export type TemplateNames = { src: string; dest: string };

/** Variables that Ansible makes for the template of a task: of this machine and of the file at `path`. */
export function templateVariables(path: string, { src, dest }: TemplateNames, now: Date): ReadonlyMap<string, Value> {
  const { mtime, uid } = statSync(path);
  const own = userInfo();
  return new Map<string, Value>([
    ['template_host', hostname()],
    ['template_path', src],
    ['template_fullpath', path],
    ['template_destpath', dest],
    ['template_mtime', timeText(mtime, false)],
    ['template_run_date', timeText(now, false)],
    ['template_uid', uid === own.uid ? own.username : String(uid)],
  ]);
}
