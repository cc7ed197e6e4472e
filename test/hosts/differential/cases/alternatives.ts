import { generated, numbered, oneTask } from '../one-task.js';

const BEFORE = {
  nothing: ':',
  one: 'update-alternatives --install /usr/bin/aNNN aNNN /bin/true 10',
  two: 'update-alternatives --install /usr/bin/aNNN aNNN /bin/true 10; update-alternatives --install /usr/bin/aNNN aNNN /bin/false 50',
  manual:
    'update-alternatives --install /usr/bin/aNNN aNNN /bin/true 10; update-alternatives --install /usr/bin/aNNN aNNN /bin/false 50; update-alternatives --set aNNN /bin/true',
};

export const cases = [
  ...generated(
    'alternatives',
    {
      path: ['/bin/true', '/bin/false', '/bin/nope'],
      link: [undefined, '/usr/bin/aNNN', '/usr/local/bin/aNNN'],
      priority: [undefined, 10, 70],
      state: [undefined, 'present', 'selected', 'auto', 'absent'],
    },
    { always: { name: 'aNNN' }, before: BEFORE },
  ),
  numbered(
    oneTask('alternatives', {
      name: 'aNNN',
      path: '/bin/true',
      link: '/usr/bin/aNNN',
      subcommands: [{ name: 'bNNN', path: '/bin/false', link: '/usr/bin/bNNN' }],
    }),
    900,
  ),
];
