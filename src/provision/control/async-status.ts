import { pythonText } from '../python-text.js';
import { type ControlModule, failed } from './call.js';

export const asyncStatus: ControlModule = {
  async run({ args, jobStatus }) {
    const id = args.get('jid');
    if (id === undefined) return failed('missing required arguments: jid');
    const mode = pythonText(args.get('mode') ?? 'status');
    if (mode !== 'status' && mode !== 'cleanup')
      return failed(`value of mode must be one of: cleanup, status, got: ${mode}`);
    return { result: await jobStatus(pythonText(id), mode) };
  },
};
