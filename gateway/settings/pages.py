"""What the pages show, and how they are served."""

from __future__ import annotations

import os
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, SecretStr, field_validator

from gateway.settings.types import Colour, Link, Section, Text

MIN_SECRET_KEY_CHARS = 32
"""Characters; 32 of base64 carry 192 bits."""
MAX_SOCKET_PATH_BYTES = 107
"""Of a Unix socket's address (unix(7))."""
LOGO_SUFFIXES = (".svg", ".png", ".webp", ".jpg")
MAX_LOGO_BYTES = 60_000
"""Bytes: a first page is to stay under 150 kB with it."""


def _known_timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError("is not a time zone such as Europe/Paris") from None
    return name


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
    security_contact: Annotated[str, Field(pattern=r"^(|mailto:[^\s@]+@[^\s@]+|https://\S+)$")] = ""
    """Where weaknesses are reported, for /.well-known/security.txt: mailto:… or https://…; empty: no such page."""
    logo: Path | None = None
    """A picture (.svg, .png, .webp, .jpg) for the top of the pages; shown 64 pixels high at most."""
    brand_colour: Colour = "#000091"
    """Made darker or lighter where it could not be read."""
    timezone: Annotated[str, AfterValidator(_known_timezone)] = "Europe/Paris"

    @field_validator("logo")
    @classmethod
    def _is_picture(cls, file: Path | None) -> Path | None:
        if file is None:
            return None
        if file.suffix.lower() not in LOGO_SUFFIXES:
            raise ValueError(f"{file} is none of {', '.join(LOGO_SUFFIXES)}")
        if not file.is_file():
            raise ValueError(f"{file} can't be read")
        if file.stat().st_size > MAX_LOGO_BYTES:
            raise ValueError(f"{file} has more than {MAX_LOGO_BYTES // 1000} kB, and everybody would wait for it")
        return file


class Captcha(Section):
    required: list[Literal["find", "reset", "change"]] = ["reset", "change"]
    lifetime_minutes: Annotated[int, Field(ge=1, le=60)] = 10
    methods: Annotated[list[Literal["picture", "sound", "automatic"]], Field(min_length=1)] = [
        "picture",
        "sound",
        "automatic",
    ]
    """What a person may choose between; without "automatic" the pages fail WCAG 2.2, 3.3.8."""


class Web(Section):
    listen_address: Text = "127.0.0.1"
    """Where the proxy connects to: a loopback address, unless `is_in_container_network`."""
    port: Annotated[int, Field(ge=1, le=65535)] = 8080
    socket: Path | None = None
    """A Unix socket, in the place of `listen_address` and `port`. Everybody who can enter its folder can connect;
    only the proxy should."""
    is_in_container_network: bool = False
    """Whether the service runs in a container whose network only the proxy can reach: then `listen_address` and
    `health_host` may be any address."""
    health_host: Text = "127.0.0.1"
    """Where `/health/live` answers also while every thread is busy: a loopback address, unless
    `is_in_container_network`."""
    health_port: Annotated[int, Field(ge=0, le=65535)] = 8081
    """0: none."""
    processes: Annotated[int, Field(ge=1, le=64)] = 1
    """More than one need a store that they share: `rate_limits.store` in Redis or Valkey."""
    threads: Annotated[int, Field(ge=1, le=256)] = 16
    """Of each process."""
    access_log: bool = True
    """A line a request to standard error: address, method, route (never an address with a ticket), status, time."""
    secret_keys: list[SecretStr] = []
    """Newest first; the first one seals, all of them open."""
    secret_keys_file: Path | None = None
    """One key a line, newest first."""
    secure_cookies: bool = True
    """Off only where the site is reached by http://, as in the demo."""
    allowed_hosts: Annotated[list[Text], Field(min_length=1)] = ["localhost", "127.0.0.1", "[::1]"]
    """The names by which the site is reached; a request for another one is refused. Case, port and a final dot do not
    matter. One that begins with a dot stands for all names below it."""
    trusted_proxies: Annotated[int, Field(ge=0, le=5)] = 0
    """How many proxies stand before this process and add to `forwarded_header`."""
    forwarded_header: Literal["X-Forwarded-For", "Forwarded"] = "X-Forwarded-For"
    """By which header they say who calls: X-Forwarded-For with X-Forwarded-Proto, or Forwarded (RFC 7239). The other
    one counts for nothing."""
    proxy_networks: list[IPv4Network | IPv6Network] = [IPv4Network("127.0.0.0/8"), IPv6Network("::1/128")]
    """From where those proxies call; from elsewhere the headers count for nothing."""
    hsts_seconds: Annotated[int, Field(ge=0)] = 63_072_000
    """How long browsers are to remember that this site speaks TLS only; 0: say nothing."""

    languages: Annotated[list[Text], Field(min_length=1)] = ["fr", "en"]
    """Of the pages; the first one for people whose browser asks for none of them. A catalogue each."""
    templates: Path | None = None
    """A folder with the academy's own versions of files of `templates/`; the others stay ours."""

    @field_validator("socket")
    @classmethod
    def _is_address(cls, path: Path | None) -> Path | None:
        if path is not None and not path.is_absolute():
            raise ValueError(f"{path} does not begin with /")
        if path is not None and len(os.fsencode(path)) > MAX_SOCKET_PATH_BYTES:
            raise ValueError(f"{path} has more than {MAX_SOCKET_PATH_BYTES} bytes")
        return path

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
            if len(text) < MIN_SECRET_KEY_CHARS or len(set(text)) < 10:
                raise ValueError(
                    f"key {number} is weak: it needs {MIN_SECRET_KEY_CHARS} random characters; make one with "
                    "python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
                )
        return keys

    @property
    def keys(self) -> list[str]:
        return [key.get_secret_value() for key in self.secret_keys]
