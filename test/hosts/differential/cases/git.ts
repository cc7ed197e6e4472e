import type { DifferentialCase } from '../case.js';
import { type Arguments, taskOf } from '../one-task.js';

// Branches, a light and an annotated tag, a submodule and a commit that no branch names; made once on each host.
const MODEL = `git config --global protocol.file.allow always; git config --global user.name n; git config --global user.email e@x; git config --global advice.detachedHead false; git config --global init.defaultBranch main
export GIT_AUTHOR_DATE=2020-01-01T00:00:00Z GIT_COMMITTER_DATE=2020-01-01T00:00:00Z
git init -q /run/model/part.git; cd /run/model/part.git; for i in 1 2; do echo $i >s; git add s; git commit -qm s$i; done
git init -q /run/model/repo.git; cd /run/model/repo.git
for i in 1 2 3; do echo $i >f; git add f; git commit -qm m$i; done
git tag light HEAD~1; git tag -a -m a annotated HEAD~1
git checkout -qb dev; for i in 4 5; do echo $i >f; git commit -qam d$i; done
git checkout -q main; for i in 6 7; do echo $i >g; git add g; git commit -qm m$i; done
git update-ref refs/pull/1/head dev~1
git checkout -qb modular; git submodule --quiet add /run/model/part.git part; (cd part; git checkout -q HEAD~1); git add part; git commit -qm part; git checkout -q main`;
const REPOSITORY = `[ -d /run/model ] || (${MODEL}); cp -a /run/model/repo.git @/repo.git; cd @; `;
const CLONE = `${REPOSITORY}git clone -q file://@/repo.git @/out; `;

// The files of repositories hold times; the probe tells what is in them.
const PROBE =
  'cd @/out && { git rev-parse --git-dir; git symbolic-ref HEAD; git for-each-ref --format="%(refname) %(objectname)"; git rev-list --all --count; cat "$(git rev-parse --git-dir)/shallow"; git status --porcelain; git config --get-regexp "remote|branch"; cat f g part/s; git submodule status; ls ..; stat -c %a . f; } 2>&1; true';

const one = (name: string, args: Arguments, setup = REPOSITORY, more: Partial<DifferentialCase> = {}) => ({
  name,
  setup,
  tasks: taskOf('git', { repo: 'file://@/repo.git', dest: '@/out', ...args }),
  probe: PROBE,
  ...more,
});

