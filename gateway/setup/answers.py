"""The answers of `mamia setup`: a mamia.toml in memory.

An existing mamia.toml is a complete set of answers. Writing keeps comments, order and keys that setup does not ask
for.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import ValidationError
from pydantic_settings.exceptions import SettingsError as EnvironmentError_

from gateway.settings import Settings
from gateway.settings.consistency import contradictions, contradictions_of_web
from gateway.settings.loader import WEB_SECRETS, SettingProblem, SettingsError, problem_of

OF_SEVERAL_ANSWERS = ("workstation", "capture", "api")
"""Sections that are valid only when several questions are answered."""
UNANSWERED: Mapping[str, Mapping[str, Any]] = {
    "directory": {"servers": ["ldap://127.0.0.1"], "bind_dn": "cn=gateway", "decoy_dn": "cn=decoy"},
    "people": {"base": "ou=people"},
    "web": {},
}
"""Values for required settings that have no answer yet, so that the others can be examined alone."""
SITE = "https://site.example"
"""In the place of the site's address, as long as passkeys are chosen and nobody has said for which name."""


class AnswersError(Exception):
    """A file of answers cannot be used. The text names the file and says why."""


class Answers:
    """Values by their key, such as "people.base"; `table` is the content of a mamia.toml."""

    def __init__(self, table: Mapping[str, Any] | None = None) -> None:
        self.table: dict[str, Any] = deepcopy(dict(table or {}))

    def get(self, key: str, default: Any = None) -> Any:
        """Return the answer `key` ("section.key", also deeper), or `default` where there is none."""
        found: Any = self.table
        for part in key.split("."):
            if not isinstance(found, Mapping) or part not in found:
                return default
            found = found[part]
        return found

    def set(self, key: str, value: Any) -> None:
        """Set the answer `key`; None removes it."""
        *folders, last = key.split(".")
        held = self.table
        for part in folders:
            held = held.setdefault(part, {})
        if value is None:
            held.pop(last, None)
        else:
            held[last] = value

    def has(self, key: str) -> bool:
        """Return whether there is an answer `key`."""
        return self.get(key, UNANSWERED) is not UNANSWERED

    @property
    def has_passkeys(self) -> bool:
        """Return whether people may add passkeys as a recovery method."""
        methods = self.get("recovery.methods")
        return isinstance(methods, list) and "passkey" in methods

    def merge(self, table: Mapping[str, Any]) -> None:
        """Take over all values of `table`; those of a list or text replace the present one."""
        _merge(self.table, table)

    def draft(self) -> Settings | None:
        """Return the settings with placeholders for what is not answered yet; None if an answer cannot be used.

        Targets and capture, which need several answers, are left out until they are complete.
        """
        table = self._drafted()
        whole = {name: values for name, values in table.items() if name not in OF_SEVERAL_ANSWERS}
        for one in (table, whole):
            try:
                return Settings(**one)
            except (ValidationError, EnvironmentError_):
                continue
        return None

    def problems(self, *keys: str) -> list[SettingProblem]:
        """Return what is wrong with the answers to `keys`, whatever is still missing elsewhere."""
        found = _problems(self._drafted())
        return [one for one in found if any(_concerns(one.key, key) for key in keys)]

    def settings(self, source: str) -> Settings:
        """Return the settings, without the secrets that are in files. Raises SettingsError with every problem."""
        if found := _problems(self.table):
            raise SettingsError(source, found)
        return Settings(**self.table)

    def without_secrets(self) -> dict[str, Any]:
        """Return the answers without those that contain a secret, for the file of an interrupted run."""
        table = deepcopy(self.table)
        for section, key in WEB_SECRETS:
            if isinstance(values := table.get(section), dict):
                values.pop(key, None)
        limits = table.get("rate_limits")
        if isinstance(limits, dict) and urlsplit(str(limits.get("store", ""))).password is not None:
            del limits["store"]
        return table

    def _drafted(self) -> dict[str, Any]:
        table = deepcopy(self.table)
        for section, values in UNANSWERED.items():
            held = table.setdefault(section, {})
            if isinstance(held, dict):
                table[section] = {**values, **held}
        if self.has_passkeys:
            origin = table["recovery"].setdefault("origin", SITE)
            table["recovery"].setdefault("rp_id", host_of(origin))
        return table


def host_of(origin: Any) -> str:
    """Return the host of a site's address; "" if it has none that can be read.

    >>> host_of("https://mon-compte.ac-example.fr:8443")
    'mon-compte.ac-example.fr'
    """
    try:
        return urlsplit(str(origin)).hostname or ""
    except ValueError:
        return ""


def read_answers(file: Path) -> dict[str, Any]:
    """Return the content of a TOML file with answers. Raises AnswersError."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise AnswersError(f"{file} can't be read: {getattr(error, 'strerror', None) or error}") from None
    except tomllib.TOMLDecodeError as error:
        raise AnswersError(f"{file} is not TOML: {error}") from None


def _problems(table: dict[str, Any]) -> list[SettingProblem]:
    try:
        settings = Settings(**table)
    except ValidationError as error:
        return [problem_of(detail) for detail in error.errors(include_url=False, include_input=False)]
    except EnvironmentError_ as error:
        return [SettingProblem("the environment", str(error).replace("\n", " "))]
    return [SettingProblem(*one) for one in _contradictions(settings)]


def _contradictions(settings: Settings) -> Iterator[tuple[str, str]]:
    yield from contradictions(settings)
    yield from contradictions_of_web(settings)


def _concerns(problem: str, key: str) -> bool:
    # pydantic puts the type of a target into the key.
    problem = re.sub(r"^(workstation\.targets\.[^.]+)\.(active_directory|samba_nt|kerberos)\.", r"\1.", problem)
    return problem == key or problem.startswith(f"{key}.")


def _merge(held: dict[str, Any], new: Mapping[str, Any]) -> None:
    for key, value in new.items():
        if isinstance(value, Mapping) and isinstance(held.get(key), dict):
            _merge(held[key], value)
        else:
            held[key] = deepcopy(value)
