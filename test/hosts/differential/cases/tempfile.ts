import type { DifferentialCase } from '../case.js';
import type { Arguments } from '../one-task.js';

const one = (args: Arguments): DifferentialCase => ({
  name: JSON.stringify(args),
  ignore: { fields: ['path'], why: 'The name is made at random.' },
  tasks: `
- tempfile: ${JSON.stringify(args)}
- shell: "ls -d ./*p* | sed 's/p[A-Za-z0-9_]\\\\{8\\\\}/pRANDOM/' ; stat -c '%a %U %F' *p*; rm -rf ./*p*"
  args: {chdir: '@'}
`,
});

export const cases = [
  one({ path: '@', prefix: 'p' }),
  one({ path: '@', prefix: 'p', suffix: '.end' }),
  one({ path: '@', prefix: 'p', state: 'directory' }),
  one({ path: '@', prefix: 'p', state: 'file' }),
  one({ path: '@/nope', prefix: 'p' }),
];
