"""Changes that also reach a Windows domain, in turn: this service with its worker, the peer with its posthook.

    PEER=folder ROUNDS=5 PROPAGATED=60 python -m tests.bench.propagated
All write to one Samba AD over LDAPS. The peer does it while the person waits: once with the script that it is shipped
with, once with a posthook of five lines around ldapmodify. Here the worker does it afterwards. A round ends when the
domain has all passwords. It needs root.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import ldap

from gateway.demo.private_samba import PEOPLE as DOMAIN_PEOPLE
from gateway.demo.private_samba import REALM, SERVICE, PrivateSamba
from tests.bench.burst import burst
from tests.bench.crowd import NEW, login
from tests.bench.figures import record, record_rounds
from tests.bench.load import Request
from tests.bench.peer import RATE_LIMIT, RELEASE, Peer, change
from tests.bench.propagation import binds
from tests.bench.rounds import PEER, ROUNDS, THIS, Contender, Load, Round, in_turn
from tests.bench.scene import Scene, scene
from tests.bench.served import served
from tests.bench.services import AT_ONCE, with_slapd
from tests.support.ports import free_address
from tests.support.slapd_server import PEOPLE
from tests.support.worker_process import WorkerProcess
from tests.support.workstation_settings import worker_section

CHANGES = int(os.environ.get("PROPAGATED", "60"))
"""In a round: the domain takes about 25 a second."""
WARM_UP = 4
PATIENCE_SECONDS = 300
OLD = "Depart-Pw-2024!"
"""In the domain."""
SHIPPED, SHORT = f"{PEER}, its script", f"{PEER}, short script"
SHIPPED_SETTINGS = """
$posthook = "php @FOLDER@/release/scripts/multi_ldap_change.php";
$posthook_password_encodebase64 = true;
$secondaries_ldap[0] = ["ldap_url" => "@DOMAIN_URL@", "ldap_binddn" => "@DOMAIN_ACCOUNT@",
  "ldap_bindpw" => '@DOMAIN_SECRET@', "ldap_base" => "@DOMAIN_PEOPLE@", "ldap_login_attribute" => "sAMAccountName",
  "ldap_filter" => "(&(objectClass=user)(sAMAccountName={login}))", "ldap_type" => "activedirectory"];
ldap_set_option(null, LDAP_OPT_X_TLS_CACERTFILE, "@AUTHORITY@");
// The script of 1.8.0 uses this name and never sets it; without it it stops before it writes.
if (PHP_SAPI === "cli") {
  require_once __DIR__ . "/../vendor/autoload.php";
  $directory = new \\Ltb\\Directory\\ActiveDirectory();
}
"""
SHORT_SETTINGS = '$posthook = "@FOLDER@/posthook";'
SHORT_SCRIPT = """#!/bin/sh
printf 'dn: CN=%s,@DOMAIN_PEOPLE@\\nchangetype: modify\\nreplace: unicodePwd\\nunicodePwd:: %s\\n' \\
  "$1" "$(printf '"%s"' "$2" | iconv -t utf-16le | base64 -w 0)" |
  LDAPTLS_CACERT=@AUTHORITY@ exec ldapmodify -x -H @DOMAIN_URL@ -D @DOMAIN_ACCOUNT@ -y @AUTHORITY@.password
