"""Writes docs/check-machine.md from the mistakes that the tests plant, as `python -m` with this module's name.

A row quotes the words that the test requires in the finding and in its hint.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

FILE = Path(__file__).parents[2] / "docs" / "check-machine.md"
HEAD = """# What `mamia check` finds on the machine
Each row is a mistake that the tests plant in a real place: a Redis, a mail server, a domain, files, settings. The
test finds it, does what the hint names, and finds it no more ({count} mistakes, in `tests/checks/planted/`). The
quotes are parts of the finding and of its hint.

The check changes nothing. It makes no file, sends no mail and no message, and leaves nothing in the store. On a
healthy system it takes about two seconds; targets are tried at the same time, and one that does not answer within 8
seconds is named. Run it as root, so that it can judge files as each process's user would find them.
"""
PARTS = {
    "store": (
        "Store",
        "Redis or Valkey, used as the rate limits and the tickets use it, in keys that expire within two seconds.",
    ),
    "mail": (
        "Mails",
        "The spool, and the mail server up to the sender and one recipient, which are taken back. No mail is sent.",
    ),
    "services": (
        "HTTP services",
        "The SMS gateway is asked with OPTIONS and the token: no message is sent.",
    ),
    "files": (
        "Files",
        "Judged as the users `mamia` and `mamia-sync`; and what the systemd units hide from them.",
    ),
    "names": ("Names, proxies and ports", ""),
    "proxy": (
        "nginx and the certificate of the site",
        "nginx on this machine, and the certificate at port 443 of each name, or at `web.tls_address`.",
    ),
    "templates": (
        "Templates, languages and logo",
        "Jinja parses each file of `web.templates`; no page is rendered.",
    ),
    "pages": ("What the pages say, and the machine", ""),
    "domain": ("Windows domains", "On the worker's machine."),
    "kerberos": (
        "Kerberos realms",
        "On the worker's machine. The right to change passwords shows only in a real change.",
    ),
}
"""Ends of the modules' names → title and introduction of the part."""
TABLE = "| mistake | finding | what it says | the fix that it names |\n|---|---|---|---|"


def page() -> str:
    """Return the whole page."""
    mistakes = {name: importlib.import_module(f"tests.checks.planted.test_machine_{name}").MISTAKES for name in PARTS}
    head = HEAD.format(count=sum(map(len, mistakes.values())))
    return head + "".join(_part(*PARTS[name], rows) for name, rows in mistakes.items())


def _part(title: str, text: str, mistakes: Sequence[Any]) -> str:
    introduction = f"{text}\n\n" if text else ""
    return f"\n## {title}\n{introduction}{TABLE}\n" + "".join(_rows(mistakes))


def _rows(mistakes: Sequence[Any]) -> Iterator[str]:
    for one in mistakes:
        yield f"| {one.name} | {one.level} `{one.subject}` | {_quoted(one.message)} | {_quoted(one.hint)} |\n"


def _quoted(words: Sequence[str]) -> str:
    return ", ".join(f"“{word}”" for word in words) or "the server's own words"


if __name__ == "__main__":
    sys.stdout.write(page())
