"""Mistakes with a Kerberos realm, each planted in a real one."""

from __future__ import annotations

import pytest

from gateway.account.policy import PasswordRules
from gateway.checks.finding import Level
from gateway.checks.workstations import check_workstations
from gateway.composition.rules import password_rules
from gateway.protection.seal import make_key_pair
from tests.support.kdc_server import ADMIN, REALM
from tests.support.planted_machine import PlantedMachine, open_folder
from tests.support.planted_mistakes import Mistake, prove
from tests.support.ports import free_port

pytestmark = pytest.mark.xdist_group("kerberos")
SUBJECT = "workstation.targets.realm"


class PlantedRealm(PlantedMachine):
    def __init__(self, folder, kdc):
        self.kdc = kdc
        keys = folder / "keys"
        keys.mkdir()
        make_key_pair(keys / "worker.key", keys / "worker.pub")
        (keys / "sync").write_text("secret")
        self.target = {
            "type": "kerberos",
            "realm": REALM,
            "admin_principal": ADMIN,
            "keytab_file": kdc.keytab,
            "krb5_conf": kdc.krb5_conf,
            "timeout_seconds": 20,
        }
        workstation = {
            "targets": {"realm": self.target},
            "public_key_file": keys / "worker.pub",
            "bind_password_file": keys / "sync",
        }
        (folder / "machine").mkdir()
        super().__init__(folder / "machine", workstation=workstation)

    def realm(self, **values):
        self.set("workstation", targets={"realm": {**self.target, **values}})

    def configuration(self, *changes):
        text = self.kdc.krb5_conf.read_text()
        for old, new in changes:
            text = text.replace(old, new)
        self.realm(krb5_conf=self.file("krb5.conf", text))

    def stop(self):
        self.kdc.stop()
        self.later(lambda: self.kdc._servers or self.kdc.start())


def target(place):
    settings = place.settings
    return [one for one in check_workstations(settings, password_rules(settings), 30) if one.subject == SUBJECT]


def old_keytab(place):
    keytab = place.file("old.keytab", place.kdc.keytab.read_bytes())
    place.kdc.admin(f"cpw -randkey {ADMIN}")
    place.realm(keytab_file=keytab)
    place.later(lambda: (place.kdc.keytab.unlink(), place.kdc.admin(f"ktadd -k {place.kdc.keytab} {ADMIN}")))


def new_keytab(place):
    (place.folder / "old.keytab").unlink()
    place.kdc.admin(f"ktadd -k {place.folder}/old.keytab {ADMIN}")


MISTAKES = (
    Mistake(
        name="keytab missing",
        plant=lambda place: place.realm(keytab_file=place.folder / "none"),
        subject=SUBJECT,
        message=["is missing"],
        hint=["chmod 640"],
        fix=lambda place: place.file("none", place.kdc.keytab.read_bytes()),
        check=target,
    ),
    Mistake(
        name="keytab that is none",
        plant=lambda place: place.realm(keytab_file=place.file("keytab", "no keytab")),
        subject=SUBJECT,
        hint=["keytab_file", "ktadd"],
        fix=lambda place: place.file("keytab", place.kdc.keytab.read_bytes()),
        check=target,
    ),
    Mistake(
        name="keytab of another principal",
        plant=lambda place: (
            place.kdc.admin("addprinc -randkey other/admin"),
            place.kdc.admin(f"ktadd -k {place.folder}/other.keytab other/admin"),
            place.realm(keytab_file=place.folder / "other.keytab"),
        ),
        subject=SUBJECT,
        hint=["keytab_file", "ktadd", ADMIN],
        fix=lambda place: place.kdc.admin(f"ktadd -k {place.folder}/other.keytab -norandkey {ADMIN}"),
        check=target,
    ),
    Mistake(
        name="keytab with an old key",
        plant=old_keytab,
        subject=SUBJECT,
        hint=["the keytab's key is old", "ktadd"],
        fix=new_keytab,
        check=target,
    ),
    Mistake(
        name="principal unknown",
        plant=lambda place: place.realm(admin_principal="nobody/admin"),
        subject=SUBJECT,
        hint=["admin_principal"],
        fix=lambda place: place.realm(),
        check=target,
    ),
    Mistake(
        name="krb5.conf missing",
        plant=lambda place: place.realm(krb5_conf=place.folder / "none"),
        subject=SUBJECT,
        hint=["krb5_conf"],
        fix=lambda place: place.realm(),
        check=target,
    ),
    Mistake(
        name="realm unknown",
        plant=lambda place: place.realm(realm="OTHER.TEST", admin_principal="gateway/admin@OTHER.TEST"),
        subject=SUBJECT,
        hint=["krb5_conf"],
        fix=lambda place: place.realm(),
        check=target,
    ),
    Mistake(
        name="kadmind at another port",
        plant=lambda place: place.configuration((f":{place.kdc.admin_port}", f":{free_port()}")),
        subject=SUBJECT,
        hint=["start krb5kdc and kadmind there, or correct krb5_conf"],
        fix=lambda place: place.realm(),
        check=target,
    ),
    Mistake(
        name="KDC stopped",
        plant=lambda place: place.stop(),
        subject=SUBJECT,
        hint=["start krb5kdc and kadmind there"],
        fix=lambda place: place.kdc.start(),
        check=target,
    ),
)


@pytest.fixture(scope="module")
def folder():
    with open_folder() as made:
        yield made


@pytest.fixture(scope="module")
def place(folder, kdc):
    return PlantedRealm(folder, kdc)


def test_when_nothing_is_wrong_then_it_takes_passwords(place):
    assert [found.level for found in target(place)] == [Level.OK]


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
def test_when_a_mistake_is_made_then_it_is_found_and_the_hint_names_the_fix(place, mistake):
    prove(mistake, place)


def test_when_a_target_hangs_then_the_check_ends_in_time_and_names_it(place):
    settings = place.settings
    place.kdc.suspend()
    try:
        [found, *_] = check_workstations(settings, PasswordRules(), 0.5)
    finally:
        place.kdc.go_on()

    assert found.subject == SUBJECT
    assert "does not answer within 0.5 s" in found.message