"""


def main() -> None:
    sides = 3 if RELEASE else 1
    count = sides * (WARM_UP + ROUNDS * CHANGES)
    with scene(count, is_quick=True) as ground, ExitStack() as stack:
        domain = PrivateSamba(ground.folder / "dc", free_address())
        domain.create()
        domain.start()
        stack.callback(domain.stop)
        domain.add_people([login(number) for number in range(count)], OLD)
        contenders = [this_service(stack, ground, domain)]
        if RELEASE:
            filled = domain_words(ground, domain)
            for who, settings, script in ((SHIPPED, SHIPPED_SETTINGS, ""), (SHORT, SHORT_SETTINGS, SHORT_SCRIPT)):
                contenders.append(peer(stack, ground, domain, who, fill(settings, filled), fill(script, filled)))
        measured = in_turn(contenders, CHANGES, WARM_UP, after=partial(verify, ground, domain))
    tell(measured)


def this_service(stack: ExitStack, ground: Scene, domain: PrivateSamba) -> Contender:
    folder = ground.subfolder("this")
    sections = f"""
{worker_section(folder, ground.directory)}
[workstation.targets.domain]
type = "active_directory"
servers = ["{domain.url}"]
ca_file = "{domain.authority}"
bind_dn = "{SERVICE}@{REALM.lower()}"
bind_password_file = "{domain.password_file(SERVICE)}"
base = "{DOMAIN_PEOPLE}"
"""
    service = stack.enter_context(served(folder, ground.directory, ground.redis, sections))
    worker = WorkerProcess(service.front_end.config, folder / "worker.log")
    worker.start()
    stack.callback(worker.stop)

    def run(count: int) -> Load:
        return changed(ground, domain, service.port, service.change(), count)

    return Contender(THIS, {**service.processes, "worker": worker.pid, **samba(domain)}, run)


def domain_words(ground: Scene, domain: PrivateSamba) -> dict[str, str]:
    """What the peer's posthooks need to know about the domain."""
    # The peer does not run as root, so it can't read the domain's folder.
    authority = Path(shutil.copy(domain.authority, ground.subfolder("authority")))
    password = Path(shutil.copy(domain.password_file(SERVICE), f"{authority}.password"))
    for file in (authority, password):
        file.chmod(0o644)
    return {
        "DOMAIN_URL": domain.url, "DOMAIN_ACCOUNT": f"{SERVICE}@{REALM.lower()}",
        "DOMAIN_SECRET": domain.password(SERVICE), "DOMAIN_PEOPLE": DOMAIN_PEOPLE, "AUTHORITY": str(authority),
    }  # fmt: skip


def fill(text: str, words: Mapping[str, str]) -> str:
    for word, value in words.items():
        text = text.replace(f"@{word}@", value)
    return text


def peer(stack: ExitStack, ground: Scene, domain: PrivateSamba, who: str, settings: str, script: str) -> Contender:
    assert RELEASE
    product = Peer(
        RELEASE,
        ground.folder / who.replace(", ", "-").replace(" ", "-"),
        ground.directory,
        RATE_LIMIT + settings,
        script,
    )
    stack.callback(product.stop)
    product.start()

    def run(count: int) -> Load:
        product.empty_limits()
        return changed(ground, domain, product.port, change(), count)

    return Contender(who, {**with_slapd(ground, product), **samba(domain)}, run)


def samba(domain: PrivateSamba) -> dict[str, int]:
    return {"samba": min(domain.processes())}


def changed(ground: Scene, domain: PrivateSamba, port: int, request: Request, count: int) -> Load:
    """Returns when nothing waits any more."""
    first = ground.crowd.take(count)
    load = burst(port, request, first, count, min(AT_ONCE, count))
    wait_until_delivered(ground)
    ground.crowd.confirmed(first, first + count)
    return load


def verify(ground: Scene, domain: PrivateSamba) -> None:
    """The directory and the domain have the new passwords."""
    for people in ground.crowd.verify():
        for number in (people[0], people[-1]):
            if not binds(domain, login(number), NEW):
                raise SystemExit(f"the domain has not the new password of {login(number)}")


def wait_until_delivered(ground: Scene) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    with ground.directory.as_admin() as line:
        while line.search_s(PEOPLE, ldap.SCOPE_ONELEVEL, "(mamiaPendingSecret=*)", ["1.1"]):
            if time.monotonic() > deadline:
                raise SystemExit("the worker does not deliver: see its log")
            time.sleep(0.25)


def tell(measured: dict[str, list[Round]]) -> None:
    what = f"change with propagation, {AT_ONCE} at once"
    for who in (THIS, SHIPPED, SHORT):
        record_rounds(what, who, measured.get(who, []))
    own = [round_.cpu["web"] + round_.cpu["worker"] for round_ in measured[THIS]]
    record("change with propagation: processor time of web tier and worker", own, "ms")
    for who in (SHORT, SHIPPED):
        if who in measured:
            theirs = [round_.cpu["php-fpm"] + round_.cpu["nginx"] for round_ in measured[who]]
            ratios = [mine / other for mine, other in zip(own, theirs, strict=True)]
            record(f"change with propagation: processor time / {who}", ratios, at_most=0.4)


if __name__ == "__main__":
    main()
