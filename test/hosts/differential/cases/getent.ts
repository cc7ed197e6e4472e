import { generated, oneTask } from '../one-task.js';

export const cases = [
  ...generated('getent', {
    database: ['passwd', 'group', 'shadow', 'services', 'protocols', 'hosts', 'nothing'],
    key: [undefined, 'root', 'nobody-there', 'ssh', 'localhost'],
    split: [undefined, ':'],
    fail_key: [undefined, false],
  }),
  oneTask('getent', { database: 'passwd', key: 'root', service: 'files' }),
];
