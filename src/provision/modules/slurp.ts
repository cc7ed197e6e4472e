import { args, path } from '../arguments.js';
import { fileContent } from '../facts/file-content.js';
import { hostPath } from '../facts/host-path.js';
import { defineModule, type Plan } from '../module.js';
import { dict } from './result.js';

export const slurp = defineModule({
  name: 'slurp',
  summary: 'Read a file of the host, as base64.',
  checkMode: 'Reads only, so it does the same in check mode.',
  aliases: { path: 'src' },
  args: args({ src: path().describe('The file.') }),

  async plan(given, context): Promise<Plan> {
    const source = await hostPath(context, given.src);
    const content = await context.fact(fileContent(source));
    if (!content) return { actions: [], failed: `file not found: ${source}` };
    return { actions: [], result: dict({ content: content.toString('base64'), encoding: 'base64', source }) };
  },
});
