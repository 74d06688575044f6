"""The choices of `mamia setup` that are more than one setting: attributes, workstations, capture, API clients.

Each function asks when it is given a console, and takes the present answer or the best proposal without one.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from gateway.setup.console import NONE, Console
from gateway.setup.other_accounts import find_readers, find_writers
from gateway.setup.proposals import Proposal
from gateway.setup.question import dns, words
from gateway.setup.session import Session
from gateway.setup.survey import Database

TOKEN_BYTES = 32
CLIENT_NAME = re.compile(r"[a-z][a-z0-9_-]{0,30}")
ATTRIBUTES = (
    "login",
    "surname",
    "birth_name",
    "given_name",
    "mail",
    "private_mail",
    "birth_date",
    "birth_date_format",
)
TARGETS = {
    "": "none: no password leaves the directory",
    "active_directory": "Active Directory: a Windows or Samba domain",
    "samba_nt": "Samba NT: an NT4-style domain in this same directory",
    "kerberos": "Kerberos: an MIT realm",
}
SAMBA_CLASS = "sambaSamAccount"


def choose_attributes(session: Session, proposals: Sequence[Proposal], console: Console | None) -> None:
    """Decide which attributes say who people are, and whose entries get our class."""
    held = set(session.answers.get("people", {})) - {"base", "protected_groups", "protected_filter"}
    if console is None:
        if not held and proposals:
            _take(session, proposals[0])
        return
    shown = [f"{one.kind}: {'; '.join(one.reasons)}" for one in proposals]
    if held:
        shown.insert(0, f"as mamia.toml has them: {_attributes(session)}")
    if not shown:
        return
    console.say("Which attributes say who people are?")
    chosen = console.choose("Attributes", shown, 0)
    if not held or chosen:
        _take(session, proposals[chosen - bool(held)])
    _correct(session, console)


def _take(session: Session, proposal: Proposal) -> None:
    for name in (*ATTRIBUTES, "proofs", "filter"):
        session.answers.set(f"people.{name}", None)
    for name, value in proposal.people.items():
        session.answers.set(f"people.{name}", value)
    session.class_for = proposal.class_for


def _attributes(session: Session) -> str:
    draft = session.answers.draft()
    if draft is None:
        return "?"
    people = draft.people
    proofs = (f"{name}={one.prefix}{one.attribute}" for name, one in people.proofs.items())
    return " ".join((*(f"{name}={getattr(people, name) or NONE}" for name in ATTRIBUTES), *proofs))


def _correct(session: Session, console: Console) -> None:
    """Let the person change single attributes."""
    while True:
        console.say(_attributes(session), indent="  ")
        answer = console.ask("Change one, such as mail=mail (Enter: all are right)")
        if not answer:
            return
        name, _, value = answer.partition("=")
        if name not in ATTRIBUTES or not value:
            console.say(f"Write NAME=ATTRIBUTE; the names are {', '.join(ATTRIBUTES)}.", indent="  ")
            continue
        former = session.answers.get(f"people.{name}")
        session.answers.set(f"people.{name}", "" if value == NONE else value)
        for problem in session.answers.problems(f"people.{name}"):
            console.say(f"people.{name} {problem.message}", indent="  ")
            session.answers.set(f"people.{name}", former)


def choose_class(session: Session, lacking: int, console: Console | None) -> None:
    """Decide whose entries get the class mamiaPerson, of the `lacking` people who have it not."""
    if console is None or not lacking:
        return
    console.say(
        f"{lacking} people have not the class mamiaPerson; without it their entries cannot hold what the service "
        "writes."
    )
    answer = console.ask("Filter of the people who get it (none: nobody)", session.class_for or NONE)
    session.class_for = "" if answer == NONE else answer


def choose_workstation(session: Session, samba_people: int, console: Console | None) -> None:
    """Decide to which kind of workstation new passwords go. `samba_people`: how many have Samba NT attributes."""
    present = session.target_type
    if console is None:
        return
    kinds = list(TARGETS)
    labels = [
        text + (f" ({samba_people} people have {SAMBA_CLASS})" if kind == "samba_nt" and samba_people else "")
        for kind, text in TARGETS.items()
    ]
    proposed = present or ("samba_nt" if samba_people else "")
    console.say("Where do new passwords go besides the directory?")
    kind = kinds[console.choose("Workstations", labels, kinds.index(proposed))]
    if kind == present:
        return
    session.answers.set("workstation.targets", None)
    if kind:
        session.answers.set(session.target_key("type"), kind)


def choose_accounts(session: Session, database: Database | None, console: Console | None) -> None:
    """Decide which other accounts keep their access: those of replicas, and of programs that write people."""
    if database is None:
        return
    ours = _our_accounts(session)
    readers = find_readers(database, ours) if session.readers is None else session.readers
    writers = find_writers(database, ours) if session.writers is None else session.writers
    if console is not None and (readers or database.overlays_of("syncprov")):
        readers = dns(console.ask("Accounts with which replicas read (separated by ;)", "; ".join(readers) or NONE))
    if console is not None and writers:
        text = "Accounts of other programs that write people's entries"
        writers = dns(console.ask(text, "; ".join(writers)))
    session.readers, session.writers = readers, writers


def _our_accounts(session: Session) -> list[str]:
    keys = ("directory.bind_dn", "directory.decoy_dn", "workstation.bind_dn", "capture.bind_dn")
    return [str(session.answers.get(key)) for key in keys if session.answers.get(key)]


def choose_capture(session: Session, *, has_slapd: bool, console: Console | None) -> None:
    """Decide whether slapd asks a listener on this machine, and whether that captures passwords.

    `has_slapd`: whether slapd runs on this machine.
    """
    answers = session.answers
    if not has_slapd:
        return
    closes = not answers.has("capture") or bool(answers.get("capture.socket"))
    captures = bool(answers.get("capture.socket")) and not answers.get("capture.answer_only", False)
    if console is not None:
        closes = console.confirm("Close slapd's password oracle, with a listener on this machine", default=closes)
        if closes and session.target_type:
            captures = console.confirm(
                "Bring passwords that other programs change to the workstation", default=captures
            )
    if not closes:
        answers.set("capture", {})
        return
    if not answers.has("capture.socket"):
        answers.set("capture.socket", str(session.paths.capture_socket))
    captures = captures and bool(session.target_type)
    answers.set("capture.answer_only", None if captures else True)


def add_clients(session: Session, console: Console | None) -> None:
    """Add API clients, and make a token for each that has none."""
    while console is not None:
        held = ", ".join(session.answers.get("api.clients", {})) or NONE
        name = console.ask(f"One more program that may call the API (now: {held}; Enter: no more)")
        if not name:
            break
        if not CLIENT_NAME.fullmatch(name):
            console.say("A name has small letters, digits, - and _, and begins with a letter.", indent="  ")
            continue
        _ask_client(session, name, console)
    for name, client in session.answers.get("api.clients", {}).items():
        if not client.get("token_sha256") and not client.get("certificate_sha256"):
            _make_token(session, name, client)


def _ask_client(session: Session, name: str, console: Console) -> None:
    while True:
        session.answers.set(f"api.clients.{name}.addresses", words(console.ask("Its addresses, such as 10.1.2.3/32")))
        services = console.ask("What it may do (policy find change roundcube)", "change")
        session.answers.set(f"api.clients.{name}.services", words(services))
        client: dict[str, Any] = session.answers.get(f"api.clients.{name}")
        if not client.get("token_sha256"):
            _make_token(session, name, client)
        problems = session.answers.problems(f"api.clients.{name}")
        if not problems:
            return
        for problem in problems:
            console.say(f"{problem.key} {problem.message}", indent="  ")


def token_file(session: Session, name: str) -> Path:
    """Return the file that has a new token until it is brought to the client."""
    return session.paths.folder / f"api-{name}.token"


def _make_token(session: Session, name: str, client: dict[str, Any]) -> None:
    file = token_file(session, name)
    token = session.secret(file) or secrets.token_urlsafe(TOKEN_BYTES)
    session.secrets[file] = SecretStr(token)
    client["token_sha256"] = [hashlib.sha256(token.encode()).hexdigest()]
