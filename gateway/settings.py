"""What an academy can set: one class a section, with its defaults and what makes a value wrong.

`settings_file` reads them. Fields whose rule looks at another field stand after it.
"""

from __future__ import annotations

import os
import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

PREFIX = "MAMIA_"
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
SHORTEST_SECRET_KEY = 32
"""Characters; 32 of base64 carry 192 bits."""


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be blank")
    return text


def _shaped(pattern: str, what: str) -> AfterValidator:
    shape = re.compile(pattern)

    def check(text: str) -> str:
        if not shape.fullmatch(text):
            raise ValueError(f"is not {what}")
        return text

    return AfterValidator(check)


Text = Annotated[str, AfterValidator(_not_blank)]
Attribute = Annotated[str, _shaped(r"[A-Za-z][A-Za-z0-9-]*", "the name of an LDAP attribute")]
Dn = Annotated[str, _shaped(r"[A-Za-z0-9.-]+\s*=.+", "a DN such as ou=people,dc=ac-example,dc=fr")]
Filter = Annotated[str, _shaped(r"\(.+\)", "an LDAP filter such as (objectClass=mamiaPerson)")]
Link = Annotated[str, _shaped(r"(https?://\S+)?", "an http:// or https:// address")]
SitePath = Annotated[str, _shaped(r"(/\S*)?", "a path on this site, such as /static/logo.png")]
Mail = Annotated[str, _shaped(r"[^@\s]+@[^@\s]+", "a mail address")]
Colour = Annotated[str, _shaped(r"#[0-9a-fA-F]{6}", "a colour such as #000091")]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Academy(Section):
    """Names and links that the pages show. An empty link is not shown."""

    name: Text = "Académie d’Exemple"
    mail_domain: Text = "ac-example.fr"
    home_url: Link = ""
    webmail_url: Link = ""
    iprof_url: Link = ""
    portal_url: Link = ""
    antispam_url: Link = ""
    sympa_url: Link = ""
    dpo_mail: str = ""
    logo_url: SitePath = ""
    """A path on this site: pages load nothing from elsewhere."""
    brand_colour: Colour = "#000091"


class Support(Section):
    """The helpdesk as the assistance page shows it."""

    phone: Text = "01 23 45 67 89"
    mail: Mail = "assistance@ac-example.fr"
    hours: Text = "du lundi au vendredi, de 8 h 30 à 12 h 30 et de 13 h 30 à 17 h"


class Directory(Section):
    """How to reach the LDAP servers."""

    start_tls: bool = False
    allow_passwords_in_clear_over_the_network: bool = False
    servers: Annotated[list[str], Field(min_length=1)]
    """URLs in order of preference: ldaps://, ldap://, ldapi://."""
    ca_file: Path | None = None
    """Certificates that vouch for the servers; the system's own where none is given."""
    bind_dn: Dn
    bind_password: SecretStr | None = None
    bind_password_file: Path | None = None
    decoy_dn: Dn
    """An entry that nobody uses: proofs for unknown logins are tried on it, so that they cost the same."""
    connect_timeout_seconds: Annotated[int, Field(ge=1, le=60)] = 3
    receive_timeout_seconds: Annotated[int, Field(ge=1, le=60)] = 5
    pool_size: Annotated[int, Field(ge=1, le=200)] = 16

    @field_validator("servers")
    @classmethod
    def _reachable_without_leaking(cls, servers: list[str], info: ValidationInfo) -> list[str]:
        guarded = info.data.get("start_tls") or info.data.get("allow_passwords_in_clear_over_the_network")
        for server in servers:
            _check_server(server, may_be_clear=bool(guarded))
        return servers

    @field_validator("ca_file")
    @classmethod
    def _readable(cls, file: Path | None) -> Path | None:
        if file is not None and not os.access(file, os.R_OK):
            raise ValueError(f"{file} can't be read")
        return file

    @property
    def password(self) -> str:
        return self.bind_password.get_secret_value() if self.bind_password else ""


def _check_server(url: str, *, may_be_clear: bool) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("ldap", "ldaps", "ldapi"):
        raise ValueError(f"{url} is not an ldaps://, ldap:// or ldapi:// URL")
    if parts.scheme == "ldapi":
        return
    if not parts.hostname:
        raise ValueError(f"{url} names no host")
    if parts.path.strip("/") or parts.query:
        raise ValueError(f"{url} says more than a host and a port: a base belongs to people.base")
    try:
        parts.port  # noqa: B018 - reading it is the check
    except ValueError as error:
        raise ValueError(f"{url}: {error}") from None
    if parts.scheme == "ldap" and parts.hostname not in LOOPBACK and not may_be_clear:
        raise ValueError(
            f"{url} would carry passwords in clear: use ldaps://, or start_tls = true, or, on a network that nobody "
            "else can read, allow_passwords_in_clear_over_the_network = true"
        )


