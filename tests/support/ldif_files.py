"""Writes the access rules, limits and indices of `ldif/` from the declared needs (`make ldif`).

What else the files hold, comments too, stays.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from gateway.needs import Account, Needs, Part, Right, needs_of
from gateway.needs.accounts import account_dns
from gateway.needs.attributes import RECOVERABLE
from gateway.settings import Settings
from gateway.setup.access_rules import AccessRules, configuration_rules, indices, monitor_rules, search_limits
from gateway.setup.layout import Layout
from gateway.setup.rules import DN_REGEX

LDIF = Path(__file__).parents[2] / "ldif"
SUFFIX = "dc=ac-example,dc=fr"
SERVICES, POLICIES = f"ou=services,{SUFFIX}", f"ou=policies,{SUFFIX}"
REPLICATOR = f"cn=replicator,{SERVICES}"
LAYOUT = Layout(
    SUFFIX,
    policies=(POLICIES,),
    peoples_policies=(f"cn=yearly,{POLICIES}",),
    readers=(REPLICATOR,),
    other_accounts=(f"cn=capture,{SERVICES}", REPLICATOR),
)
DOMAIN = {
    "type": "active_directory",
    "servers": ["ldaps://dc1.ad.ac-example.fr"],
    "bind_dn": "svc-gateway@ad.ac-example.fr",
    "bind_password_file": "/etc/mamia/domain.password",
    "base": "ou=staff,dc=ad,dc=ac-example,dc=fr",
}
NT = {"type": "samba_nt", "posix": True}
CAPTURE = {
    "socket": "/run/mamia-capture.sock",
    "bind_dn": f"cn=capture,{SERVICES}",
    "bind_password_file": "/etc/mamia/capture.password",
}
HELPDESK = {
    "bind_dn": f"cn=helpdesk,{SERVICES}",
    "bind_password": "only for the form of the settings",
    "agents_group": f"cn=helpdesk,ou=groups,{SUFFIX}",
}
RECOVERY = {"methods": ["totp"]}
CHARTER = {"version": "2026-09", "url": "https://www.ac-example.fr/charte"}
REMINDERS = {
    "bind_dn": f"cn=reminders,{SERVICES}",
    "bind_password_file": "/etc/mamia/reminders.password",
}
EVERYWHERE = ("objectClass", "uid")
"""Attributes for which every slapd has an index already; a second one is refused."""
MAX_WIDTH = 118


def example_settings(
    *,
    nt: bool = False,
    capture: bool = False,
    helpdesk: bool = False,
    recovery: bool = False,
    reminders: bool = False,
    charter: bool = False,
) -> Settings:
    """The settings for which the files of `ldif/` are: everything on but for what has a file of its own."""
    table: dict[str, Any] = {
        "directory": {
            "servers": ["ldaps://ldap1.ac-example.fr"],
            "bind_dn": f"cn=gateway,{SERVICES}",
            "bind_password": "only for the form of the settings",
            "decoy_dn": f"cn=decoy,{SERVICES}",
            "monitor": True,
        },
        "people": {
            "base": f"ou=people,{SUFFIX}",
            "private_mail": "privateMail",
            "phone": "mobile",
            "protected_groups": [f"cn=protected,ou=groups,{SUFFIX}"],
        },
        "reset": {"mode": "initial", "initial_policy": f"cn=initial,{POLICIES}"},
        "workstation": {
            "targets": {"domain": DOMAIN} | ({"nt": NT} if nt else {}),
            "bind_dn": f"cn=sync,{SERVICES}",
            "public_key_file": "/etc/mamia/worker.pub",
        },
        "capture": CAPTURE if capture else {},
        "helpdesk": HELPDESK if helpdesk else {},
        "recovery": RECOVERY if recovery else {},
        "charter": CHARTER if charter else {},
        **({"reminders": REMINDERS, "notifications": {"spool": "/var/lib/mamia/mails"}} if reminders else {}),
        "web": {"secret_keys": ["only for the form of the settings, 123"]},
    }
    return Settings.model_validate(table)


def every_part() -> Settings:
    """The settings that switch on everything that can need something."""
    plain = example_settings(nt=True, capture=True, helpdesk=True, recovery=True, reminders=True, charter=True)
    table: dict[str, dict[str, Any]] = {
        "rate_limits": {"store": "rediss://:only-for-the-form@redis.ac-example.fr:6379/0"},
        "events": {"keep_days": 30},
        "notifications": {
            "spool": "/var/lib/mamia/mails",
            "smtp_host": "mail.ac-example.fr",
            "smtp_security": "starttls",
            "smtp_password_file": "/etc/mamia/smtp.password",
        },
        "webhooks": {
            "url": "https://evenements.ac-example.fr/mamia",
            "secret_file": Path("/etc/mamia/webhook.secret"),
            "spool": Path("/var/lib/mamia/webhooks"),
        },
        "password": {"pwned_url": "https://pwned.ac-example.fr/range/"},
        "audit": {"destination": "file", "file": "/var/log/mamia/audit.log"},
        "second_factor": {
            "sms_gateway_url": "https://sms.ac-example.fr/",
            "sms_gateway_token_file": "/etc/mamia/sms.token",
        },
    }
    changed = {
        name: type(getattr(plain, name)).model_validate(
            {**getattr(plain, name).model_dump(exclude_unset=True), **values}
        )
        for name, values in table.items()
    }
    files = {
        "directory": {
            "bind_password_file": Path("/etc/mamia/gateway.password"),
            "ca_file": Path("/etc/mamia/ca.pem"),
        },
        "web": {"secret_keys_file": Path("/etc/mamia/secret_keys")},
        "helpdesk": {"bind_password_file": Path("/etc/mamia/helpdesk.password")},
        "workstation": {
            "bind_password_file": Path("/etc/mamia/sync.password"),
            "private_key_files": [Path("/etc/mamia/worker.key")],
            "state_folder": Path("/var/lib/mamia-sync"),
        },
    }
    changed |= {name: getattr(plain, name).model_copy(update=values) for name, values in files.items()}
    return plain.model_copy(update=changed)


def files() -> Iterator[tuple[str, Mapping[str, Sequence[str]]]]:
    """Each file that holds something of this, and attribute → values."""
    plain, nt, capture = example_settings(), example_settings(nt=True), example_settings(nt=True, capture=True)
    needs = needs_of(plain)
    yield "20-indices.ldif", {"olcDbIndex": [" ".join(one) for one in indices(plain) if one[0] not in EVERYWHERE]}
    whole = AccessRules(plain, LAYOUT, needs, needs.rights, needs.secrets)
    yield "30-access.ldif", {"olcAccess": whole.database(), "olcLimits": search_limits(plain)}
    hashes = tuple(name for name in needs_of(nt).secrets if name not in needs.secrets)
    yield "35-workstation-nt.ldif", {"olcAccess": _some(nt, _of(nt, Account.GATEWAY, {Part.SAMBA_NT}), hashes)}
    asked = [right for account in (Account.GATEWAY, Account.WORKER) for right in _of(capture, account, {Part.ORACLE})]
    yield "45-password-oracle.ldif", {"olcAccess": _some(capture, asked)}
    yield "46-monitor.ldif", {"olcAccess": monitor_rules(capture, LAYOUT)}
    yield "47-configuration.ldif", {"olcAccess": configuration_rules(plain, LAYOUT)}
    # The same rule in two files could not be loaded twice: slapd refuses a value that it has.
    yield "42-recoverable.ldif", {"olcAccess": _some(example_settings(charter=True), _of_class(charter=True))}
    for name, part in (("41-charter", "charter"), ("48-recovery", "recovery")):
        yield f"{name}.ldif", {"olcAccess": _beyond(example_settings(**{part: True}), needs)}
    for name, part in (("44-helpdesk", "helpdesk"), ("49-reminders", "reminders")):
        account = Account(part)
        yield f"{name}.ldif", _of_account(example_settings(**{part: True}), account, needs)
    without_nt = example_settings(capture=True)
    listeners = _of(without_nt, Account.LISTENER)
    yield (
        "93-capture.ldif",
        {
            "olcAccess": _some(without_nt, listeners, refuses_rest=True),
            "olcLimits": [limit for limit in search_limits(without_nt) if "cn=capture" in limit],
        },
    )
    yield "94-capture-nt.ldif", {"olcAccess": _some(capture, _of(capture, Account.LISTENER, {Part.SAMBA_NT}))}


def _beyond(settings: Settings, plain: Needs) -> tuple[str, ...]:
    """The rules that a section needs beyond `plain`, and what it closes."""
    needs = needs_of(settings)
    more = [right for right in needs.rights if right not in plain.rights and right not in _gives_class(needs)]
    return _some(settings, more, tuple(name for name in needs.secrets if name not in plain.secrets))


def _of_class(**parts: bool) -> list[Right]:
    return _gives_class(needs_of(example_settings(**parts)))


def _gives_class(needs: Needs) -> list[Right]:
    """The gateway's right to give entries the class of schema/mamia-recovery.ldif, which several sections need."""
    return [right for right in needs.of(Account.GATEWAY) if right.values == (RECOVERABLE,)]


