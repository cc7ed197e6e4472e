import type { DifferentialCase } from '../case.js';
import { type Arguments, oneTask } from '../one-task.js';

const SERVERS = `printf 'server=1\\n# end\\nport 80\\nport 81\\nlast' >@/f`;
const one = (args: Arguments, setup?: string) => oneTask('slurp', args, setup);

export const cases: DifferentialCase[] = [
  one({ src: '@/f' }, SERVERS),
  one({ src: '@/f' }, "printf '\\000\\377' >@/f"),
  one({ src: '@/f' }, ': >@/f'),
  one({ src: '@/nope' }),
  one({ src: '@' }),
  one({ src: '@/l' }, 'echo 1 >@/f; ln -s f @/l'),
];
