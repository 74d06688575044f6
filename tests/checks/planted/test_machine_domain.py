"""Mistakes with a Windows domain, each planted in a real domain controller."""

from __future__ import annotations

import time
from contextlib import ExitStack, suppress
from types import SimpleNamespace

import pytest
from ldap3 import MODIFY_REPLACE

from gateway.account.errors import DirectoryUnavailable
from gateway.checks.finding import Level
from gateway.checks.workstations import check_workstations
from gateway.composition.rules import password_rules
from gateway.demo.private_samba import BASE, HOST, PEOPLE, REALM, SERVICE
from gateway.ldap import bound_connection, modify
from gateway.protection.seal import make_key_pair
from gateway.targets import active_directory
from gateway.tls import verifying_context
from tests.support.certificates import make_certificates
from tests.support.planted_machine import PlantedMachine, open_folder
from tests.support.planted_mistakes import Mistake, problems, prove
from tests.support.ports import free_port
from tests.support.site_certificates import make_chain
from tests.support.tls_proxy import tls_proxy

pytestmark = pytest.mark.xdist_group("samba_ad")
SUBJECT = "workstation.targets.domain"
ACCOUNT = f"CN={SERVICE},OU=Service,{BASE}"


class PlantedDomain(PlantedMachine):
    def __init__(self, folder, dc):
        self.dc = dc
        keys = folder / "keys"
        keys.mkdir()
        make_key_pair(keys / "worker.key", keys / "worker.pub")
        (keys / "sync").write_text("secret")
        self.target = {
            "type": "active_directory",
            "servers": [dc.url],
            "ca_file": dc.authority,
            "bind_dn": f"{SERVICE}@{REALM.lower()}",
            "bind_password_file": dc.password_file(SERVICE),
            "base": PEOPLE,
            "connect_timeout_seconds": 20,
            "receive_timeout_seconds": 20,
            "rules": {"min_length": 8, "complexity": True},
        }
        workstation = {
            "targets": {"domain": self.target},
            "public_key_file": keys / "worker.pub",
            "bind_password_file": keys / "sync",
        }
        (folder / "machine").mkdir()
        super().__init__(folder / "machine", workstation=workstation, password={"history": 3})

    def domain(self, **values):
        self.set("workstation", targets={"domain": {**self.target, **values}})

    def account(self, **values):
        """Write attributes of the service account, as the domain's administrator."""
        administrator, tls = f"Administrator@{REALM.lower()}", verifying_context(self.dc.authority)
        password = self.dc.password("Administrator")
        with bound_connection(self.dc.url, administrator, password, tls=tls) as connection:
            changes = {name: [(MODIFY_REPLACE, [value])] for name, value in values.items()}
            assert modify(connection, ACCOUNT, changes)["result"] == 0

    def behind(self, made, **values):
        """The domain shows this certificate, under the name localhost."""
        stack = ExitStack()
        port = stack.enter_context(tls_proxy(made, 636, self.dc.ip, onwards="tls"))
        self.later(stack.close)
        self.domain(servers=[f"ldaps://localhost:{port}"], ca_file=made.authority, **values)

    def clock(self, seconds):
        ahead = SimpleNamespace(time=lambda: time.time() + seconds)
        self.environment.setattr(active_directory, "time", ahead)


def target(place):
    settings = place.settings
    return check_workstations(settings, password_rules(settings), 60)


def disabled(place):
    place.dc.tool("user", "disable", SERVICE)
    place.later(lambda: place.dc.tool("user", "enable", SERVICE))


def expired(place):
    place.account(accountExpires=b"127818648000000000")
    place.later(lambda: place.account(accountExpires=b"0"))


def locked(place):
    """By what locks an account in life: wrong passwords."""
    tool = place.dc.tool
    tool("domain", "passwordsettings", "set", "--account-lockout-threshold=3")
    place.later(lambda: tool("domain", "passwordsettings", "set", "--account-lockout-threshold=0"))
    for _ in range(4):
        with suppress(DirectoryUnavailable):
            stack = ExitStack()
            tls = verifying_context(place.dc.authority)
            stack.enter_context(bound_connection(place.dc.url, place.target["bind_dn"], "wrong", tls=tls))


def bind_mistake(name, plant, message, hint, fix):
    return Mistake(
        name=name, plant=plant, subject=SUBJECT, message=[message], hint=[SERVICE, hint], fix=fix, check=target
    )


