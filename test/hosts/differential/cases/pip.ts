import type { DifferentialCase } from '../case.js';
import { type Arguments, numbered, oneTask } from '../one-task.js';

const WHEELS = `
wheel() { python3 - "$1" "$2" <<'PY'
import sys, zipfile
name, version = sys.argv[1:]
info = f'{name}-{version}.dist-info'
def put(archive, path, text):
    archive.writestr(zipfile.ZipInfo(path), text)
with zipfile.ZipFile(f'/srv/wheels/{name}-{version}-py3-none-any.whl', 'w') as archive:
    put(archive, f'{name}.py', f'version = "{version}"\\n')
    put(archive, f'{info}/METADATA', f'Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n')
    put(archive, f'{info}/WHEEL', 'Wheel-Version: 1.0\\nGenerator: me\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
    put(archive, f'{info}/RECORD', '')
PY
}
mkdir -p /srv/wheels; wheel wNNN 1.0; wheel wNNN 2.0; wheel vNNN 1.0
export PIP_BREAK_SYSTEM_PACKAGES=1 PIP_NO_INDEX=1 PIP_FIND_LINKS=/srv/wheels PIP_ROOT_USER_ACTION=ignore PIP_NO_COMPILE=1
`;
const BEFORE = {
  none: WHEELS,
  old: `${WHEELS}pip install -q wNNN==1.0`,
  required: `${WHEELS}printf 'wNNN==1.0\\nvNNN\\n' >requirements.txt`,
  environment: `${WHEELS}python3 -m venv env`,
  // Debian's virtualenv is not on the host, so this one stands for it: it tells its options and does as the one of Python.
  maker: `${WHEELS}cat >maker <<'PROGRAM'
#!/bin/sh
echo "$@" >>$(dirname $0)/called
for word; do case $word in --help) exit;; -p*) shift;; esac; done
exec python3 -m venv "$@"
PROGRAM
chmod +x maker`,
  repository: `${WHEELS}mkdir -p sources/wNNN; cd sources
echo 'from setuptools import setup; setup(name="wNNN", version="3.0", py_modules=["wNNN"])' >setup.py; echo >wNNN.py
export GIT_AUTHOR_DATE='1700000000 +0000' GIT_COMMITTER_DATE='1700000000 +0000'
git init -q; git add .; git -c user.name=me -c user.email=me@here commit -qm first`,
};
const HOW = '--break-system-packages --no-index --find-links /srv/wheels --no-compile --root-user-action ignore';
/** The same for every pip that the task calls, without an argument. */
const ENVIRONMENT = {
  PIP_BREAK_SYSTEM_PACKAGES: '1',
  PIP_NO_INDEX: '1',
  PIP_FIND_LINKS: '/srv/wheels',
  PIP_NO_COMPILE: '1',
  PIP_ROOT_USER_ACTION: 'ignore',
};
const ignore = {
  fields: ['stdout', 'stderr', 'cmd'],
  why: 'pip speaks of what it finds and how fast, and is called in another way.',
};
let number = 100;
const one = (args: Arguments, setup = BEFORE.none, more: Partial<DifferentialCase> = {}) =>
  numbered(
    oneTask('pip', { extra_args: HOW, ...args }, setup, { name: `${number} ${JSON.stringify(args)}`, ignore, ...more }),
    number++,
  );
/** Without arguments for pip, where Stars itself sees what is there. */
const looking = (args: Arguments, setup = BEFORE.none) =>
  one(args, setup, { tasks: JSON.stringify([{ pip: args, environment: ENVIRONMENT }]) });
const VENV = { virtualenv: '@/env', virtualenv_command: 'python3 -m venv' };
const MADE = { virtualenv: '@/env', extra_args: '--no-index --find-links /srv/wheels --no-compile' };

