import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import type { Become, ExecResult } from '../../../src/connection/connection.js';
import type { Dict, Value } from '../../../src/jinja/value.js';
import { moduleArguments } from '../../../src/provision/arguments.js';
import { downloadFile } from '../../../src/provision/download-file.js';
import { pythonText } from '../../../src/provision/python-text.js';
import type { AnyModule, LocalEntry, ModuleContext, ModuleDefinition, Plan } from '../../../src/provision/module.js';

export type LocalHost = {
  folder: string;
  /** The plan of a module for these arguments, without doing anything. */
  plan(definition: AnyModule, args: Record<string, unknown>): Promise<Plan>;
  /** Plans and acts; the registered result as a plain object with `changed`, `failed` and `msg`. */
  apply(definition: AnyModule, args: Record<string, unknown>): Promise<Record<string, Value>>;
  run(script: string): Promise<ExecResult>;
  remove(): void;
};

export type LocalOptions = {
  shell?: readonly string[];
  /** Runs scripts somewhere else than in a shell of this machine. */
  execute?: (script: string) => Promise<ExecResult>;
  variables?: Record<string, Value>;
  /** What modules are told of the user that they work as. */
  become?: Become;
  checkMode?: boolean;
  diffMode?: boolean;
  resultIsSeen?: boolean;
  environment?: Record<string, string>;
  /** `module_defaults` of other modules. */
  defaults?: Record<string, Record<string, Value>>;
};

/** The shells a host's /bin/sh may be, as far as this machine has them. */
export function shells(): (readonly string[])[] {
  const candidates = [['dash'], ['bash', '--posix'], ['busybox', 'sh']] as const;
  return candidates.filter(([program]) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0);
}

/** A folder of this machine as the host a module works on, through a real shell. */
export function localHost({ shell = ['sh'], execute, ...options }: LocalOptions = {}): LocalHost {
  const folder = mkdtempSync(join(tmpdir(), 'stars-modules-'));
  let names = 0;

  function run(script: string): Promise<ExecResult> {
    if (execute) return execute(script);
    return new Promise((settle, reject) => {
      const [program = 'sh', ...args] = shell;
      // busybox finds its own applets only where the standard programs are hidden.
      // A bash whose standard input is a socket takes itself for a remote shell and reads the user's .bashrc.
      const stdio: ['ignore', 'pipe', 'pipe'] = ['ignore', 'pipe', 'pipe'];
      const child = spawn(program, [...args, '-c', `(${script}\n)`], { cwd: folder, env: environmentOf(shell), stdio });
      let stdout = '';
      let stderr = '';
      child.stdout.setEncoding('utf8').on('data', (piece: string) => (stdout += piece));
      child.stderr.setEncoding('utf8').on('data', (piece: string) => (stderr += piece));
      child.on('error', reject);
      child.on('close', (code) => settle({ code: code ?? 1, stdout, stderr, truncated: false }));
    });
  }

  const context: ModuleContext = {
    fact: async (fact) => fact.parse(await run(fact.script)),
    variable: (name) => options.variables?.[name],
    renderFile: (text) =>
      text.replaceAll(/\{\{ (\w+) \}\}/g, (_, name: string) => pythonText(options.variables?.[name])),
    readLocal: async (src) => ({ path: resolve(folder, src), content: readFileSync(resolve(folder, src)) }),
    listLocal: async (src) => ({ path: resolve(folder, src), entries: entriesOf(resolve(folder, src)) }),
    temporaryPath: (path) => `${path ?? join(folder, 'tmp')}.stars-${(names += 1)}`,
    hostName: 'localhost',
    become: options.become,
    checkMode: options.checkMode ?? false,
    diffMode: options.diffMode ?? false,
    resultIsSeen: options.resultIsSeen ?? true,
    defaultsOf: (module) => options.defaults?.[module] ?? {},
    unitFilesAreRead: false,
    environment: new Map(Object.entries(options.environment ?? {})),
    signal: new AbortController().signal,
  };

  async function plan(definition: AnyModule, given: Record<string, unknown>): Promise<Plan> {
    const known = definition as unknown as ModuleDefinition<unknown>;
    return known.plan(moduleArguments(known, given), context);
  }

  async function apply(definition: AnyModule, given: Record<string, unknown>): Promise<Record<string, Value>> {
    const planned = await plan(definition, given);
    const { actions, changed = actions.length > 0, result, failed, skipped } = planned;
    if (failed !== undefined) return { ...toObject(result), changed: false, failed: true, msg: failed };
    if (skipped !== undefined) return { ...toObject(result), changed: false, skipped: true };
    const results: ExecResult[] = [];
    for (const action of options.checkMode ? [] : actions) {
      if (action.kind === 'upload') {
        if (execute) await execute(`umask 077; echo ${action.content.toString('base64')} | base64 -d >${action.path}`);
        else writeFileSync(action.path, action.content, { flag: 'wx', mode: 0o600 });
        continue;
      }
      const answer =
        action.kind === 'run'
          ? await run(action.command.text)
          : await downloadFile(action, { exec: run, temporary: context.temporaryPath(action.to) });
      results.push(answer);
      if (answer.code !== 0) {
        const words = { changed, failed: true, rc: answer.code, msg: answer.stderr };
        return { ...toObject(result), ...words, ...toObject(planned.finish?.(results)) };
      }
    }
    const finished = options.checkMode || results.length === 0 ? undefined : planned.finish?.(results);
    return { changed, ...toObject(result), ...toObject(finished) };
  }

  return { folder, plan, apply, run, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

function toObject(dict: Dict | undefined): Record<string, Value> {
  return Object.fromEntries([...(dict ?? [])].map(([key, value]) => [pythonText(key), value]));
}

function environmentOf([program]: readonly string[]) {
  const { HOME = '/root', PATH = '' } = process.env;
  return { HOME, PATH: program === 'busybox' ? `${busyboxApplets()}:${PATH}` : PATH };
}

let applets: string | undefined;

/** A folder of links to busybox, so that its programs are met before coreutils. */
function busyboxApplets(): string {
  applets ??= mkdtempSync(join(tmpdir(), 'stars-busybox-'));
  if (readdirSync(applets).length === 0) spawnSync('busybox', ['--install', '-s', applets]);
  return applets;
}

function entriesOf(folder: string, root = folder): LocalEntry[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    const stat = statSync(path);
    const [directory, mode] = [stat.isDirectory(), stat.mode & 0o7777];
    const entry = { relative: relative(root, path), directory, mode, link: undefined };
    return stat.isDirectory() ? [entry, ...entriesOf(path, root)] : [entry];
  });
}
