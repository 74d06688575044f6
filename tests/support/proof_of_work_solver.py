"""Solves proof of work as the page's script does, and as an attacker's would."""

from __future__ import annotations

from typing import Any

import altcha

from tests.support.browser import Browser

ADDRESS = "127.0.0.1"


def fetch_task(browser: Browser, form: str, address: str = ADDRESS, **names: str) -> dict[str, Any] | None:
    """What the page's script fetches before the form is sent; None where no work is required."""
    answer = browser.client.post("/captcha/work", data={"form": form, **names}, environ_base={"REMOTE_ADDR": address})
    assert answer.json
    task: dict[str, Any] | None = answer.json["task"]
    return task


def solve(task: dict[str, Any], **changes: Any) -> str:
    """The payload for the field `altcha`; `changes` are made to the parameters that the server signed."""
    challenge = altcha.Challenge.from_dict(task)
    for name, value in changes.items():
        setattr(challenge.parameters, name, value)
    solution = altcha.solve_challenge(challenge)
    assert solution
    return altcha.Payload(challenge, solution).to_base64()


def solved(browser: Browser, form: str = "change", address: str = ADDRESS, **changes: Any) -> str:
    task = fetch_task(browser, form, address)
    assert task
    return solve(task, **changes)
