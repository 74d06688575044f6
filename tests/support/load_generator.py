"""People who use the services over and over, through whichever front end answers."""

from __future__ import annotations

import itertools
import re
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import requests
from urllib3.exceptions import MaxRetryError, NewConnectionError

from tests.support.browser import CHANGE, FIND, RESET
from tests.support.kdc_server import KdcServer
from tests.support.serve_process import fields_of
from tests.support.settings_file import write_settings_file
from tests.support.slapd_server import PASSWORD, SUFFIX, SlapdServer

RESULT = "/resultat/"
"""To where a form leads whose password was saved; all others lead to a next step, or to why nothing was done."""
MARK = "Toujours-Neuf-"
"""With which every new password begins."""
WIDE = "10000000/minute"
LIMITS = (
    "per_login",
    "per_login_reset",
    "per_proof",
    "per_person",
    "per_name",
    "per_address",
    "per_service",
    "overall",
    "without_work_per_address",
    "without_work_overall",
    "misses_per_address",
    "misses_overall",
)


def write_shared_settings(
    folder: Path, port: int, directory: SlapdServer, servers: list[str], store: str, kdc: KdcServer
) -> Path:
    """Settings of a front end on `port` and of a worker; both keys of the pair are in `folder` already.

    All of them share keys, store, directory servers and realm. Rate limits are wide and the CAPTCHA is off.
    """
    (folder / "sync").write_text(directory.slapd.password("sync"))
    own = folder / str(port)
    own.mkdir()
    limits = "\n".join(f'{name} = "{WIDE}"' for name in LIMITS)
    more = f"""
[captcha]
required = []
[rate_limits]
store = "{store}"
{limits}
[audit]
destination = "file"
file = "{own}/audit.log"
[workstation]
public_key_file = "{folder}/worker.pub"
private_key_files = ["{folder}/worker.key"]
bind_dn = "cn=sync,ou=services,{SUFFIX}"
bind_password_file = "{folder}/sync"
lease_seconds = 2
poll_seconds = 0.1
{kdc.target}"""
    in_web = f"port = {port}\nsecure_cookies = false\nprocesses = 2"
    return write_settings_file(own, directory, servers=servers, in_web=in_web, more=more)


class FrontEnd(Protocol):
    """What people send their requests to."""

    @property
    def address(self) -> str: ...
    @property
    def dying(self) -> tuple[float, float] | None:
        """From when to when on the monotonic clock it was being killed."""


@dataclass
class Failure:
    """A request without the answer it should have, from when to when, and at which front end."""

    began: float
    ended: float
    front_end: FrontEnd
    what: str
    status: int = 0
    """Of the answer; 0 where there was none."""
    after: Failure | None = None
    """The person's failure before it, where nothing was saved in between."""
    last_saved: float = 0
    """When the person's password had been saved last."""


@dataclass
class Refused(Exception):
    failure: Failure


@dataclass
class Balancer:
    """As a reverse proxy does it: in turn, and to the next one only where the connection was refused."""

    front_ends: Sequence[FrontEnd]
    verify: bool | str = True
    """Or the file of the certificate authority that is trusted."""
    sent: int = 0
    failures: list[Failure] = field(default_factory=list)
    _turns: itertools.count[int] = field(default_factory=itertools.count)

    def send(
        self,
        session: requests.Session,
        path: str,
        data: dict[str, str] | None,
        expected: str | int,
        form_began: float | None = None,
    ) -> str:
        """The page's text. Raises Refused when it is not the one that was expected.

        A page after a form tells what the form met, so its failure began with the form, at `form_began`.
        """
        turn = next(self._turns)
        for number in range(len(self.front_ends)):
            front_end = self.front_ends[(turn + number) % len(self.front_ends)]
            began = form_began or time.monotonic()
            try:
                answer = session.request(
                    "POST" if data else "GET", front_end.address + path, data=data, allow_redirects=False, timeout=60,
                    verify=self.verify,
                )  # fmt: skip
            except requests.RequestException as error:
                if _was_never_sent(error):
                    continue
                return self._failed(Failure(began, time.monotonic(), front_end, f"{path}: {error}"))
            self.sent += 1
            to = answer.headers.get("Location", "")
            if answer.status_code == 303 and not to.startswith(RESULT):
                return self.send(session, to, None, expected, began)
            if answer.status_code == expected or (isinstance(expected, str) and expected in answer.text):
                return answer.text
            what = f"{path}: {answer.status_code} {said(answer.text)}"
            return self._failed(Failure(began, time.monotonic(), front_end, what, answer.status_code))
        raise AssertionError("no front end takes connections")

    def _failed(self, failure: Failure) -> str:
        self.failures.append(failure)
        raise Refused(failure)


def said(page: str) -> str:
    """The words of its main part."""
    main = re.sub(r"<[^>]+>", " ", page.partition("<main")[2].partition("</main>")[0] or page)
    return re.sub(r"\s+", " ", main)[:1500]


def _was_never_sent(error: requests.RequestException) -> bool:
    cause = error.args[0] if error.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)


@dataclass
class Person:
    """Somebody who finds the account, changes the password and resets it, over and over."""

    login: str
    surname: str
    numen: str
    balancer: Balancer
    password: str = PASSWORD
    tried: str = ""
    """The new password that was sent last."""
    changes: int = 0
    saved_at: float = 0
    """When the newest of them was confirmed, on the monotonic clock."""
    _number: itertools.count[int] = field(default_factory=itertools.count)

    def change_once(self) -> str:
        """The new password, if the change was confirmed; else empty, and nobody knows."""
        session = requests.Session()
        session.headers["Connection"] = "close"
        try:
            self._change(session)
        except Refused:
            return ""
        return self.password

    def live(self, over: threading.Event) -> None:
        failed: Failure | None = None
        while not over.is_set():
            session = requests.Session()
            session.headers["Connection"] = "close"
            try:
                self._find(session)
                if failed is None:
                    self._change(session)
                self._reset(session)
                failed = None
            except Refused as refused:
                refused.failure.after, failed = failed, refused.failure
                failed.last_saved = self.saved_at

    def _find(self, session: requests.Session) -> None:
        token = self._open(session, FIND)
        typed = {"surname": self.surname, "given_name": "François", "birth_date": "27/03/1985"}
        self.balancer.send(session, FIND, {"csrf_token": token, **typed}, self.login)

    def _change(self, session: requests.Session) -> None:
        token, new = self._open(session, CHANGE), self._new()
        typed = {"login": self.login, "current_password": self.password, "new_password": new, "confirmation": new}
        self.balancer.send(session, CHANGE, {"csrf_token": token, **typed}, 303)
        self._has(new)

    def _reset(self, session: requests.Session) -> None:
        token, new = self._open(session, RESET), self._new()
        typed = {"login": self.login, "proof": self.numen, "birth_date": "27/03/1985"}
        page = self.balancer.send(session, RESET, {"csrf_token": token, **typed}, 'name="new_password"')
        self.balancer.send(session, RESET, {**fields_of(page), "new_password": new, "confirmation": new}, 303)
        self._has(new)

    def _open(self, session: requests.Session, path: str) -> str:
        return fields_of(self.balancer.send(session, path, None, 200))["csrf_token"]

    def _new(self) -> str:
        self.tried = f"{MARK}{next(self._number):04}"
        return self.tried

    def _has(self, new: str) -> None:
        self.password = new
        self.saved_at = time.monotonic()
        self.changes += 1
