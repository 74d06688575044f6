"""Which files this machine needs for the settings: secrets and keys that are there stay, missing ones are made."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

from pydantic import SecretStr

from gateway.notifications.webhook_secrets import new_secret
from gateway.protection.seal import new_key_pair
from gateway.settings import Settings
from gateway.setup.choices import token_file
from gateway.setup.files import (
    LISTENER_USER,
    WEB_USER,
    WORKER_USER,
    FileUnwritable,
    PlannedFile,
    public_access,
    secret_access,
    settings_access,
)
from gateway.setup.session import Session
from gateway.setup.toml_text import as_toml

PASSWORD_BYTES, KEY_BYTES = 24, 36


def plan_files(session: Session, settings: Settings) -> list[PlannedFile]:
    """Return every file that setup is responsible for, as it is to be, right ones too.

    Raises FileUnwritable if a present one cannot be read.
    """
    return [_settings_file(session), *_secrets(session, settings), *_keys(settings), *_tokens(session)]


def account_passwords(settings: Settings, planned: list[PlannedFile]) -> dict[str, SecretStr]:
    """Return the passwords of our accounts in the directory, from the planned files; nobody keeps the decoy's."""
    files = {
        "gateway": settings.directory.bind_password_file,
        "sync": settings.workstation.bind_password_file,
        "capture": settings.capture.bind_password_file,
        "helpdesk": settings.helpdesk.bind_password_file,
        "reminders": settings.reminders.bind_password_file,
    }
    content = {one.path: one.content for one in planned}
    found = {name: SecretStr(_first_line(content[file])) for name, file in files.items() if file in content}
    if settings.directory.bind_password:
        found["gateway"] = settings.directory.bind_password
    if settings.helpdesk.bind_password:
        found["helpdesk"] = settings.helpdesk.bind_password
    return {**found, "decoy": SecretStr(secrets.token_urlsafe(PASSWORD_BYTES))}


def _first_line(content: bytes) -> str:
    lines = content.decode("utf-8").splitlines()
    return lines[0] if lines else ""


def _settings_file(session: Session) -> PlannedFile:
    file = session.paths.config
    try:
        former = file.read_text(encoding="utf-8") if file.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise FileUnwritable(f"{file}: {getattr(error, 'strerror', None) or error}") from None
    text = as_toml(session.answers, former)
    return PlannedFile(file, text.encode(), settings_access(), "settings of all processes")


def _secrets(session: Session, settings: Settings) -> Iterator[PlannedFile]:
    yield from _web_passwords(session, settings)
    if file := settings.web.secret_keys_file:
        yield _secret(session, file, WEB_USER, "keys that seal tickets and forms", KEY_BYTES)
    if (file := settings.workstation.bind_password_file) and settings.workstation.delivers:
        yield _secret(session, file, WORKER_USER, "password of the worker's account")
    if (file := settings.capture.bind_password_file) and not settings.capture.answer_only:
        yield _secret(session, file, LISTENER_USER, "password of the listener's account")
    if file := settings.reminders.bind_password_file:
        yield _secret(session, file, WEB_USER, "password of the reminders' account")
    if file := settings.webhooks.secret_file:
        yield _webhook_secret(session, file)
    yield from _typed_ones(session, settings)


def _webhook_secret(session: Session, file: Path) -> PlannedFile:
    """Return the secret that signs events, which web service and worker read: the present one, else a new one."""
    held = _held(file)
    if held is None:
        held = session.secrets.setdefault(file, SecretStr(f"{new_secret()}\n")).get_secret_value().encode()
    why = "secret that signs webhooks; the receiver needs the same line"
    return PlannedFile(file, held, settings_access(), why, is_secret=True)


def _typed_ones(session: Session, settings: Settings) -> Iterator[PlannedFile]:
    for target in settings.workstation.targets.values():
        if target.type == "active_directory":
            yield from _typed(session, target.bind_password_file, WORKER_USER, "password of the domain's account")
    if file := settings.notifications.smtp_password_file:
        yield from _typed(session, file, WEB_USER, "password of the mail server's account")


def _web_passwords(session: Session, settings: Settings) -> Iterator[PlannedFile]:
    if file := settings.directory.bind_password_file:
        yield _secret(session, file, WEB_USER, "password of the web service's account")
    if file := settings.helpdesk.bind_password_file:
        yield _secret(session, file, WEB_USER, "password of the helpdesk's account")


def _secret(session: Session, file: Path, user: str, why: str, size: int = PASSWORD_BYTES) -> PlannedFile:
    """Return a secret of ours: the present one, else a new random one."""
    held = _held(file)
    if held is None:
        held = session.secrets.setdefault(file, SecretStr(secrets.token_urlsafe(size))).get_secret_value().encode()
    return PlannedFile(file, held, secret_access(user), why, is_secret=True)


def _typed(session: Session, file: Path, user: str, why: str) -> Iterator[PlannedFile]:
    """Yield a secret that somebody else made, if it was typed or is there."""
    typed = session.secrets.get(file)
    content = typed.get_secret_value().encode() if typed else _held(file)
    if content is not None:
        yield PlannedFile(file, content, secret_access(user), why, is_secret=True)


def _tokens(session: Session) -> Iterator[PlannedFile]:
    for name in session.answers.get("api.clients", {}):
        file = token_file(session, name)
        if file in session.secrets:
            content = session.secrets[file].get_secret_value().encode()
            access = secret_access("")
            yield PlannedFile(
                file, content, access, f"token for {name}; bring it there, then delete it", is_secret=True
            )


def _keys(settings: Settings) -> Iterator[PlannedFile]:
    """Yield the worker's key pair. A pair that is there stays: passwords may wait for it."""
    workstation = settings.workstation
    if not workstation.delivers or not workstation.public_key_file or not workstation.private_key_files:
        return
    private, public = workstation.private_key_files[0], workstation.public_key_file
    held_private, held_public = _held(private), _held(public)
    if held_private is None and held_public is None:
        held_private, held_public = new_key_pair()
    why = "key that opens sealed passwords; keep a copy in a safe place"
    if held_private is not None:
        yield PlannedFile(private, held_private, secret_access(WORKER_USER), why, is_secret=True)
    if held_public is not None:
        yield PlannedFile(public, held_public, public_access(), "key that seals passwords")


def _held(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FileUnwritable(f"{file}: {error.strerror}") from None
