"""Read the settings from a TOML file and from MAMIA_SECTION__KEY in the environment, which has priority.

Secrets may be in files of their own: `bind_password_file` instead of `bind_password`, `secret_keys_file` instead of
`secret_keys`. The worker and the listener have accounts of their own and do not read the secrets of the web service.
All faults are reported together.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr, ValidationError
from pydantic_settings.exceptions import SettingsError as EnvironmentError_

from gateway.settings import PREFIX, Settings
from gateway.settings.consistency import contradictions, contradictions_of_web
from gateway.settings.removed import REMOVED
from gateway.settings.renamed import SECTIONS, former_keys, present_name

CONFIG_VARIABLE = "MAMIA_CONFIG"
DEFAULT_FILE = Path("mamia.toml")
INSTALLED_FILE = Path("/etc/mamia/mamia.toml")
"""Where the package and `mamia setup` have the settings of a machine."""
REQUIRED = (("directory", "bind_password"), ("web", "secret_keys"))
WEB_SECRETS = (
    *REQUIRED,
    ("rate_limits", "store_password"),
    ("notifications", "smtp_password"),
    ("second_factor", "sms_gateway_token"),
    ("helpdesk", "bind_password"),
)


@dataclass(frozen=True, slots=True)
class SettingProblem:
    """One fault in the settings: where it is and what to fix."""

    key: str
    """The setting as "section.key", the variable of the environment, or the file."""
    message: str
    """What is wrong, as a predicate: "is missing". Never contains the value of a secret."""


class SettingsError(Exception):
    """The settings cannot be used. `faults` lists every fault; `source` is the file that was read."""

    def __init__(self, source: str, problems: list[SettingProblem]) -> None:
        super().__init__(f"{len(problems)} problem(s) in {source}")
        self.source = source
        self.problems = problems


def settings_file() -> Path:
    """Return the file that MAMIA_CONFIG names, else the machine's own, else ./mamia.toml."""
    if named := os.environ.get(CONFIG_VARIABLE):
        return Path(named)
    return INSTALLED_FILE if INSTALLED_FILE.exists() else DEFAULT_FILE


def load(path: Path | None = None, *, web_secrets: bool = True) -> Settings:
    """Read the settings from `path`, else from `settings_file()`.

    Without `web_secrets`, the secrets of the web service are dropped, and the files that contain them are not opened.
    Raises SettingsError with all faults: of the file, of the values, of misspelt variables, of secret files.
    """
    source = path or settings_file()
    table = _read_table(source, named_by="--config" if path else CONFIG_VARIABLE)
    problems = _unknown_variables(os.environ)
    if web_secrets:
        for section, key in WEB_SECRETS:
            problems += _read_secret_file(table, section, key, many=key == "secret_keys")
        problems += _missing_secrets(table, os.environ)
    else:
        table = _without_web_secrets(table)
    try:
        settings = Settings(**table)
    except ValidationError as error:
        problems += [problem_of(detail) for detail in error.errors(include_url=False, include_input=False)]
    except EnvironmentError_ as error:
        problems.append(SettingProblem("the environment", str(error).replace("\n", " ")))
    else:
        problems += [SettingProblem(*contradiction) for contradiction in contradictions(settings)]
        if web_secrets:
            # Some of these settings may be in the web service's environment only, as a store's URL with its password.
            problems += [SettingProblem(*contradiction) for contradiction in contradictions_of_web(settings)]
    if problems:
        raise SettingsError(str(source), [*_absent(source), *problems])
    return settings


def _absent(source: Path) -> list[SettingProblem]:
    if source.exists():
        return []
    message = f"there is no such file in this folder; --config or {CONFIG_VARIABLE} names another one"
    return [SettingProblem(str(source), message)]


def _missing_secrets(table: dict[str, Any], environment: Mapping[str, str]) -> list[SettingProblem]:
    missing = []
    for section, key in REQUIRED:
        values = table.get(section)
        given = isinstance(values, dict) and (values.get(key) or values.get(f"{key}_file"))
        names = (f"{PREFIX}{section}__{key}".upper(), f"{PREFIX}{section}__{key}_file".upper())
        if not given and not any(environment.get(name) for name in names):
            missing.append(SettingProblem(f"{section}.{key}", f"is missing, and so is {section}.{key}_file"))
    return missing