export const cases: DifferentialCase[] = [
  one('the newest of the default branch', {}),
  one('a branch', { version: 'dev' }),
  one('a light tag', { version: 'light' }),
  one('an annotated tag', { version: 'annotated' }),
  one('a version that is not there', { version: 'nope' }, REPOSITORY, {
    ignore: { fields: ['rc'], why: 'The shell that runs git ends with the code of git, Ansible with its own.' },
  }),
  one('a repository that is not there', { repo: 'file://@/nope.git' }),
  one('a shallow default branch', { depth: 1 }),
  one('a shallow branch', { version: 'dev', depth: 1 }),
  one('two commits of a branch', { version: 'dev', depth: 2 }),
  one('a shallow light tag', { version: 'light', depth: 1 }),
  one('a shallow annotated tag', { version: 'annotated', depth: 1 }),
  one(
    'a branch of a shallow clone',
    { version: 'dev', depth: 1 },
    `${REPOSITORY}git clone -q --depth 1 file://@/repo.git @/out`,
  ),
  one(
    'a tag of a shallow clone',
    { version: 'light', depth: 1 },
    `${REPOSITORY}git clone -q --depth 1 file://@/repo.git @/out`,
  ),
  one(
    'the default branch of a shallow clone that is behind',
    { depth: 1 },
    `${REPOSITORY}git clone -q --depth 1 file://@/repo.git @/out; cd @/repo.git; export GIT_AUTHOR_DATE=2020-01-01T00:00:00Z GIT_COMMITTER_DATE=2020-01-01T00:00:00Z; echo 8 >f; git commit -qam m8`,
  ),
  one('a branch alone', { version: 'dev', single_branch: true }),
  one('the default branch alone', { single_branch: true }),
  one('a tag alone and shallow', { version: 'annotated', single_branch: true, depth: 1 }),
  one(
    'objects of another repository',
    { reference: '@/mirror' },
    `${REPOSITORY}git clone -q --bare file://@/repo.git @/mirror`,
  ),
  one('files for the owner alone', { umask: '0077' }),
  one('a umask that is a number', { umask: 77 }),
  one('a umask that is no number', { umask: 'x' }),
  one('the repository beside the checkout', { separate_git_dir: '@/apart' }),
  one('the repository moved beside the checkout', { separate_git_dir: '@/apart' }, CLONE, {
    differs: {
      lines: /changed: Ansible false|gitdir: /,
      why: 'Check mode tells what will be done, and git itself moves the repository.',
    },
  }),
  one('a bare one beside itself', { separate_git_dir: '@/apart', bare: true }),
  one('packed', { archive: '@/out.tar', archive_prefix: 'p/', version: 'light' }),
  one('packed and small', { archive: '@/out.tgz' }),
  one('packed in a way there is not', { archive: '@/out.rar' }, REPOSITORY, {
    differs: { lines: /./, why: 'It is refused before anything is cloned.' },
  }),
  one('a prefix of nothing', { archive_prefix: 'p/' }),
  one('without a checkout', { bare: true }, REPOSITORY),
  one(
    'without a checkout and behind',
    { bare: true },
    `${REPOSITORY}git clone -q --bare file://@/repo.git @/out; cd @/repo.git; export GIT_AUTHOR_DATE=2020-01-01T00:00:00Z GIT_COMMITTER_DATE=2020-01-01T00:00:00Z; echo 8 >f; git commit -qam m8`,
  ),
  one('under another name of the remote', { remote: 'up', version: 'dev' }),
  one('what pull requests hold', { refspec: '+refs/pull/*:refs/heads/pr/*', version: 'main' }),
  one(
    'a clone that is behind',
    {},
    `${CLONE}cd @/repo.git; export GIT_AUTHOR_DATE=2020-01-01T00:00:00Z GIT_COMMITTER_DATE=2020-01-01T00:00:00Z; echo 8 >f; git commit -qam m8`,
  ),
  one(
    'a clone that stays behind',
    { update: false },
    `${CLONE}cd @/repo.git; export GIT_AUTHOR_DATE=2020-01-01T00:00:00Z GIT_COMMITTER_DATE=2020-01-01T00:00:00Z; echo 8 >f; git commit -qam m8`,
  ),
  one('no clone', { clone: false }),
  one('another branch of a clone', { version: 'dev' }, CLONE),
  one('a tag of a clone', { version: 'annotated' }, CLONE),
  one('the branch that somebody went to', {}, `${CLONE}git -C @/out checkout -q dev`),
  one(
    'a branch with commits of its own',
    { version: 'main' },
    `${CLONE}cd @/out; echo mine >h; git add h; GIT_AUTHOR_DATE=2020-01-01T00:00:00Z GIT_COMMITTER_DATE=2020-01-01T00:00:00Z git commit -qm mine`,
  ),
  one('changed files', { version: 'dev' }, `${CLONE}echo mine >@/out/f`),
  one('changed files thrown away', { version: 'dev', force: true }, `${CLONE}echo mine >@/out/f`),
  one('changed files of the same version thrown away', { force: true }, `${CLONE}echo mine >@/out/f`, {
    differs: { lines: /changed: Ansible false/, why: 'Check mode tells what will be done.' },
  }),
  one('files that git does not know', { version: 'dev' }, `${CLONE}echo mine >@/out/other`),
  one('a clone of another address', {}, `${CLONE}git -C @/out remote set-url origin file://@/old.git`, {
    differs: { lines: /^check mode, /, why: 'Check mode asks the address that the task names.' },
  }),
  one('submodules', { version: 'modular' }),
  one('no submodules', { version: 'modular', recursive: false }),
  one('submodules at their newest', { version: 'modular', track_submodules: true }),
  one('submodules that came later', { version: 'modular' }, CLONE),
  one('with a program and words for ssh', {
    executable: '/usr/bin/git',
    accept_hostkey: true,
    key_file: '@/key',
    ssh_opts: '-o StrictHostKeyChecking=no',
  }),
  one('with a program that is not there', { executable: '/nowhere/git' }, REPOSITORY, {
    ignore: { fields: ['rc'], why: 'The shell has a code of its own for it.' },
    differs: { lines: /^check mode, task/, why: 'Check mode goes on where git is not there yet.' },
  }),
  one('a commit that nobody signed', { verify_commit: true, version: 'dev' }, REPOSITORY, {
    differs: {
      lines: /^second run, (probe of|\/srv\/cases\/git\/\d+\/out\/[fg]:)/,
      why: 'It is not checked out; Ansible looks at what it has checked out.',
    },
  }),
  one('into a folder that is not empty', {}, `${REPOSITORY}mkdir @/out; touch @/out/x`),
  one('into folders that are not there', { dest: '@/a/b/c' }),
];

const OWN = /\/srv\/cases\/git\/\d+\/(\S*\.git\/|apart\/|mirror\/|out\/(objects|refs|packed-refs|FETCH_HEAD))/;
export const intended = [{ lines: OWN, why: 'Files of repositories hold times; the probe tells what is in them.' }];
