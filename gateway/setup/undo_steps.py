"""What all stages of undo use: the directory as it is now, one write at a time, and what stays and why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from ldap3.core.results import (
    RESULT_NO_SUCH_ATTRIBUTE,
    RESULT_NO_SUCH_OBJECT,
    RESULT_SIZE_LIMIT_EXCEEDED,
    RESULT_SUCCESS,
)

from gateway.ldap import check_result, is_success, result_text, search_pages, try_search
from gateway.ldap.operations import Scope
from gateway.setup.access import Access
from gateway.setup.journal import History, Journal
from gateway.setup.places import NAMES
from gateway.setup.records import Record, delete_entry
from gateway.setup.rules import Owner
from gateway.setup.survey import survey
from gateway.setup.surveyed import Database, Survey, normal_dn
from gateway.setup.undo_preview import preview, removed_attributes
from gateway.setup.writing import write

PAGE_SIZE = 500
ANSWERED = (RESULT_SUCCESS, RESULT_SIZE_LIMIT_EXCEEDED, RESULT_NO_SUCH_OBJECT)
GONE = (RESULT_NO_SUCH_OBJECT, RESULT_NO_SUCH_ATTRIBUTE)


@dataclass(frozen=True, slots=True)
class Kept:
    """Something of ours that stays in the directory."""

    what: str
    why: str
    how: str
    """How to go on; "" if it may stay for ever."""


class UndoFailed(Exception):
    """The server refused a step, or the folder cannot be read. What was done stays; undo goes on from there."""

    def __init__(self, reason: str, removed: tuple[str, ...]) -> None:
        super().__init__(reason)
        self.reason = reason
        self.removed = removed


@dataclass(slots=True)
class Steps:
    """One run of undo."""

    access: Access
    history: History
    journal: Journal
    is_dry: bool = False
    progress: Callable[[str], None] | None = None
    removed: list[str] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)
    """DNs, as `normal_dn` has them, of entries that this run deleted, or would."""
    pretended: list[Record] = field(default_factory=list)
    """What a dry run would have written into cn=config."""
    emptied: dict[str, set[str]] = field(default_factory=dict)
    """Attribute in lower case → DNs, as `normal_dn` has them, of entries that would have no value of it any more."""

    def look(self) -> tuple[Survey, Database]:
        """Return the configuration as it is now, in a dry run as it would be.

        Raises UndoFailed if the database is not there any more.
        """
        found = preview(survey(self.access, looks=False), self.pretended)
        database = found.database_of(self.history.suffix)
        if database is None:
            raise UndoFailed(f"no database of {found.url} holds {self.history.suffix}", tuple(self.removed))
        return found, database

    def require_administrator(self) -> None:
        """Raise UndoFailed if this account may not write entries: it might not see what has to stay closed either."""
        survey, database = self.look()
        if self.history.suffix not in survey.writable:
            reason = (
                f"{self.access.data_dn or 'this account'} may not write entries below {self.history.suffix}: give "
                f"the database's administrator ({database.root_dn}) and a file with its password"
            )
            raise UndoFailed(reason, ())

    @property
    def owner(self) -> Owner:
        """Return what tells our rules from the directory's own."""
        return Owner(self.history.accounts, self.history.services_base)

    @property
    def accounts(self) -> tuple[str, ...]:
        """Return the DNs of our accounts, also of those that only other settings need."""
        more = tuple(f"cn={name},{self.history.services_base}" for name in (*NAMES.values(), "decoy"))
        return tuple(dict.fromkeys((*self.history.accounts, *more)))

    def do(self, record: Record, text: str, *, is_quiet: bool = False) -> bool:
        """Write a record; return False if there was nothing to write any more. Raises UndoFailed.

        `is_quiet`: its caller reports it, with others.
        """
        if not is_quiet:
            self.report(text)
        if self.is_dry:
            self._pretend(record)
        else:
            connection = self.access.config if record.is_configuration else self.access.data
            result = write(connection, record)
            if result["result"] in GONE:
                return False
            if not is_success(result):
                reason = f"{text}: slapd refuses it ({result_text(result)}); what was done before stays"
                raise UndoFailed(reason, tuple(self.removed))
        if record.kind == "delete":
            self.gone.add(normal_dn(record.dn))
        if not is_quiet:
            self.removed.append(text)
        return True

    def report(self, text: str) -> None:
        """Report a step that begins."""
        if self.progress:
            self.progress(text)

    def _pretend(self, record: Record) -> None:
        if record.is_configuration:
            self.pretended.append(record)
        for name in removed_attributes(record):
            self.emptied.setdefault(name, set()).add(normal_dn(record.dn))

    def delete(self, dn: str, text: str) -> bool:
        """Delete an entry."""
        return self.do(delete_entry(dn), text)

    def keep(self, what: str, why: str, how: str = "") -> None:
        """Say that something stays."""
        self.kept.append(Kept(what, why, how))

    def remember_narrowed(self, rules: Sequence[str]) -> None:
        """Keep access rules that this run writes in the place of ours, so that a later run knows them."""
        if rules and not self.is_dry:
            self.journal.add_narrowed(rules)

    def exists(self, dn: str) -> bool:
        """Return whether an entry is there."""
        return bool(dn) and normal_dn(dn) not in self.gone and bool(self.holders(dn, "(objectClass=*)", is_one=True))

    def holders(self, base: str, filter_: str, *, is_one: bool = False) -> list[str]:
        """Return the DNs of some of the entries that a filter selects, but for those that this run deleted."""
        scope: Scope = "BASE" if is_one else "SUBTREE"
        found = try_search(self.access.data, base, filter_, ["1.1"], scope, size_limit=100)
        # A search that was refused must not pass for one that finds nobody: the rules that close secrets would go.
        check_result(found.result, f"search below {base}", accepted=ANSWERED)
        return [dn for dn in found.dns if normal_dn(dn) not in self.gone]

    def any_with(self, attributes: Iterable[str]) -> str:
        """Return one of the attributes of which an entry of the database has a value; "" if there is none."""
        return next((name for name in attributes if self._has_holder(name)), "")

    def _has_holder(self, name: str) -> bool:
        without = self.gone | self.emptied.get(name.lower(), set())
        if not without:
            return bool(self.holders(self.history.suffix, f"({name}=*)"))
        found = search_pages(self.access.data, self.history.suffix, f"({name}=*)", ["1.1"], PAGE_SIZE)
        return any(normal_dn(one["dn"]) not in without for one in found)

    def count_hashes(self, scheme: bytes) -> int:
        """Return how many entries have a password in a form such as {ARGON2}."""
        found = search_pages(self.access.data, self.history.suffix, "(userPassword=*)", ["userPassword"], PAGE_SIZE)
        return sum(
            any(value.upper().startswith(scheme) for values in one["raw_attributes"].values() for value in values)
            for one in found
            if normal_dn(one["dn"]) not in self.gone
        )
