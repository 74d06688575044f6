"""Changes and lookups over HTTP: how many a second at 16 at once, and what HTTP adds to the bare directory.

`mamia serve` runs as an academy runs it, with two processes and Redis, on a real slapd; wrk asks. Every change is
another person's. The CAPTCHA is off and the rate limits are wide: the one is measured apart, the others would refuse.
"""

from __future__ import annotations

import http.client
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from ldap3 import SAFE_SYNC, Connection, Server

from tests.bench.figures import record
from tests.support.pending_deliveries import pending_deliveries
from tests.support.ports import free_port
from tests.support.redis_server import RedisServer
from tests.support.settings_file import write_settings_file
from tests.support.slapd_server import PASSWORD, PEOPLE, SlapdServer

CHANGE, FIND = "/modifier-mon-mot-de-passe", "/retrouver-mon-compte"
PEOPLE_COUNT = 40_000
AT_ONCE = 16
SECONDS = 12
ROUNDS = 3
PEER_CHANGES_A_SECOND, PEER_PROPAGATED_A_SECOND = 469, 37
"""PHP Self Service Password on two such cores, {SSHA}; the second with its posthook."""
WIDE = "10000000/minute"
LUA = """
local n, ok, bad = tonumber(os.getenv("FIRST")), 0, 0
function request()
  n = n + 1
  return wrk.format("POST", os.getenv("PAGE"), {["Content-Type"] = "application/x-www-form-urlencoded",
    ["Cookie"] = os.getenv("COOKIE")}, (os.getenv("BODY"):gsub("NUMBER", string.format("%06d", n))))
end
function response(status, headers)
  local to = headers["Location"] or ""
  if status == 303 and to:find(os.getenv("LEADS_TO"), 1, true) == 1 then ok = ok + 1 else bad = bad + 1 end
end
function setup(thread) the_thread = thread end
function done(summary, latency)
  print(string.format('{"ok": %d, "bad": %d, "seconds": %f, "p50": %f, "p95": %f, "n": %d}', the_thread:get("ok"),
    the_thread:get("bad"), summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(95) / 1e3,
    the_thread:get("n")))
end
"""


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="b-") as name:
        folder = Path(name)
        directory, redis = SlapdServer(folder / "slapd", max_size=1 << 29), RedisServer(folder)
        redis.start()
        try:
            hash_fast(directory)
            add_people(directory)
            (folder / "ask.lua").write_text(LUA.replace("local n, ok, bad", "n, ok, bad"))
            first = 0
            for title, peer, least, workstation in (
                ("change", PEER_CHANGES_A_SECOND, 1, {}),
                ("change, sealed for a workstation", PEER_PROPAGATED_A_SECOND, 8, pending_deliveries(folder)),
            ):
                with served(folder, directory, redis, workstation) as port:
                    rates, p95s = [], []
                    for _ in range(ROUNDS):
                        answer = ask(folder, port, CHANGE, "/resultat/", first, fields=change_body())
                        first = answer["n"]
                        rates.append(answer["ok"] / answer["seconds"])
                        p95s.append(answer["p95"])
                        assert answer["bad"] == 0, answer
                    record(f"{title}, {AT_ONCE} at once", rates, "a second")
                    record(f"{title} / the peer's {peer}", [rate / peer for rate in rates], at_least=least)
                    record(f"{title}, p95", p95s, "ms", at_most=None if workstation else 50)
                    if not workstation:
                        lookup(folder, directory, port)
        finally:
            redis.stop()
            directory.slapd.stop()


def hash_fast(directory: SlapdServer) -> None:
    """As the peer's directory: {SSHA}, where hashing costs next to nothing."""
    directory.load(
        "dn: olcDatabase={-1}frontend,cn=config\nchangetype: modify\nreplace: olcPasswordHash\n"
        "olcPasswordHash: {SSHA}\n",
        as_config=True,
    )


def add_people(directory: SlapdServer) -> None:
    """All with one password, hashed once."""
    directory.add_person("model")
    entries = []
    for number in range(PEOPLE_COUNT):
        entries.append(
            f"dn: uid=p{number:06},{PEOPLE}\nobjectClass: inetOrgPerson\nobjectClass: mamiaPerson\n"
            f"uid: p{number:06}\n"
            f"cn: P {number}\nsn: Nom{number:06}\ngivenName: Prenom\nmail: p{number:06}@ac-example.fr\n"
            f"birthDate: 19850327\nnumen: 12E{number:07}ABC\ndepartmentNumber: rectorat\nuserPassword: {PASSWORD}\n"
        )
    directory.load("\n".join(entries))


