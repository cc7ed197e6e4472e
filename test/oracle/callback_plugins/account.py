"""Prints what a playbook did as one JSON object: plays, their tasks, every host's result, and the recap."""
import json

from ansible.parsing.ajson import AnsibleJSONEncoder
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = '''
    name: account
    type: stdout
    short_description: one JSON object at the end
    description: What a playbook did, for a comparison.
'''


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = 'stdout'
    CALLBACK_NAME = 'account'

    def __init__(self):
        super().__init__()
        self.plays = []
        # While others run handlers, Ansible may let hosts that owe none run their next task, before it is announced.
        self.early = {}

    def v2_playbook_on_play_start(self, play):
        self.plays.append({'tasks': []})

    def v2_playbook_on_task_start(self, task, is_conditional):
        name = {'name': task.get_name().strip()}
        self.plays[-1]['tasks'].append({'task': name, 'uuid': task._uuid, 'hosts': self.early.pop(task._uuid, {})})

    def v2_playbook_on_handler_task_start(self, task):
        self.v2_playbook_on_task_start(task, False)

    def remember(self, result, **more):
        whole = dict(result._result, action=result._task.action, **more)
        for task in reversed(self.plays[-1]['tasks']):
            if task['uuid'] == result._task._uuid:
                task['hosts'][result._host.get_name()] = whole
                return
        self.early.setdefault(result._task._uuid, {})[result._host.get_name()] = whole

    def v2_runner_on_ok(self, result):
        self.remember(result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self.remember(result, failed=True)

    def v2_runner_on_skipped(self, result):
        self.remember(result, skipped=True)

    def v2_runner_on_unreachable(self, result):
        self.remember(result, unreachable=True, ignored=bool(result._task.ignore_unreachable))

    def v2_playbook_on_stats(self, stats):
        recap = {host: stats.summarize(host) for host in sorted(stats.processed)}
        account = {'plays': self.plays, 'stats': recap}
        self._display.display(json.dumps(account, cls=AnsibleJSONEncoder, sort_keys=False))