def _without_web_secrets(table: dict[str, Any]) -> dict[str, Any]:
    """Return `table` without the web service's secrets, and with a section [web] even if the file has none."""
    left = {section: dict(values) if isinstance(values, dict) else values for section, values in table.items()}
    left.setdefault("web", {})
    for section, key in WEB_SECRETS:
        if isinstance(values := left.get(section), dict):
            values.pop(key, None)
    if isinstance(rate_limits := left.get("rate_limits"), dict) and isinstance(
        store := rate_limits.get("store"), str
    ):
        rate_limits["store"] = _without_password(store)
    return left


def _without_password(url: str) -> str:
    """Return a store's URL without user, password and options, because a password may be in each of these places."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _read_table(source: Path, *, named_by: str) -> dict[str, Any]:
    """Return the content of the file. Without DEFAULT_FILE the environment alone has settings."""
    try:
        return tomllib.loads(source.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if source != DEFAULT_FILE:
            raise SettingsError(str(source), [SettingProblem(named_by, f"there is no file {source}")]) from None
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(str(source), [SettingProblem(str(source), f"can't be read: {error}")]) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(str(source), [SettingProblem(str(source), f"is not TOML: {error}")]) from None


def _read_secret_file(table: dict[str, Any], section: str, key: str, *, many: bool = False) -> list[SettingProblem]:
    """Read the file that `<section>.<key>_file` names, and put its content into `table` as `<section>.<key>`."""
    values = table.get(section)
    variable = f"{PREFIX}{section}__{key}_file".upper()
    named = os.environ.get(variable) or (values.get(f"{key}_file") if isinstance(values, dict) else None)
    if not named:
        return []
    if isinstance(values, dict) and key in values:
        return [SettingProblem(f"{section}.{key}_file", f"is set as well as {section}.{key}: keep one of the two")]
    try:
        lines = [line for line in Path(str(named)).read_text(encoding="utf-8").split("\n") if line]
    except (OSError, UnicodeDecodeError) as error:
        return [SettingProblem(f"{section}.{key}_file", f"can't be read: {error}")]
    if not lines:
        return [SettingProblem(f"{section}.{key}_file", f"{named} is empty")]
    if isinstance(values, dict) or values is None:
        table[section] = {**(values or {}), key: lines if many else lines[0]}
    return []


def _unknown_variables(environment: Mapping[str, str]) -> list[SettingProblem]:
    """Return a fault for each MAMIA_ variable that names no setting; a misspelt one would be ignored silently."""
    problems = []
    for name in environment:
        if not name.startswith(PREFIX) or name == CONFIG_VARIABLE:
            continue
        section, _, key = name.removeprefix(PREFIX).lower().partition("__")
        field = Settings.model_fields.get(section)
        keys = getattr(field.annotation, "model_fields", {}) if field else {}
        if key.partition("__")[0] not in keys:
            unknown = "names no setting; expected MAMIA_SECTION__KEY, e.g. MAMIA_WEB__PORT"
            problems.append(
                SettingProblem(name, REMOVED.get(f"{section}.{key}") or _renamed_variable(section, key) or unknown)
            )
    return problems


def problem_of(detail: Any) -> SettingProblem:
    """Convert one error of pydantic's ValidationError.errors()."""
    key = ".".join(str(part) for part in detail["loc"])
    message = detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "extra_forbidden":
        return SettingProblem(key, REMOVED.get(key) or _renamed(key) or "is not a known setting")
    return SettingProblem(key, "is required, and missing" if detail["type"] == "missing" else message)


def _renamed(key: str) -> str:
    """Return the message that gives the present name of `key`, a setting or a section.

    Returns "" if it never had another name.
    """
    if key in SECTIONS:
        keys = "".join(f", {new} for {old}" for old, new in former_keys(key).items())
        return f"was renamed: write [{SECTIONS[key]}]{keys and ' and in it' + keys[1:]}"
    present = present_name(key)
    return f"was renamed: write {present}" if present else ""


def _renamed_variable(section: str, key: str) -> str:
    present = present_name(f"{section}.{key}")
    known, _, name = present.partition(".")
    field = Settings.model_fields.get(known)
    if not field or name.partition("__")[0] not in getattr(field.annotation, "model_fields", {}):
        return ""
    return f"was renamed: write {PREFIX}{known.upper()}__{name.upper()}"


def read_secret(file: Path, key: str) -> SecretStr:
    """Return the first line of `file`, the secret of the setting `key`. Raises SettingsError if there is none."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(str(file), [SettingProblem(key, f"can't be read: {error}")]) from None
    if not lines:
        raise SettingsError(str(file), [SettingProblem(key, f"{file} is empty")])
    return SecretStr(lines[0])