def _of_account(settings: Settings, account: Account, plain: Needs) -> Mapping[str, Sequence[str]]:
    """The same for a section with an account of its own, which may do no more."""
    dn = account_dns(settings)[account]
    own = _of(settings, account)
    return {
        "olcAccess": (
            *_on_account(settings, dn),
            *_beyond(settings, plain),
            _some(settings, own, refuses_rest=True)[-1],
        ),
        "olcLimits": [limit for limit in search_limits(settings) if dn in limit],
    }


def _on_account(settings: Settings, dn: str) -> Iterator[str]:
    """What 30-access.ldif says of all service accounts, for one that has a file of its own."""
    whole = AccessRules(settings, LAYOUT, needs_of(settings), needs_of(settings).rights, ()).database()
    for value in whole:
        if DN_REGEX.search(value):
            yield DN_REGEX.sub(f'dn.exact="{dn}"', value)


def written(text: str, values: Mapping[str, Sequence[str]]) -> str:
    """The LDIF `text` with these values of each attribute in the place of those that are there."""
    for attribute, wanted in values.items():
        numbered = attribute in ("olcAccess", "olcLimits")
        lines = [
            _line(attribute, f"{{{number}}}{value}" if numbered else value) for number, value in enumerate(wanted)
        ]
        block = re.compile(rf"(?:^{attribute}:.*\n(?:^ .*\n)*)+", re.MULTILINE)
        text = block.sub(lambda _: "".join(lines), text, count=1)  # noqa: B023 - used at once
    return text


