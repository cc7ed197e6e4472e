import { z } from 'zod';
import { defineCommand } from '../../src/bot/command.js';
import { parse, usageOf } from '../../src/bot/parse.js';
import { splitWords } from '../../src/bot/words.js';

const deploy = defineCommand({
  name: 'deploy',
  summary: 'Deploy.',
  words: ['<target>'],
  environment: 'required',
  flags: {
    check: { says: 'plan' },
    limit: { takes: 'PATTERN', says: 'hosts' },
    'start-at': { takes: 'TASK', says: 'task' },
    'extra-vars': { takes: 'K=V', short: 'e', many: true, says: 'var' },
  },
  args: z.object({}),
  permission: 'provision',
  kind: 'run',
  run: async () => '',
});
const status = defineCommand({
  name: 'status',
  summary: 'Status.',
  words: ['[subject]'],
  environment: 'required',
  args: z.object({}),
  permission: 'read',
  kind: 'run',
  run: async () => '',
});
const whoami = defineCommand({
  name: 'whoami',
  summary: 'Who.',
  environment: 'none',
  args: z.object({}),
  permission: 'read',
  kind: 'answer',
  run: async () => '',
});
const names = { commands: [deploy, status, whoami], environments: ['staging', 'production'] };

function parsed(line: string) {
  const { command, input, environment } = parse(splitWords(line), names);
  return { command: command.name, input, environment };
}

test.each([
  [
    'the last word is the environment',
    'deploy workers staging',
    { command: 'deploy', input: { target: 'workers' }, environment: 'staging' },
  ],
  [
    'flags may stand anywhere',
    'deploy --check workers --limit=web staging',
    { command: 'deploy', input: { target: 'workers', check: true, limit: 'web' }, environment: 'staging' },
  ],
  [
    'a flag may be given several times',
    'deploy x staging -e a=1 --extra-vars b=2',
    { command: 'deploy', input: { target: 'x', extraVars: ['a=1', 'b=2'] }, environment: 'staging' },
  ],
  [
    'flags are in camel case',
    'deploy x --start-at "Install it"',
    { command: 'deploy', input: { target: 'x', startAt: 'Install it' }, environment: undefined },
  ],
  [
    'what follows -- is no flag',
    'deploy -- --check staging',
    { command: 'deploy', input: { target: '--check' }, environment: 'staging' },
  ],
  ['a lone environment is not the subject', 'status staging', { command: 'status', input: {}, environment: 'staging' }],
  [
    'a lone subject is not the environment',
    'status mesos',
    { command: 'status', input: { subject: 'mesos' }, environment: undefined },
  ],
  [
    'a target may be called like an environment',
    'deploy staging production',
    { command: 'deploy', input: { target: 'staging' }, environment: 'production' },
  ],
  [
    'a required word is not taken for the environment',
    'deploy staging',
    { command: 'deploy', input: { target: 'staging' }, environment: undefined },
  ],
  [
    'commands are found in any case',
    'DEPLOY workers staging',
    { command: 'deploy', input: { target: 'workers' }, environment: 'staging' },
  ],
])('%s', (_what, line, expected) => {
  expect(parsed(line)).toEqual(expected);
});

test.each([
  ['an unknown command has near names', 'deplyo workers', { code: 'UNKNOWN_COMMAND', hint: 'Did you mean deploy?' }],
  ['a strange command gets the list', 'xyzzy', { code: 'UNKNOWN_COMMAND', hint: 'Commands: deploy, status, whoami.' }],
  [
    'an unknown environment has near names',
    'deploy workers stagin',
    { code: 'UNKNOWN_ENVIRONMENT', hint: 'Did you mean staging?' },
  ],
  [
    'an unknown flag has near names and the usage',
    'deploy workers staging --chekc',
    {
      code: 'USAGE',
      message: expect.stringMatching(/--chekc.*Did you mean --check/),
      hint: expect.stringContaining('Usage: deploy <target>'),
    },
  ],
  [
    'a flag without its value',
    'deploy workers staging --limit',
    { code: 'USAGE', message: expect.stringContaining('--limit') },
  ],
  ['a missing word is named', 'deploy', { code: 'USAGE', message: 'deploy: <target> is missing.' }],
  [
    'too many words are named',
    'deploy a b c staging',
    { code: 'USAGE', message: expect.stringContaining('too many words: b c') },
  ],
  [
    'words after a command without any',
    'whoami now',
    { code: 'USAGE', message: expect.stringContaining('too many words: now') },
  ],
])('%s', (_what, line, expected) => {
  expect(() => parsed(line)).toThrow(expect.objectContaining(expected));
});

test('nothing at all means help', () => {
  expect(() => parse({ words: [], rest: undefined }, names)).toThrow(
    expect.objectContaining({ message: 'There is no command help.' }),
  );
});

test('the usage shows words, environment and flags', () => {
  expect(usageOf(deploy)).toBe(
    'deploy <target> [environment] [--check] [--limit PATTERN] [--start-at TASK] [-e, --extra-vars K=V]',
  );
});
