"""Compares what a command prints with the form that its documentation promises."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from gateway.cli.json_forms import JsonForm, Key, Shape


def problems_of(form: JsonForm, printed: str) -> list[str]:
    """What differs from the form: keys that are missing or unknown, and values of another form."""
    return [problem for one in objects(form, printed) for problem in _problems(form.keys, one, "")]


def objects(form: JsonForm, printed: str) -> list[dict[str, Any]]:
    """The objects of a form, of whatever shape."""
    if form.shape is Shape.LINES:
        return [json.loads(line) for line in printed.splitlines()]
    whole = json.loads(printed)
    if form.shape is Shape.OBJECT:
        assert isinstance(whole, dict)
        return [whole]
    assert isinstance(whole, list)
    return whole


def _problems(keys: Sequence[Key], found: dict[str, Any], place: str) -> Iterable[str]:
    own = {key.name: key for key in keys if "[]." not in key.name}
    yield from (f"{place}{name}: not in the form" for name in found.keys() - own.keys())
    yield from (f"{place}{name}: missing" for name, key in own.items() if name not in found and not key.is_optional)
    for name, value in found.items():
        if name in own and not any(_fits(value, form) for form in _alternatives(own[name].form)):
            yield f"{place}{name}: {value!r} is not {own[name].form}"
        if name in own and own[name].form == "list of objects":
            start = f"{name}[]."
            below = [Key(k.name.removeprefix(start), k.form, k.meaning) for k in keys if k.name.startswith(start)]
            for one in value:
                yield from _problems(below, one, f"{place}{start}")


def _alternatives(form: str) -> list[str]:
    return form.replace("true or false", "boolean").split(" or ")


def _fits(value: object, form: str) -> bool:
    match form:
        case "null":
            return value is None
        case "boolean":
            return isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "text":
            return isinstance(value, str)
        case "time":
            return isinstance(value, str) and datetime.fromisoformat(value).utcoffset() == timedelta(0)
        case "list of text":
            return isinstance(value, list) and all(isinstance(one, str) for one in value)
        case "list of objects":
            return isinstance(value, list) and all(isinstance(one, dict) for one in value)
    raise AssertionError(f"unknown form: {form}")
