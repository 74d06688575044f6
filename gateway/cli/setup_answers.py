"""Where answers of `mamia setup` come from: mamia.toml, an interrupted run, a file, the command line."""

from __future__ import annotations

import argparse
import re
import ssl
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import tomlkit
from pydantic import SecretStr

from gateway.settings.loader import read_secret
from gateway.settings.types import check_server
from gateway.setup.access import LDAPI, Login
from gateway.setup.answers import Answers, AnswersError, read_answers
from gateway.setup.directory_side import DirectorySide
from gateway.setup.files import SECRET_MODE, Access, PlannedFile
from gateway.setup.parts import NAMES, chosen_parts
from gateway.setup.paths import Paths
from gateway.setup.session import Session
from gateway.tls import verifying_context

OWN = "setup"
"""Table of a file of answers for what is no setting: `class_for`, `parts`, `replica_readers`, `writers`."""
SECRET_NAME = re.compile(r"(^|_)(password|passwords|token|secret|secret_keys?)$")
"""How the keys end whose values are secrets; those of their files end in _file or _files."""


def start_session(arguments: argparse.Namespace, paths: Paths) -> Session:
    """Return a session with all answers that are known. Raises AnswersError."""
    written = read_answers(paths.config) if paths.config.exists() else {}
    session = Session(paths, Answers(written), standing=Answers(written))
    if paths.unfinished.exists():
        kept = read_answers(paths.unfinished)
        session.is_unfinished = bool(set(kept) - {OWN})
        _merge(session, kept)
    if arguments.answers:
        _merge(session, read_answers(arguments.answers))
    for text in arguments.set:
        key, value = _assignment(text)
        session.answers.set(key, value)
    if arguments.part:
        # Who names a part adds it: nothing that is on goes without a question.
        session.parts = [*chosen_parts(session), *arguments.part]
    session.class_for = arguments.add_class or session.class_for
    session.readers = arguments.replica_reader or session.readers
    session.writers = arguments.writer or session.writers
    return session


def _merge(session: Session, table: dict[str, Any]) -> None:
    own = table.pop(OWN, {})
    session.answers.merge(table)
    session.class_for = str(own.get("class_for", session.class_for))
    session.readers = own.get("replica_readers", session.readers)
    session.writers = own.get("writers", session.writers)
    session.parts = _parts(own.get("parts", session.parts))


def _parts(value: Any) -> list[str] | None:
    """Return the names of parts in a file of answers. Raises AnswersError."""
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise AnswersError(f'[{OWN}] parts: write a list, such as ["charter", "webhooks"]')
    if unknown := [name for name in value if name not in NAMES]:
        raise AnswersError(f"[{OWN}] parts: there is no part {unknown[0]}; the parts are {', '.join(NAMES)}")
    return [str(name) for name in value]


def _assignment(text: str) -> tuple[str, Any]:
    """Split KEY=VALUE; the value is TOML, or else a text. Raises AnswersError."""
    key, separator, value = text.partition("=")
    if not separator or "." not in key:
        raise AnswersError(f"--set {key}: write it as section.key=value")
    try:
        read = tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        read = value
    if _is_secret(key, read):
        raise AnswersError(f"--set {key} is a secret, and everybody on this machine sees arguments: use a file")
    return key, read


def _is_secret(key: str, value: Any) -> bool:
    """Return whether a setting or a part of it is a password, a token or a key, or a URL with a password."""
    if any(SECRET_NAME.search(part) for part in key.split(".")[1:]):
        return True
    if isinstance(value, dict):
        return any(_is_secret(f"{key}.{name}", held) for name, held in value.items())
    if isinstance(value, list):
        return any(_is_secret(key, held) for held in value)
    return isinstance(value, str) and _has_password(value)


def _has_password(text: str) -> bool:
    try:
        return bool(urlsplit(text.strip("'\"")).password)
    except ValueError:
        return False


def keep_answers(session: Session, *, only_own: bool = False) -> None:
    """Write the answers so far into a file that only this user can read. It has no secret.

    `only_own`: those that are no settings, which the next run needs as long as the directory is not changed.
    """
    table: dict[str, Any] = {} if only_own else session.answers.without_secrets()
    own: dict[str, Any] = {
        "class_for": session.class_for,
        "replica_readers": session.readers,
        "writers": session.writers,
    }
    if not only_own:
        # Afterwards mamia.toml has them, and an administrator may take one out.
        own["parts"] = session.parts
    # No part at all is an answer too.
    table[OWN] = {name: value for name, value in own.items() if value or (name == "parts" and value is not None)}
    text = tomlkit.dumps(table).encode()
    PlannedFile(session.paths.unfinished, text, Access(SECRET_MODE), "answers of an unfinished run").write()


def directory_side(arguments: argparse.Namespace, paths: Paths, answers: Answers) -> DirectorySide:
    """Return the server that the arguments name, not connected yet; `answers` have the authority of its certificate.

    Raises AnswersError, SettingsError.
    """
    url = arguments.server or (paths.ldapi_url if paths.slapd_socket.exists() else LDAPI)
    return DirectorySide(
        url,
        config_login=_login(arguments.config_dn, arguments.config_password_file, "--config-password-file"),
        data_login=_login(arguments.bind_dn, arguments.bind_password_file, "--bind-password-file"),
        tls=_tls(url, answers),
    )


def _tls(url: str, answers: Answers) -> ssl.SSLContext | None:
    """Return what verifies the server before a password is sent; None where nothing crosses the network.

    Raises AnswersError.
    """
    if url == LDAPI:
        return None
    ca_file = answers.get("directory.ca_file")
    try:
        check_server(url, may_be_clear=False)
        strict = answers.get("directory.tls_strict", True)
        return (
            verifying_context(Path(ca_file) if ca_file else None, strict=strict) if url.startswith("ldaps:") else None
        )
    except ValueError as error:
        raise AnswersError(f"--server: {error}") from None
    except OSError as error:
        raise AnswersError(f"directory.ca_file: {ca_file} can't be used: {error}") from None


def _login(dn: str | None, file: Path | None, option: str) -> Login | None:
    if not dn:
        return None
    if file is None:
        raise AnswersError(f"{option} is missing: a file that holds only the password of {dn}")
    return Login(dn, SecretStr(read_secret(file, option).get_secret_value()))
