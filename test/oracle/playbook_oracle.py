#!/usr/bin/python3
"""Plays site.yml of projects with ansible-playbook: standard input has a line for each, {"folder": …, "args": [option, …]}.

Writes one JSON line for each, in that order: {"exit": status, "account": what the callback plugin account told, or null,
"ahead": whether hosts got ahead of others, "errors": the end of standard error}. Ansible is loaded once, and each playbook is played by a child of this process.
"""
import copy
import json
import os
import re
import signal
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
os.environ.update(
    ANSIBLE_STDOUT_CALLBACK="account",
    ANSIBLE_CALLBACK_PLUGINS=os.path.join(HERE, "callback_plugins"),
    ANSIBLE_NOCOLOR="1",
    ANSIBLE_PYTHON_INTERPRETER="/usr/bin/python3",
    ANSIBLE_LOCALHOST_WARNING="false",
    ANSIBLE_DEPRECATION_WARNINGS="false",
    ANSIBLE_HOST_KEY_CHECKING="false",
)

from ansible.cli.playbook import PlaybookCLI  # noqa: E402
from ansible.executor.process.worker import WorkerProcess  # noqa: E402
from ansible.plugins import loader, strategy  # noqa: E402
from ansible.utils.display import Display  # noqa: E402

class Worker(WorkerProcess):
    """Executes its task as Ansible's worker does, but in the process of the play: what a worker changes of its task and host
    is lost with its process, so it gets copies. PLAYBOOK_ORACLE_FORKS=1 lets Ansible fork as it does."""

    exitcode = None

    def start(self):
        with open(os.devnull) as self._new_stdin:
            task = self._task.copy(exclude_parent=True, exclude_tasks=True)
            task._parent = self._task._parent
            self._task, self._host, self._task_vars = task, copy.copy(self._host), dict(self._task_vars)
            self._run()

    def is_alive(self):
        return False


def remember_who_gets_ahead(linear):
    """Ansible lets a host that owes no handler take its next task together with the last handler of the others."""
    choose = linear._get_next_task_lockstep

    def choose_and_look(self, hosts, iterator):
        chosen = choose(self, hosts, iterator)
        tasks = {task._uuid for _, task in chosen if task and task.args.get("_raw_params") != "noop"}
        linear.got_ahead = linear.got_ahead or len(tasks) > 1
        return chosen

    linear.got_ahead = False
    linear._get_next_task_lockstep = choose_and_look
    return linear


LINEAR = remember_who_gets_ahead(loader.strategy_loader.get("linear", class_only=True))

if os.environ.get("PLAYBOOK_ORACLE_FORKS") != "1":
    strategy.WorkerProcess = Worker
    Display.set_queue = lambda display, queue: None

AT_ONCE = 2
SECONDS_FOR_A_PLAYBOOK = 120


def play(folder, args):
    """Runs in a child: Ansible keeps what it learned in its process."""
    os.chdir(folder)
    PlaybookCLI.cli_executor(["ansible-playbook", "site.yml", "-i", "inventory", "-c", "local", "-f", "10", *args])


def start(folder, args):
    out, err = tempfile.TemporaryFile("w+"), tempfile.TemporaryFile("w+")
    child = os.fork()
    if child > 0:
        return child, out, err
    os.dup2(out.fileno(), 1)
    os.dup2(err.fileno(), 2)
    signal.alarm(SECONDS_FOR_A_PLAYBOOK)
    status = 250
    try:
        play(folder, args)
    except SystemExit as end:
        status = end.code or 0
    finally:
        print(json.dumps({"ahead": LINEAR.got_ahead}))
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def answer(status, out, err):
    out.seek(0)
    err.seek(0)
    lines = out.read().splitlines()
    account = next((line for line in lines if line.startswith('{"plays"')), "null")
    return {
        "exit": os.waitstatus_to_exitcode(status),
        "account": json.loads(account),
        "ahead": lines[-1:] == ['{"ahead": true}'],
        "errors": re.sub(r"\x1b\[[0-9;]*m", "", err.read())[-2000:],
    }


def main():
    plays = [json.loads(line) for line in sys.stdin if line.strip()]
    # Loaded here once instead of in every child.
    for plugins in (loader.action_loader, loader.connection_loader, loader.strategy_loader, loader.shell_loader):
        list(plugins.all(class_only=True))
    running, answers = {}, {}
    for index in range(len(plays) + AT_ONCE):
        if len(running) >= AT_ONCE or index >= len(plays) and running:
            child, status = os.wait()
            number, out, err = running.pop(child)
            answers[number] = answer(status, out, err)
        if index < len(plays):
            child, out, err = start(**plays[index])
            running[child] = index, out, err
    for number in range(len(plays)):
        print(json.dumps(answers[number]))


if __name__ == "__main__":
    main()