class Proof(Section):
    """One number by which people prove who they are."""

    attribute: Attribute
    prefix: str = ""
    """What stands before the number in the directory, e.g. "{NUMEN}" for supannRefId."""


class People(Section):
    """Where people stand in the directory and what their attributes are called there."""

    base: Dn
    filter: Filter = "(objectClass=mamiaPerson)"
    login: Attribute = "uid"
    surname: Attribute = "sn"
    birth_name: Attribute = "patronymicName"
    given_name: Attribute = "givenName"
    mail: Attribute = "mail"
    birth_date: Attribute = "birthDate"
    birth_date_format: Text = "%Y%m%d"
    """As in strftime: %Y%m%d, %d/%m/%Y, %Y%m%d000000Z."""
    proofs: dict[Literal["numen", "temporary_agent_number"], Proof] = {
        "numen": Proof(attribute="numen"),
        "temporary_agent_number": Proof(attribute="temporaryAgentNumber"),
    }

    @field_validator("birth_date_format")
    @classmethod
    def _names_a_day(cls, value: str) -> str:
        if not all(part in value for part in ("%Y", "%m", "%d")):
            raise ValueError("must contain %Y, %m and %d")
        return value


class Password(Section):
    """The academy's rules for new passwords; the directory's policy comes on top."""

    min_length: Annotated[int, Field(ge=1, le=64)] = 8
    max_length: Annotated[int, Field(ge=64, le=1024)] = 128
    lower_case: bool = True
    upper_case: bool = True
    digit: bool = True
    sign: bool = True
    differs_from_current: bool = True
    without_login: bool = True
    without_names: bool = True
    history: Annotated[int, Field(ge=0)] = 5
    """What the pages say; the directory's policy (pwdInHistory) is what counts."""


class Lockout(Section):
    """The directory's lock-out as its policy has it (pwdMaxFailure, pwdLockoutDuration)."""

    failures: Annotated[int, Field(ge=1)] = 10
    minutes: Annotated[int, Field(ge=0)] = 15
    """0: until a reset."""


class ResetMode(StrEnum):
    CHOOSE = "choose"
    INITIAL = "initial"


class Reset(Section):
    mode: ResetMode = ResetMode.CHOOSE
    ticket_minutes: Annotated[int, Field(ge=1, le=15)] = 10
    initial_policy: Annotated[Dn | None, Field(validate_default=True)] = None
    """With mode = "initial": a password policy without history, lent to the entry for that one write."""

    @field_validator("initial_policy")
    @classmethod
    def _needed_by_mode_initial(cls, policy: str | None, info: ValidationInfo) -> str | None:
        if policy is None and info.data.get("mode") is ResetMode.INITIAL:
            raise ValueError('is missing, and mode = "initial" needs it: cn=initial,ou=policies,… of ldif/')
        return policy


class Captcha(Section):
    required: list[Literal["find", "reset", "change"]] = ["reset", "change"]
    minutes: Annotated[int, Field(ge=1, le=60)] = 10


class Web(Section):
    host: Text = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8080
    threads: Annotated[int, Field(ge=1, le=256)] = 16
    secret_keys: list[SecretStr] = []
    """Newest first; the first one seals, all of them open."""
    secret_keys_file: Path | None = None
    """One key a line, newest first."""
    secure_cookies: bool = True
    """Off only where the site is reached by http://, as in the demo."""

    templates: Path | None = None
    """A folder with the academy's own versions of files of `templates/`; the others stay ours."""

    @field_validator("templates")
    @classmethod
    def _is_folder(cls, folder: Path | None) -> Path | None:
        if folder is not None and not folder.is_dir():
            raise ValueError(f"{folder} is not a folder")
        return folder

    @field_validator("secret_keys")
    @classmethod
    def _long_enough(cls, keys: list[SecretStr]) -> list[SecretStr]:
        for number, key in enumerate(keys, start=1):
            text = key.get_secret_value()
            if len(text) < SHORTEST_SECRET_KEY or len(set(text)) < 10:
                raise ValueError(
                    f"key {number} is weak: it needs {SHORTEST_SECRET_KEY} random characters; make one with "
                    "python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
                )
        return keys

    @property
    def keys(self) -> list[str]:
        return [key.get_secret_value() for key in self.secret_keys]


class Settings(BaseSettings):
    model_config = SettingsConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    academy: Academy = Academy()
    support: Support = Support()
    directory: Directory
    people: People
    password: Password = Password()
    lockout: Lockout = Lockout()
    reset: Reset = Reset()
    captcha: Captcha = Captcha()
    web: Web

    @classmethod
    def settings_customise_sources(  # type: ignore[override]
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, **_: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        environment = EnvSettingsSource(settings_cls, env_prefix=PREFIX, env_nested_delimiter="__")
        return environment, init_settings
