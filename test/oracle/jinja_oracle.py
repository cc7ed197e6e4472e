#!/usr/bin/python3
"""Answers template cases with the real Jinja2 and the real ansible-core templar.

Reads JSON from standard input: {"vars": {...}, "cases": [{"kind", "source", "vars"?}]}, writes a list of
{"ok": typed value} or {"error": class} to standard output. Typed values keep apart what JSON would mix up.
"""
import json
import math
import sys
import warnings

warnings.filterwarnings("ignore")

import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.conditional import Conditional
from ansible.template import Templar
from jinja2 import ChainableUndefined, Environment, StrictUndefined
from jinja2.ext import do, loopcontrols


class Undefined(StrictUndefined, ChainableUndefined):
    def __getattr__(self, name):
        if name[:2] == "__":
            raise AttributeError(name)
        return self

    def __getitem__(self, key):
        return self


def typed(value):
    if value is None or isinstance(value, (bool, str)):
        return str(value) if isinstance(value, str) else value
    if isinstance(value, int):
        return {"int": str(value)}
    if isinstance(value, float):
        return {"float": repr(value)}
    if isinstance(value, tuple):
        return {"tuple": [typed(item) for item in value]}
    if isinstance(value, dict):
        return {"dict": [[typed(key), typed(inner)] for key, inner in value.items()]}
    if isinstance(value, (list, set, frozenset)) or hasattr(value, "__iter__"):
        return {"list": [typed(item) for item in value]}
    return {"text": str(value)}


class BytesAsText(yaml.SafeLoader):
    def construct_yaml_binary(self, node):
        return super().construct_yaml_binary(node).decode()


BytesAsText.add_constructor("tag:yaml.org,2002:binary", BytesAsText.construct_yaml_binary)


class Check(Conditional):
    def __init__(self, when):
        self._when = when
        super().__init__()

    when = property(lambda self: self._when, lambda self, value: None)


def untyped_vars(text):
    return yaml.safe_load(text) or {}


def jinja(case, variables, options):
    environment = Environment(undefined=Undefined, extensions=[do, loopcontrols], **options)
    return environment.from_string(case["source"]).render(**variables)


def answer(case, variables):
    kind = case["kind"]
    if kind == "jinja":
        return jinja(case, variables, case.get("options", {}))
    templar = Templar(loader=DataLoader(), variables=variables)
    templar.environment.add_extension(do)
    templar.environment.add_extension(loopcontrols)
    if kind == "template":
        return templar.template(case["source"])
    if kind == "file":
        return templar.do_template(case["source"], preserve_trailing_newlines=True, escape_backslashes=False)
    if kind == "when":
        check = Check.__new__(Check)
        return bool(check._check_conditional(case["source"], templar, variables))
    if kind == "yaml":
        return yaml.load(case["source"], Loader=BytesAsText)
    raise ValueError(kind)


def stringify_dates(value):
    import datetime

    if isinstance(value, (datetime.date, datetime.datetime)):
        return str(value)
    if isinstance(value, set):
        return [stringify_dates(item) for item in sorted(value)]
    if isinstance(value, list):
        return [stringify_dates(item) for item in value]
    if isinstance(value, dict):
        return {stringify_dates(key): stringify_dates(inner) for key, inner in value.items()}
    return value


def main():
    asked = json.load(sys.stdin)
    results = []
    for case in asked["cases"]:
        try:
            variables = untyped_vars(asked.get("vars", "{}"))
            variables.update(untyped_vars(case.get("vars", "{}")))
            results.append({"ok": typed(stringify_dates(answer(case, variables)))})
        except Exception as error:  # every failure of the reference is an answer too
            results.append({"error": type(error).__name__})
    json.dump(results, sys.stdout, ensure_ascii=True)


if __name__ == "__main__":
    main()
