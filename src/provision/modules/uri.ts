import { posix } from 'node:path';
import { quote } from '../../shell/command.js';
import { pathExists } from '../facts/glob.js';
import { fileState, resolved, type FileState } from '../facts/file-state.js';
import { hostPath } from '../facts/host-path.js';
import { type Action, type ModuleContext, type Plan } from '../module.js';
import { fileModule } from './file-marks.js';
import type { RequestBody } from './http-request.js';
import { missingParent } from './place-file.js';
import { dict } from './result.js';
import { type UriArguments, uriArguments } from './uri-arguments.js';
import { bodyOf } from './uri-request.js';
import { uriResult } from './uri-result.js';
import { requestScript } from './uri-script.js';

export const uri = fileModule<UriArguments>({
  name: 'uri',
  summary: 'Have a host make an HTTP request.',
  needs: 'curl',
  checkMode: 'Skipped.',
  aliases: { user: 'url_username', password: 'url_password' },
  exclusive: [['body', 'src']],
  args: uriArguments,
  differences: [
    'User, password and the headers Authorization and Cookie only go to the server that the task names; Ansible sends the headers on to every other one.',
    'In a folder the file is named as the address ends, also where the server redirects or proposes another name.',
    'Of headers that an error answer has several times, all are told.',
  ],

  async plan(given, context): Promise<Plan> {
    if (given.body_format === 'form-multipart' && !(given.body instanceof Map))
      return { actions: [], failed: 'A body in form-multipart must be a dict of fields.' };
    if (context.checkMode)
      return { actions: [], skipped: 'remote module (ansible.legacy.uri) does not support check mode' };
    if (!/^[A-Z]+$/i.test(given.method))
      return { actions: [], failed: "Parameter 'method' needs to be a single word in uppercase, like GET or POST." };
    const skipped = await needless(given, context);
    if (skipped !== undefined) return { actions: [], result: dict({ stdout: skipped }) };
    const dest = given.dest === undefined ? undefined : await destination(given, given.dest, context);
    const problem = dest && missingParent(dest);
    if (problem) return { actions: [], failed: problem };
    const { body, upload } = await requestBody(given, context);
    const script = requestScript(given, body, dest, context);
    const finished =
      upload === undefined ? script : `{ ${script}\n}; code=$?; rm -f ${quote(upload.path)}; ( exit $code )`;
    const end = dest && resolved(dest);
    return {
      actions: [...(upload === undefined ? [] : [upload]), { kind: 'run', command: { text: finished } }],
      changed: dest !== undefined,
      finish: (results) => uriResult(given, results.at(-1), end),
    };
  },
});

async function needless({ creates, removes }: UriArguments, context: ModuleContext): Promise<string | undefined> {
  const exists = async (pattern: string) => context.fact(pathExists(await hostPath(context, pattern)));
  if (creates !== undefined && (await exists(creates))) return `skipped, since '${creates}' exists`;
  if (removes !== undefined && !(await exists(removes))) return `skipped, since '${removes}' does not exist`;
  return undefined;
}

/** A folder gets a file named as the address ends. */
async function destination({ url }: UriArguments, dest: string, context: ModuleContext): Promise<FileState> {
  const state = await context.fact(fileState(await hostPath(context, dest)));
  const name = posix.basename(url.replace(/[?#].*$/, '')) || 'index.html';
  return resolved(state).stat?.kind === 'directory' ? context.fact(fileState(posix.join(state.path, name))) : state;
}

type Upload = Extract<Action, { kind: 'upload' }>;

async function requestBody(
  given: UriArguments,
  context: ModuleContext,
): Promise<{ body: RequestBody; upload?: Upload }> {
  if (given.src === undefined) return { body: await bodyOf(given, context) };
  if (given.remote_src) return { body: { file: await hostPath(context, given.src) } };
  const { content } = await context.readLocal(given.src, 'files');
  const path = context.temporaryPath();
  return { body: { file: path }, upload: { kind: 'upload', content, path } };
}
