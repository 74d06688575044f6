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

On a good machine (the lines about the directory are left out):

```text
OK    settings: complete and consistent
OK    web.secret_keys: 1, all of them long enough
OK    files with secrets: only their owners and groups may read them
OK    rate_limits.store: counts attempts and remembers tickets; that took 11 ms
OK    rate_limits.store: memory: 1 of 256 MB are in use, and nothing is evicted
OK    rate_limits.store: persistence: kept over a restart (appendonly)
OK    notifications.smtp_host: mail.ac-example.fr answers, and takes mails of ne-pas-repondre@ac-example.fr
OK    audit: goes to /var/log/mamia/audit.log
OK    web.allowed_hosts: the site is reached under mon-compte.ac-example.fr
OK    web.port: the service answers at 127.0.0.1:8080
OK    certificate of the site mon-compte.ac-example.fr: browsers accept it, for 61 more days
```

On a bad one:

```text
FAIL  rate_limits.store: it asks for a password, and rate_limits.store has none
      to fix: rate_limits.store = "redis://:PASSWORD@host:6379/0", with the password of requirepass in
      redis.conf; until then every change and reset is refused (503)
WARN  notifications.smtp_host: no program listens at mail.ac-example.fr:25: mails wait in the spool
      to fix: start the mail server there, or smtp_port: 25, 587 for starttls, 465 for tls
FAIL  audit: mamia can't write /var/log/mamia/audit.log, which belongs to user root: the service does
      not start without its audit
      to fix: chown mamia:mamia /var/log/mamia/audit.log && chmod 600 /var/log/mamia/audit.log
FAIL  web.allowed_hosts: https://mon-compte.ac-example.fr is no host name, so it is never equal to what browsers
      send: people get 400
      to fix: allowed_hosts: "mon-compte.ac-example.fr" in the place of "https://mon-compte.ac-example.fr"
WARN  certificate of the site mon-compte.ac-example.fr: valid for 10 more days; then every browser refuses the site
      to fix: renew it (certbot renew), then systemctl reload nginx
```
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
    "webhooks": ("Webhooks", "Secret, folders and receiver, which is asked with OPTIONS. No event is sent."),
    "recovery": (
        "Recovery methods, charter and reminders",
        "The form of the charter's address is looked at, and nothing is fetched.",
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
    "legal": (
        "What the law asks the pages to say",
        "Asked for where `web.allowed_hosts` has a public name. The audit's retention is compared with logrotate.",
    ),
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
