"""Can answer times of a reset tell who has a code of the helpdesk, or a passkey? Pairs of refusals over HTTP.

python -m tests.bench.uniform_recovery [pairs]
"""

from __future__ import annotations

import json
import random
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import requests

from gateway.account.recovery import RecoveryKind, RecoveryMethod
from gateway.account.reset_code import CodeHashes, new_code, read_code
from gateway.protection.passkeys import Passkeys
from gateway.protection.recovery_seal import RecoverySeals
from tests.bench.uniform import LIMITS, WIDE, proof, report
from tests.support.answer_times import times_of
from tests.support.browser import RESET
from tests.support.recovery_values import put
from tests.support.serve_process import ServeProcess
from tests.support.settings_file import write_settings_file
from tests.support.slapd_server import SUFFIX, SlapdServer
from tests.support.software_passkey import SoftwarePasskey

PAIRS = int(sys.argv[1]) if len(sys.argv) > 1 else 300
KEY = "0123456789abcdefghijklmnopqrstuvwxyz"
"""That of `write_settings_file`."""
SITE = ("localhost", "http://localhost")
BORN, OTHER_DAY = "27/03/1985", "28/03/1985"
CODE = "K7PRD2MX9Q"
"""The code of those who have one."""


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="b-") as name:
        folder = Path(name)
        directory = SlapdServer(folder / "slapd")
        try:
            passkeys = prepare(directory)
            with served(folder, directory) as port:
                measure_codes(port)
                measure_passkeys(port, passkeys)
        finally:
            directory.slapd.stop()


def prepare(directory: SlapdServer) -> dict[str, SoftwarePasskey]:
    """People with and without a code and a passkey; of each login the passkey that answers for it."""
    now = datetime.now(UTC)
    for login in ("none", "open", "expired", "rests", "theirs"):
        directory.add_person(login)
    for login, hours in (("open", 1), ("expired", -1)):
        hashed = CodeHashes([KEY]).of_code(uuid_of(directory, login), read_code(CODE))[0]
        put(directory, login, [hashed.encode()], "mamiaResetCode")
        put(directory, login, [f"{now + timedelta(hours=hours):%Y%m%d%H%M%S}Z".encode()], "mamiaResetCodeUntil")
    answering = {login: SoftwarePasskey(counter=0) for login in ("unknown", "none", "rests", "theirs")}
    register(directory, "rests", answering["rests"], now)
    register(directory, "theirs", SoftwarePasskey(counter=0), now - timedelta(days=9))
    return answering


def uuid_of(directory: SlapdServer, login: str) -> str:
    [uuid] = directory.read(login)["entryUUID"]
    return str(uuid)


def register(directory: SlapdServer, login: str, passkey: SoftwarePasskey, added_at: datetime) -> None:
    """Let somebody have added a passkey then."""
    site, uuid = Passkeys(SITE[0], "Académie", SITE[1]), uuid_of(directory, login)
    challenge = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    made = site.created(passkey.made(site.creation(challenge, login, uuid, [])), challenge)
    assert made
    method = RecoveryMethod(
        "aa", RecoveryKind.PASSKEY, "", added_at, credential=made.credential, public_key=made.public_key
    )
    put(directory, login, [RecoverySeals([KEY]).seal(method, uuid)])


@contextmanager
def served(folder: Path, directory: SlapdServer) -> Iterator[int]:
    limits = "\n".join(f'{name} = "{WIDE}"' for name in LIMITS)
    password = folder / "helpdesk.password"
    password.write_text(directory.slapd.password("helpdesk"))
    password.chmod(0o600)
    more = f"""
[captcha]
required = []
[rate_limits]
{limits}
[helpdesk]
bind_dn = "cn=helpdesk,ou=services,{SUFFIX}"
bind_password_file = "{password}"
[recovery]
methods = ["passkey"]
rp_id = "{SITE[0]}"
origin = "{SITE[1]}"
[audit]
destination = "file"
file = "{folder}/audit.log"
"""
    front_end = ServeProcess.on_a_free_port(
        lambda port: write_settings_file(
            folder, directory, in_web=f"port = {port}\nsecure_cookies = false\naccess_log = false", more=more
        )
    )
    front_end.start()
    try:
        yield front_end.port
    finally:
        front_end.stop()


def measure_codes(port: int) -> None:
    kinds = {
        "unknown login": ("unknown", BORN, None),
        "no code": ("none", BORN, None),
        "another code": ("open", BORN, None),
        "the code, another birth date": ("open", OTHER_DAY, CODE),
        "the code, expired": ("expired", BORN, CODE),
    }
    jobs = [
        (kind, proof(login, code or new_code().reveal(), birth_date))
        for kind, (login, birth_date, code) in kinds.items()
        for _ in range(PAIRS)
    ]
    random.Random(1).shuffle(jobs)
    report("reset by code, one at a time", times_of(port, RESET, jobs, at_once=1))


def measure_passkeys(port: int, answering: dict[str, SoftwarePasskey]) -> None:
    kinds = {"unknown": "unknown login", "none": "no passkey", "theirs": "another passkey", "rests": "at rest"}
    times: dict[str, list[float]] = {kind: [] for kind in kinds.values()}
    logins = list(kinds) * PAIRS
    random.Random(1).shuffle(logins)
    with requests.Session() as session:
        for login in logins:
            times[kinds[login]].append(refused(session, f"http://127.0.0.1:{port}", login, answering[login]))
    report("reset by passkey, one at a time", times)


def refused(session: requests.Session, site: str, login: str, passkey: SoftwarePasskey) -> float:
    """Seconds until the answer to a passkey came."""
    page = session.get(site + RESET).text
    question = re.search(r'id="passkey-get">(.*?)</script>', page, re.DOTALL)
    assert question
    sealed = {name: found[1] for name in ("csrf_token", "question") if (found := value_of(name, page))}
    fields = {**sealed, "login": login, "answer": passkey.proved(json.loads(unescape(question[1])))}
    started = time.perf_counter()
    answer = session.post(site + RESET, data=fields, allow_redirects=False)
    taken = time.perf_counter() - started
    after = session.get(site + answer.headers["Location"])
    assert after.status_code == 422, after.status_code
    return taken


def value_of(name: str, page: str) -> re.Match[str] | None:
    return re.search(rf'name="{name}"[^>]*value="([^"]+)"', page)


if __name__ == "__main__":
    main()
