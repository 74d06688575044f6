"""Settings of how the web service runs."""

from __future__ import annotations

import os
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator

from gateway.settings.types import Section, Text

MIN_SECRET_KEY_CHARS = 32
"""Characters of a secret key; 32 characters of base64 have 192 bits."""
MAX_SOCKET_PATH_BYTES = 107
"""Bytes of the path in a Unix socket's address (unix(7))."""


class Web(Section):
    """How the web service listens, whom it trusts, and which languages it speaks."""

    listen_address: Text = "127.0.0.1"
    """Address at which the proxy connects: a loopback address, unless `is_in_container_network` is true."""
    port: Annotated[int, Field(ge=1, le=65535)] = 8080
    """TCP port at which the proxy connects."""
    socket: Path | None = None
    """Path of a Unix socket that replaces `listen_address` and `port`. Everybody who can enter its folder can
    connect, so only the proxy's user should."""
    is_in_container_network: bool = False
    """Set it to true if the service runs in a container whose network only the proxy can reach; `listen_address` and
    `health_host` may then be any address."""
    health_host: Text = "127.0.0.1"
    """Address of `/health/live`, which answers even while all threads are busy: a loopback address, unless
    `is_in_container_network` is true."""
    health_port: Annotated[int, Field(ge=0, le=65535)] = 8081
    """TCP port of `/health/live`; 0: none."""
    processes: Annotated[int, Field(ge=1, le=64)] = 1
    """Number of processes. More than one need a shared store: `rate_limits.store` in Redis or Valkey."""
    threads: Annotated[int, Field(ge=1, le=256)] = 16
    """Number of threads per process, so the number of requests that it serves at the same time."""
    access_log: bool = True
    """Write one line per request to standard error: address, method, route (never an address with a ticket), status,
    time."""
    secret_keys: list[SecretStr] = []
    """Keys that seal tickets and forms, newest first. The first one seals, all of them open, so keep a former key
    until its tickets have expired."""
    secret_keys_file: Path | None = None
    """File with one key per line, newest first."""
    secure_cookies: bool = True
    """Mark cookies as Secure. Set it to false only where the site is reached by http://, as in the demo."""
    allowed_hosts: Annotated[list[Text], Field(min_length=1)] = ["localhost", "127.0.0.1", "[::1]"]
    """Host names under which the site is reached; a request for another name is refused. Case, port and a final dot
    are ignored. A name that begins with a dot allows all names below it."""
    tls_address: Annotated[str, Field(pattern=r"^(|[^\s/@]+:[0-9]{1,5})$")] = ""
    """Host and port at which the proxy shows the certificate of `allowed_hosts`, such as 10.0.0.5:443, for `mamia
    check`. Empty: port 443 of each name, or of this machine where that cannot be reached."""
    trusted_proxies: Annotated[int, Field(ge=0, le=5)] = 0
    """Number of proxies in front of the service that add to `forwarded_header`. 0: the headers are ignored."""
    forwarded_header: Literal["X-Forwarded-For", "Forwarded"] = "X-Forwarded-For"
    """Header by which the proxies report the client's address: X-Forwarded-For with X-Forwarded-Proto, or Forwarded
    (RFC 7239). The other one is ignored."""
    proxy_networks: list[IPv4Network | IPv6Network] = [IPv4Network("127.0.0.0/8"), IPv6Network("::1/128")]
    """Networks from which those proxies connect. From any other address the headers are ignored."""
    hsts_seconds: Annotated[int, Field(ge=0)] = 63_072_000
    """Seconds for which browsers are to use only TLS for this site (RFC 6797); 0: the header is not sent."""

    languages: Annotated[list[Text], Field(min_length=1)] = ["fr", "en"]
    """Languages of the pages. The first one is for people whose browser asks for none of them. Each needs a catalogue
    in gateway/translations/."""
    templates: Path | None = None
    """Folder with the academy's own versions of files of `templates/`. Files that are not in it are taken from the
    package."""

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
        """Return the secret keys in plain text, newest first."""
        return [key.get_secret_value() for key in self.secret_keys]
