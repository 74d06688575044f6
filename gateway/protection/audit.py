"""The audit: one JSON object per line and event, in order of time.

It contains what an investigation needs: time, request, service, login, outcome, address. It never contains a
password, a number, a birth date or a CAPTCHA answer.
"""

from __future__ import annotations

import json
import logging
import logging.handlers
import os
import re
import stat
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from io import TextIOWrapper
from typing import Any

from gateway.settings import Audit as AuditSettings

log = logging.getLogger(__name__)

_LOGIN = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,63}")
OWNER_ONLY = 0o600
NOT_A_LOGIN = "?"
"""Replaces a typed login that cannot be one, because people type passwords into the wrong field."""
_ODD = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""Characters that JSON allows in a line, which a terminal obeys, some programs take as its end, or UTF-8 lacks."""


class _PrivateFileHandler(logging.handlers.WatchedFileHandler):
    """Writes a file that only its owner can read, whatever the umask, and a group that an administrator allows."""

    def _open(self) -> TextIOWrapper:
        return open(self.baseFilename, "a", encoding=self.encoding, errors=self.errors, opener=_open_private)


def _open_private(path: str, flags: int) -> int:
    descriptor = os.open(path, flags, OWNER_ONLY)
    found = os.fstat(descriptor)
    if stat.S_ISREG(found.st_mode) and found.st_mode & stat.S_IRWXO and found.st_uid == os.geteuid():
        # The file was made by another program, or by a former version that let everybody read it.
        os.fchmod(descriptor, stat.S_IMODE(found.st_mode) & ~stat.S_IRWXO)
    return descriptor


class Audit:
    """Writes events to standard error, a file or syslog."""

    def __init__(
        self,
        settings: AuditSettings,
        *,
        delay: bool = False,
        count: Callable[[str, str], None] = lambda service, outcome: None,
    ) -> None:
        """Open the destination.

        Raises OSError if the file cannot be written; with `delay` only the first event finds that out. `count` is
        called with service and outcome of each event.
        """
        self._count = count
        self._handler = _handler(settings, delay=delay)

    def record(self, service: str, outcome: str, *, login: str = "", **facts: Any) -> None:
        """Write one event. Empty `facts` are left out. Never raises, because a full disk must not stop a reset."""
        known = {name: value for name, value in facts.items() if value not in ("", None, {}, [])}
        try:
            self._count(service, str(outcome))
            by = {"login": as_login(login)} if login else {}
            # Time, service and outcome come first, for people who read the file.
            event = {"time": _now(), "service": service, "outcome": str(outcome), **by}
            event |= {name: value for name, value in known.items() if name not in event}
            line = _ODD.sub(_escaped, json.dumps(event, ensure_ascii=False, default=repr))
            self._handler.handle(logging.LogRecord("mamia.audit", logging.INFO, __file__, 0, line, None, None))
        except Exception as error:
            # A handler that opens its file late raises outside the part where `logging` catches exceptions.
            log.error("the audit could not record %s %s: %s", service, outcome, type(error).__name__)

    def open(self) -> None:
        """Open the file now, for commands that must not act without an audit. Raises OSError."""
        if isinstance(self._handler, logging.FileHandler):
            self._handler._open().close()

    def close(self) -> None:
        """Close the destination."""
        self._handler.close()


def _escaped(odd: re.Match[str]) -> str:
    return f"\\u{ord(odd[0]):04x}"


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


def as_login(text: str) -> str:
    """Return `text` if it can be a login, else NOT_A_LOGIN."""
    return text if _LOGIN.fullmatch(text) else NOT_A_LOGIN


def _handler(settings: AuditSettings, *, delay: bool) -> logging.Handler:
    handler: logging.Handler
    if settings.destination == "file" and settings.file:
        # It reopens the file after logrotate has moved it: no line is lost, and no signal is needed.
        handler = _PrivateFileHandler(settings.file, encoding="utf-8", delay=delay)
    elif settings.destination == "syslog":
        host, colon, port = settings.syslog.rpartition(":")
        address = (host, int(port)) if colon and port.isdigit() else settings.syslog
        handler = logging.handlers.SysLogHandler(address, facility=logging.handlers.SysLogHandler.LOG_AUTHPRIV)
        handler.ident = "mamia: "
        # journald takes a line that ends with NUL for binary data, and shows its length alone.
        handler.append_nul = False
    else:
        handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    return handler