MISTAKES = (
    Mistake(
        name="stopped",
        plant=lambda place: place.domain(servers=[f"ldaps://127.0.0.1:{free_port()}"]),
        subject=SUBJECT,
        message=["refused"],
        hint=["start the server there, or correct servers", "passwords wait"],
        fix=lambda place: place.domain(),
        check=target,
    ),
    Mistake(
        name="server unknown",
        plant=lambda place: place.domain(servers=["ldaps://dc.invalid"]),
        subject=SUBJECT,
        hint=["correct the name in servers"],
        fix=lambda place: place.domain(),
        check=target,
    ),
    Mistake(
        name="port without TLS",
        plant=lambda place: place.domain(servers=[f"ldaps://{place.dc.ip}:389"]),
        subject=SUBJECT,
        hint=["at which it speaks TLS in servers"],
        fix=lambda place: place.domain(),
        check=target,
    ),
    bind_mistake(
        "password wrong",
        lambda place: place.domain(bind_password_file=place.file("password", "another")),
        "the name or the password is wrong",
        "bind_password_file",
        lambda place: place.file("password", place.dc.password(SERVICE)),
    ),
    bind_mistake(
        "account disabled",
        disabled,
        "it is disabled",
        "enable it",
        lambda place: place.dc.tool("user", "enable", SERVICE),
    ),
    bind_mistake(
        "account expired",
        expired,
        "it has expired",
        "setexpiry --noexpiry",
        lambda place: place.dc.tool("user", "setexpiry", SERVICE, "--noexpiry"),
    ),
    bind_mistake(
        "account locked",
        locked,
        "it is locked",
        "samba-tool user unlock",
        lambda place: place.dc.tool("user", "unlock", SERVICE),
    ),
    Mistake(
        name="no right",
        plant=lambda place: place.domain(base=f"CN=Users,{BASE}"),
        subject=SUBJECT,
        message=["the right to reset this password is missing"],
        hint=["delegate"],
        fix=lambda place: place.domain(),
        check=target,
    ),
    Mistake(
        name="base missing",
        plant=lambda place: place.domain(base=f"OU=Nowhere,{BASE}"),
        subject=SUBJECT,
        message=["does not exist in the domain"],
        hint=[f"it must end in {BASE}"],
        fix=lambda place: place.domain(),
        check=target,
    ),
    Mistake(
        name="base in another domain",
        plant=lambda place: place.domain(base="OU=People,DC=other,DC=test"),
        subject=SUBJECT,
        message=["does not exist in the domain"],
        hint=[f"it must end in {BASE}"],
        fix=lambda place: place.domain(),
        check=target,
    ),
    Mistake(
        name="nobody below the base",
        plant=lambda place: place.domain(base=f"OU=Domain Controllers,{BASE}"),
        level=Level.WARN,
        subject=SUBJECT,
        message=["nobody is found"],
        hint=["correct base"],
        fix=lambda place: place.domain(),
        check=target,
    ),
    Mistake(
        name="filter that matches nobody",
        plant=lambda place: place.domain(filter="(&(objectClass=user)(employeeNumber={login}))"),
        subject=SUBJECT,
        message=["finds nobody"],
        hint=["(sAMAccountName={login})"],
        fix=lambda place: place.domain(filter="(&(objectClass=user)(sAMAccountName={login}))"),
        check=target,
    ),
    Mistake(
        name="filter that matches everybody",
        plant=lambda place: place.domain(filter="(|(objectClass=user)(sAMAccountName={login}))"),
        subject=SUBJECT,
        message=["for a login that nobody has"],
        hint=["(sAMAccountName={login})"],
        fix=lambda place: place.domain(filter="(&(objectClass=user)(sAMAccountName={login}))"),
        check=target,
    ),
    Mistake(
        name="authority unknown",
        plant=lambda place: place.domain(ca_file=make_certificates(place.made("tls"), HOST).authority),
        subject=SUBJECT,
        message=["certificate is refused"],
        hint=["ca_file must hold the domain's authority"],
        fix=lambda place: place.domain(),
        check=target,
    ),
    Mistake(
        name="certificate expired",
        plant=lambda place: place.behind(make_chain(place.made("tls"), "localhost", days=-1), tls_strict=False),
        subject=SUBJECT,
        message=["certificate has expired"],
        hint=["renew the certificate"],
        fix=lambda place: place.behind(make_certificates(place.made("new"), "localhost")),
        check=target,
    ),
    Mistake(
        name="certificate for another name",
        plant=lambda place: place.behind(make_certificates(place.made("tls"), "dc.autre.test")),
        subject=SUBJECT,
        message=["mismatch"],
        hint=["subjectAltName"],
        fix=lambda place: place.behind(make_certificates(place.made("new"), "localhost")),
        check=target,
    ),
    Mistake(
        name="clocks apart",
        plant=lambda place: place.clock(-1200),
        level=Level.WARN,
        subject=SUBJECT,
        message=["its clock is 20 minutes ahead of"],
        hint=["synchronise both"],
        fix=lambda place: place.clock(0),
        check=target,
    ),
    Mistake(
        name="laxer rules on the pages",
        plant=lambda place: (place.domain(rules={}), place.set("password", min_length=6)),
        level=Level.WARN,
        subject=f"rules of {SUBJECT}",
        message=["asks 8 characters"],
        hint=["min_length = 8"],
        fix=lambda place: place.domain(rules={"min_length": 8}),
        check=target,
    ),
)


@pytest.fixture(scope="module")
def folder():
    with open_folder() as made:
        yield made


@pytest.fixture(scope="module")
def place(folder, domain_controller):
    if not domain_controller.is_running:
        domain_controller.start()
    domain_controller.add_people(["planted1"], "Ancien-Pw-2024!")
    return PlantedDomain(folder, domain_controller)


def test_when_nothing_is_wrong_then_nothing_is_found(place):
    assert problems(target(place)) == []


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
def test_when_a_mistake_is_made_then_it_is_found_and_the_hint_names_the_fix(place, mistake):
    prove(mistake, place)
