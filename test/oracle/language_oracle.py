#!/usr/bin/python3
"""Answers cases of every language that Stars reads, each with the program that defines it: Jinja2 and ansible-core's
templar, Ansible's YAML loader, its splitter of k=v text, its inventory plugins and patterns, Python's own literals,
regular expressions and shlex.

Reads {"vars": "yaml text", "cases": [{"kind", ...}]} from standard input; writes one JSON line for each case:
{"ok": typed value} or {"error": class}.
"""
import ast
import copy
import json
import os
import re
import resource
import shlex
import signal
import sys
import tempfile

import jinja_oracle
from ansible.inventory.data import InventoryData
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.splitter import parse_kv
from ansible.parsing.utils.yaml import from_yaml
from ansible.plugins.loader import inventory_loader

SECONDS_FOR_A_CASE = 5
MOST_MEMORY = 500_000_000
managers = {}


class TooLong(BaseException):
    pass


def alarm(_number, _frame):
    raise TooLong()


def key_values(case):
    pairs = dict(parse_kv(case["source"], check_raw=case["raw"]))
    rest = pairs.pop("_raw_params", "")
    return [pairs, rest]


def written(text, suffix):
    handle, path = tempfile.mkstemp(suffix=suffix)
    with os.fdopen(handle, "w", newline="") as file:
        file.write(text)
    return path


def without_origin(variables):
    return {key: value for key, value in variables.items() if key not in ("inventory_file", "inventory_dir")}


def inventory(case):
    data = InventoryData()
    path = written(case["source"], case["suffix"])
    try:
        inventory_loader.get(case["plugin"]).parse(data, DataLoader(), path)
    finally:
        os.unlink(path)
    data.reconcile_inventory()
    return {
        "groups": {
            name: [sorted(host.name for host in group.get_hosts()), without_origin(group.vars)]
            for name, group in sorted(data.groups.items())
        },
        "hosts": {
            name: [
                sorted(group.name for group in host.get_groups()),
                without_origin(host.vars),
            ]
            for name, host in sorted(data.hosts.items())
        },
    }


def hosts_of_pattern(case):
    text = case["inventory"]
    if text not in managers:
        path = written(text, "")
        managers[text] = InventoryManager(loader=DataLoader(), sources=[path])
    manager = managers[text]
    manager._hosts_patterns_cache = {}
    manager._inventory.localhost = None
    manager._pattern_cache = {}
    return [host.name for host in manager.get_hosts(case["source"])]


def regex(case):
    flags = 0
    for letter in case["flags"]:
        flags |= getattr(re, letter.upper())
    pattern = re.compile(case["source"], flags)
    found = [[match.group(0), list(match.groups())] for match in pattern.finditer(case["text"])]
    return [found, pattern.sub(case["replacement"], case["text"]) if case["replacement"] is not None else None]


def comparable(value):
    """Bytes as text and dates as Python prints them, as templates see them."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, dict):
        return {comparable(key): comparable(inner) for key, inner in value.items()}
    if isinstance(value, tuple):
        return tuple(comparable(item) for item in value)
    if isinstance(value, list):
        return [comparable(item) for item in value]
    return jinja_oracle.stringify_dates(value)


def answer(case, variables):
    kind = case["kind"]
    if kind == "document":
        return from_yaml(case["source"], file_name="document.yml")
    if kind == "keyValues":
        return key_values(case)
    if kind == "words":
        return shlex.split(case["source"])
    if kind == "inventory":
        return inventory(case)
    if kind == "pattern":
        return hosts_of_pattern(case)
    if kind == "literal":
        return ast.literal_eval(case["source"])
    if kind == "repr":
        return repr(json.loads(case["source"]))
    if kind == "regex":
        return regex(case)
    return jinja_oracle.answer(case, copy.deepcopy(variables))


def main():
    signal.signal(signal.SIGALRM, alarm)
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    asked = json.load(sys.stdin)
    variables = jinja_oracle.untyped_vars(asked.get("vars", "{}"))
    for case in asked["cases"]:
        signal.alarm(SECONDS_FOR_A_CASE)
        try:
            value = comparable(answer(case, variables))
            result = {"ok": jinja_oracle.typed(value)}
        except (Exception, TooLong) as error:
            result = {"error": type(error).__name__ + ": " + str(error)[:200]}
        signal.alarm(0)
        sys.stdout.write(json.dumps(result, ensure_ascii=True) + "\n")


main()
