"""The state of one run of `mamia setup` while it asks: answers, what was found, and secrets that were typed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import SecretStr

from gateway.ldap import Entry
from gateway.setup.answers import Answers
from gateway.setup.paths import Paths

NEW_TARGET = "domain"
"""Name of a target that setup makes."""


@dataclass(slots=True)
class Session:
    """Answers and proposals. An answer is kept; a proposal is only the default of its question."""

    paths: Paths
    answers: Answers
    standing: Answers = field(default_factory=Answers)
    """The answers that mamia.toml has, before any other."""
    proposals: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    """Values that the directory and this machine suggest, by key."""
    secrets: dict[Path, SecretStr] = field(default_factory=dict)
    """Secrets that were typed or made in this run, by the file that will have them."""
    is_unfinished: bool = False
    """Whether answers of an interrupted run are among the answers."""
    has_written: bool = False
    """Whether this run has begun to write its files."""
    class_for: str = ""
    """Filter of the people who get our object class where they lack it; "": nobody."""
    readers: list[str] | None = None
    """Accounts with which replicas read; None: those that are found."""
    writers: list[str] | None = None
    """Accounts of other programs that write people's entries; None: those that are found."""
    parts: list[str] | None = None
    """Names of the parts that are wanted (`parts.PARTS`); None: those that the answers switch on."""
    suffix: str = ""
    """Suffix of the database that has the people."""
    count: Callable[[str, str], int | None] = lambda base, wanted: None
    """Counts the entries below a base that fit a filter; None where that may not be searched."""
    find: Callable[[str], Entry | None] | None = None
    """Returns an entry by its DN; no function where the directory cannot be read."""

    def value(self, key: str) -> Any:
        """Return the answer to `key`, else the proposal, else None."""
        return self.answers.get(key) if self.answers.has(key) else self.proposals.get(key)

    def staff_filter(self, own: str) -> str:
        """Return the filter of staff as it will be when our class is given; `own` is people.filter."""
        return f"(|{own}{self.class_for})" if self.class_for and self.class_for != own else own

    @property
    def target(self) -> str:
        """Return the name of the workstation target that the questions are about."""
        return next(iter(self.answers.get("workstation.targets", {})), NEW_TARGET)

    def target_key(self, key: str) -> str:
        """Return the full key of a setting of that target."""
        return f"workstation.targets.{self.target}.{key}"

    @property
    def target_type(self) -> str:
        """Return the type of that target; "" if there is none."""
        return str(self.answers.get(self.target_key("type"), ""))

    def secret(self, file: Path) -> str | None:
        """Return the secret for `file`: one of this run, else the first line of the file; None if there is none."""
        if file in self.secrets:
            return self.secrets[file].get_secret_value()
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            return None
        return lines[0] if lines else None