def _of(settings: Settings, account: Account, parts: set[Part] | None = None) -> list[Right]:
    found = needs_of(settings).of(account)
    return [right for right in found if parts is None or parts & set(right.parts)]


def _some(
    settings: Settings, rights: Sequence[Right], secrets: tuple[str, ...] = (), *, refuses_rest: bool = False
) -> tuple[str, ...]:
    needs: Needs = needs_of(settings)
    rules = AccessRules(
        settings, LAYOUT, needs, tuple(rights), secrets, closes_accounts=False, refuses_rest=refuses_rest
    )
    return rules.database()


def _line(attribute: str, value: str) -> str:
    """One value: a line for what it is about, one per account; continuation lines begin with two blanks."""
    head, *clauses = re.split(r" (?=by |filter=|attrs=|val\.regex=|time\.soft)", f"{attribute}: {value}")
    lines = [head]
    for clause in clauses:
        fits = len(lines[-1]) + 1 + len(clause) <= MAX_WIDTH and not clause.startswith("by ")
        if fits:
            lines[-1] += f" {clause}"
        else:
            lines += _wrapped(f"  {clause}")
    return "\n".join(lines) + "\n"


def _wrapped(line: str) -> Iterator[str]:
    """The line, broken after a comma between attributes; a continuation line begins with one blank (RFC 2849)."""
    while len(line) > MAX_WIDTH and not line.lstrip().startswith(("by ", "filter=")):
        cut = line.rindex(",", 0, MAX_WIDTH) + 1
        yield line[:cut]
        line = f" {line[cut:]}"
    yield line


def main() -> int:
    """Write the files that differ, and name them."""
    for name, values in files():
        file = LDIF / name
        text = file.read_text(encoding="utf-8")
        if (after := written(text, values)) != text:
            file.write_text(after, encoding="utf-8")
            sys.stdout.write(f"{name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