export const cases: DifferentialCase[] = [
  one({ name: 'wNNN' }),
  one({ name: 'wNNN', version: '1.0' }),
  one({ name: 'wNNN==1.0' }),
  one({ name: 'wNNN>=1.0,<2' }),
  one({ name: ['wNNN', 'vNNN'] }),
  one({ name: 'wNNN,vNNN' }),
  one({ name: 'wNNN' }, BEFORE.old),
  one({ name: 'wNNN', version: '2.0' }, BEFORE.old),
  one({ name: 'wNNN', state: 'latest' }, BEFORE.old),
  one({ name: 'wNNN', state: 'absent', extra_args: '--break-system-packages --root-user-action ignore' }, BEFORE.old),
  one({ name: 'wNNN', state: 'absent', extra_args: '--break-system-packages --root-user-action ignore' }),
  one({ name: 'wNNN', state: 'forcereinstall' }, BEFORE.old),
  one({ name: 'nothing-of-this-name' }),
  one({ requirements: '@/requirements.txt' }, BEFORE.required),
  one({ requirements: 'requirements.txt', chdir: '@' }, BEFORE.required),
  one({ name: 'wNNN', executable: 'pip3' }),
  one({ name: 'wNNN', executable: '/usr/bin/pip3', umask: '0022' }),
  one({ name: 'wNNN', executable: '/usr/bin/pip-none' }),
  one({ ...VENV, name: 'wNNN', extra_args: '--no-index --find-links /srv/wheels --no-compile' }),
  one({ ...VENV, virtualenv_site_packages: true }),
  one({ name: 'wNNN', virtualenv: '@/env', virtualenv_command: '/usr/bin/no-venv' }),
  one({ name: 'file:///srv/wheels/wNNN-1.0-py3-none-any.whl' }),
  one({}),
  one({ name: 'file:///srv/wheels/wNNN-1.0-py3-none-any.whl', editable: true }),
  one({ ...VENV, name: 'wNNN', virtualenv_python: 'python3' }, undefined, {
    differs: { lines: /^check mode/, why: 'What will fail is told in check mode already.' },
  }),
  one({ name: null }),
  one({ name: [] }),
  one({ name: 'wNNN', requirements: '@/requirements.txt' }, BEFORE.required),
  one({ name: 'wNNN', executable: 'pip3', virtualenv: '@/env' }),
  one({ name: 'wNNN', executable: 'pip-none' }),
  one({ name: 'wNNN', umask: 'nonsense' }),
  one({ name: 'wNNN', umask: '077' }),
  one({ name: 'wNNN', state: 'latest', version: '1.0' }),
  one({ name: ['wNNN', 'vNNN'], version: '1.0' }),
  one({ name: 'wNNN>1', version: '1.0' }),
  one({ name: 'wNNN', version: '<2' }),
  one({ name: ['wNNN>=1.0', '<2', 'vNNN'] }),
  one({ name: 'wNNN', state: 'absent', extra_args: '--no-index' }),
  one({ name: 'wNNN', virtualenv: '@/env', virtualenv_command: 'no-venv-by-name' }),
  one({ ...MADE, name: 'wNNN', virtualenv_command: '@/maker', virtualenv_python: 'python3' }, BEFORE.maker),
  one({ ...MADE, name: 'wNNN', virtualenv_command: '@/maker', virtualenv_site_packages: true }, BEFORE.maker),
  one({ ...MADE, name: 'wNNN', virtualenv: 'env', chdir: '@' }, BEFORE.environment),
  one({ ...MADE, requirements: '@/requirements.txt' }, `${BEFORE.required}; python3 -m venv env`),
  one({ ...MADE, name: 'wNNN', state: 'absent', extra_args: '' }, `${BEFORE.environment}; env/bin/pip install -q wNNN`),
  one({ name: 'git+file://@/sources', extra_args: `${HOW} --no-build-isolation` }, BEFORE.repository),
  looking({ name: 'wNNN' }),
  looking({ name: 'wNNN' }, BEFORE.old),
  looking({ name: 'wNNN>=1.0,<2' }, BEFORE.old),
  looking({ name: 'wNNN>1.0' }, BEFORE.old),
  looking({ name: ['WNNN', 'vNNN'] }, BEFORE.old),
  looking({ name: 'wNNN~=1.0' }, BEFORE.old),
  looking({ name: 'wNNN!=1.*' }, BEFORE.old),
  looking({ name: 'wNNN', version: '1.0' }, BEFORE.old),
  looking({ name: 'wNNN', version: '2.0' }, BEFORE.old),
  looking({ name: 'wNNN', state: 'latest' }, BEFORE.old),
  looking({ name: 'wNNN', state: 'forcereinstall' }, BEFORE.old),
  looking({ name: 'wNNN', state: 'absent' }, BEFORE.old),
  looking({ name: 'wNNN', state: 'absent' }),
  looking({ name: 'wNNN>1', state: 'absent' }, BEFORE.old),
  looking({ name: 'wNNN==', state: 'present' }),
  looking({ requirements: '@/requirements.txt', state: 'absent' }, `${BEFORE.required}; pip install -q wNNN vNNN`),
  looking({ requirements: '@/none.txt' }),
];
