"""Settings that follow from the answers, so that nobody is asked for them: accounts, files of secrets, folders."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gateway.settings import Events
from gateway.setup.answers import host_of
from gateway.setup.layout import parent_of
from gateway.setup.parts import chosen_parts, parts_on
from gateway.setup.paths import Paths
from gateway.setup.session import Session


def derive(session: Session) -> None:
    """Set every setting that follows from the answers and has no value yet."""
    answers = session.answers
    _set(session, _derived(session, session.paths))
    if not answers.get("notifications.smtp_host"):
        answers.set("notifications.smtp_host", None)
        if not answers.get("notifications"):
            answers.set("notifications", None)
    for key in ("directory.ca_file", session.target_key("ca_file"), "api", "workstation"):
        if answers.has(key) and answers.get(key) in ({}, None, ""):
            answers.set(key, None)


def derive_mails(session: Session) -> None:
    """Set what mails need besides their answers."""
    _set(session, _of_mails(session, session.paths))


def derive_parts(session: Session) -> None:
    """Set what the chosen parts need besides their answers: accounts, files of secrets, folders, names."""
    _set(session, _of_parts(session, session.paths))


def _set(session: Session, values: Iterator[tuple[str, Any]]) -> None:
    for key, value in values:
        if not session.answers.has(key):
            session.answers.set(key, value)


def _derived(session: Session, paths: Paths) -> Iterator[tuple[str, Any]]:
    services = f"ou=services,{session.suffix}"
    yield "directory.bind_dn", f"cn=gateway,{services}"
    if not session.answers.has("directory.bind_password"):
        yield "directory.bind_password_file", str(paths.folder / "gateway.password")
    yield "directory.decoy_dn", f"cn=decoy,{services}"
    for key, value in session.proposals.items():
        if key.partition(".")[0] in ("lockout", "password") or key == "directory.default_policy":
            yield key, value
    if not session.answers.has("web.secret_keys"):
        yield "web.secret_keys_file", str(paths.folder / "secret_keys")
    yield from _of_workstation(session, paths, services)
    if session.answers.get("capture.socket") and not session.answers.get("capture.answer_only"):
        [url] = session.proposals.get("directory.servers", [paths.ldapi_url])
        yield "capture.server", url if url.startswith("ldapi:") else paths.ldapi_url
        yield "capture.bind_dn", f"cn=capture,{services}"
        yield "capture.bind_password_file", str(paths.folder / "capture.password")
    yield from _of_mails(session, paths)


def _of_mails(session: Session, paths: Paths) -> Iterator[tuple[str, Any]]:
    if session.answers.get("notifications.smtp_host"):
        yield "notifications.spool", str(paths.spool)
    if session.answers.get("notifications.smtp_user"):
        yield "notifications.smtp_password_file", str(paths.folder / "smtp.password")


def _of_parts(session: Session, paths: Paths) -> Iterator[tuple[str, Any]]:
    answers, parts = session.answers, chosen_parts(session)
    # Beside the web service's account, wherever an administrator has put that.
    services = parent_of(str(answers.get("directory.bind_dn", ""))) or f"ou=services,{session.suffix}"
    if "helpdesk" in parts:
        yield "helpdesk.bind_dn", f"cn=helpdesk,{services}"
        settings = answers.draft()
        if settings is None or not settings.helpdesk.bind_password:
            yield "helpdesk.bind_password_file", str(paths.folder / "helpdesk.password")
    if "reminders" in parts:
        yield "reminders.bind_dn", f"cn=reminders,{services}"
        yield "reminders.bind_password_file", str(paths.folder / "reminders.password")
    if answers.has_passkeys and (host := host_of(answers.get("recovery.origin", ""))):
        # A corrected address corrects the name; passkeys that people have are for the name in mamia.toml.
        if not session.standing.has("recovery.rp_id") and not _is_within(host, answers.get("recovery.rp_id", "")):
            answers.set("recovery.rp_id", None)
        yield "recovery.rp_id", host
    if "webhooks" in parts:
        yield "webhooks.secret_file", str(paths.folder / "webhook.secret")
        yield "webhooks.spool", str(paths.webhook_spool)
    if "events" in parts and "events" not in parts_on(answers):
        answers.set("events.keep_days", Events().keep_days)


def _is_within(host: str, domain: str) -> bool:
    return host == domain or host.endswith(f".{domain}")


def _of_workstation(session: Session, paths: Paths, services: str) -> Iterator[tuple[str, Any]]:
    kinds = {name: one.get("type") for name, one in session.answers.get("workstation.targets", {}).items()}
    if not any(kind != "samba_nt" for kind in kinds.values()):
        return
    yield "workstation.public_key_file", str(paths.folder / "worker.pub")
    yield "workstation.private_key_files", [str(paths.folder / "worker.key")]
    yield "workstation.bind_dn", f"cn=sync,{services}"
    yield "workstation.bind_password_file", str(paths.folder / "sync.password")
    yield "workstation.state_folder", str(paths.worker_state)
    for name, kind in kinds.items():
        if kind == "active_directory":
            file = "domain.password" if name == session.target else f"{name}.password"
            yield f"workstation.targets.{name}.bind_password_file", str(paths.folder / file)