def change_body() -> dict[str, str]:
    new = "Nouveau-2025"
    return {"login": "pNUMBER", "current_password": PASSWORD, "new_password": new, "confirmation": new}


@contextmanager
def served(folder: Path, directory: SlapdServer, redis: RedisServer, workstation: dict[str, Any]) -> Iterator[int]:
    port = free_port()
    names = (
        "per_login",
        "per_login_reset",
        "per_name",
        "per_proof",
        "per_person",
        "per_address",
        "per_service",
        "overall",
    )
    limits = "\n".join(f'{name} = "{WIDE}"' for name in (*names, "misses_per_address", "misses_overall"))
    more = (
        f'[captcha]\nrequired = []\n[rate_limits]\nstore = "{redis.url}"\n{limits}\n[password]\nforbid_names = true\n'
    )
    more += '[audit]\ndestination = "file"\nfile = "' + str(folder / "audit.log") + '"\n'
    if workstation:
        target = workstation["targets"]["domain"]
        more += f'[workstation]\npublic_key_file = "{workstation["public_key_file"]}"\n[workstation.targets.domain]\n'
        more += "".join(f'{key} = "{value}"\n' for key, value in target.items())
    in_web = f"port = {port}\nsecure_cookies = false\nprocesses = 2\naccess_log = false"
    config = write_settings_file(folder, directory, in_web=in_web, more=more)
    command = [sys.executable, "-m", "gateway.cli.main", "serve", "--config", str(config)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=30)


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            line.request("GET", "/health/ready")
            if line.getresponse().status == 200:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise SystemExit("the service did not answer")


def session(port: int, page: str) -> tuple[str, str]:
    """A cookie and the token that goes with it: a browser's, used again and again."""
    line = http.client.HTTPConnection("127.0.0.1", port)
    line.request("GET", page)
    answer = line.getresponse()
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', answer.read().decode())
    assert token
    return answer.getheader("Set-Cookie", "").split(";")[0], token[1]


def ask(
    folder: Path, port: int, page: str, leads_to: str, first: int, *, at_once: int = AT_ONCE, fields: dict[str, str]
) -> dict[str, Any]:
    cookie, token = session(port, page)
    body = urlencode({**fields, "csrf_token": token})
    environment = {"FIRST": str(first), "PAGE": page, "COOKIE": cookie, "BODY": body, "LEADS_TO": leads_to}
    done = subprocess.run(
        ["wrk", "-t1", f"-c{at_once}", f"-d{SECONDS}s", "-s", folder / "ask.lua", f"http://127.0.0.1:{port}"],
        capture_output=True, text=True, check=True, env=environment,
    )  # fmt: skip
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def lookup(folder: Path, directory: SlapdServer, port: int) -> None:
    """One after the other, without the page that follows, against the bare search on a connection that is kept."""
    person = {"surname": "NomNUMBER", "given_name": "Prenom", "birth_date": "27/03/1985"}
    ratios = []
    for _ in range(ROUNDS):
        answer = ask(folder, port, FIND, f"{FIND}/suite", 0, at_once=1, fields=person)
        ratios.append(answer["p50"] / bare_search(directory))
    record("lookup, p50 of HTTP / bare ldap3 search", ratios, at_most=3)


def bare_search(directory: SlapdServer) -> float:
    """Median milliseconds of what a lookup asks."""
    line = Connection(
        Server(directory.url), f"cn=gateway,ou=services,{PEOPLE.partition(',')[2]}",
        directory.slapd.password("gateway"), client_strategy=SAFE_SYNC, check_names=False,
    )  # fmt: skip
    line.bind()
    times = []
    for number in range(1000):
        name = f"Nom{number:06}"
        filter_ = (
            f"(&(objectClass=mamiaPerson)(birthDate=19850327)(|(sn={name})(patronymicName={name}))(givenName=Prenom))"
        )
        started = time.perf_counter()
        found = line.search(
            PEOPLE, filter_, attributes=["uid", "sn", "patronymicName", "givenName", "mail", "pwdReset"]
        )
        times.append(1000 * (time.perf_counter() - started))
        assert len(found[2]) == 1
    line.unbind()
    return statistics.median(times)


if __name__ == "__main__":
    main()
