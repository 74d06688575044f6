"""A directory with other names: SupAnn's, without a line of code."""

from __future__ import annotations

import json
from pathlib import Path

import ldap
import pytest

from gateway.app import create_app
from gateway.cli.main import main
from gateway.composition.web import build_gateway
from gateway.demo.private_slapd import ADMIN
from gateway.settings import Settings
from tests.support.browser import Browser
from tests.support.slapd_server import QUICK_HASH, SlapdServer

BASE = "ou=personnels,dc=ac-example,dc=fr"
SCHEMA = Path(__file__).with_name("supann.ldif")
PEOPLE = {
    "base": BASE,
    "filter": "(&(objectClass=eduPerson)(eduPersonAffiliation=staff))",
    "login": "supannAliasLogin",
    "surname": "sn",
    "birth_name": "supannNomDeNaissance",
    "given_name": "supannPrenomsEtatCivil",
    "mail": "supannMailPro",
    "birth_date": "supannOIDCDatedeNaissance",
    "birth_date_format": "%Y-%m-%d",
    "password_stamp": "",
    "proofs": {"numen": {"attribute": "supannRefId", "prefix": "{NUMEN}"}},
}


@pytest.fixture(scope="module")
def supann(tmp_path_factory):
    """An annuaire after SupAnn's recommendations, whose rules let the gateway do there what ours do."""
    academy = SlapdServer(tmp_path_factory.mktemp("supann") / "state", hash_cost=QUICK_HASH)
    academy.load(SCHEMA.read_text(), as_config=True)
    academy.load(SCHEMA.with_name("supann-staff.ldif").read_text())
    yield academy
    academy.slapd.stop()


@pytest.fixture
def browser(supann):
    settings = Settings.model_validate(
        {
            "directory": {
                "servers": [supann.url],
                "bind_dn": "cn=gateway,ou=services,dc=ac-example,dc=fr",
                "bind_password": supann.slapd.password("gateway"),
                "decoy_dn": "cn=decoy,ou=services,dc=ac-example,dc=fr",
            },
            "people": PEOPLE,
            "captcha": {"required": []},
            "web": {"secret_keys": ["0123456789abcdefghijklmnopqrstuvwxyz"], "secure_cookies": False},
        }
    )
    gateway = build_gateway(settings)
    yield Browser(create_app(gateway))
    gateway.close()


class TestSupann:
    def test_when_a_person_is_looked_for_then_login_and_professional_address_are_found(self, browser):
        page = browser.find("Moreau", "Sophie", "15/06/1980")

        assert "smoreau01" in page.main
        assert "sophie.moreau@univ-example.fr" in page.main

    def test_when_a_student_is_looked_for_then_nobody_is_found(self, browser):
        assert "Aucun compte" in browser.find("Etudiant", "Luc", "15/06/1980").main

    def test_when_a_password_is_reset_by_numen_then_it_opens(self, supann, browser):
        browser.choose(browser.prove("smoreau01", "12e8534567abc", "15/06/1980"), "Nouveau-2025")

        with supann.connect() as line:
            line.simple_bind_s(f"uid=p4711,{BASE}", "Nouveau-2025")
            assert line.whoami_s() == f"dn:uid=p4711,{BASE}"

    def test_when_a_password_is_changed_then_the_old_one_is_out(self, supann, browser):
        page = browser.change("nroux", "Ancien-2024", "Nouveau-2025")

        assert "Mot de passe modifié" in page.main
        with supann.connect() as line, pytest.raises(ldap.INVALID_CREDENTIALS):
            line.simple_bind_s(f"uid=p4712,{BASE}", "Ancien-2024")

    def test_when_an_import_brings_the_same_facts_then_references_of_other_kinds_stay(self, supann, tmp_path, capsys):
        settings, newline = tmp_path / "mamia.toml", "\n"
        lines = [f"{name} = {json.dumps(value)}" for name, value in PEOPLE.items() if name != "proofs"]
        (tmp_path / "admin").write_text(supann.slapd.password("admin"))
        settings.write_text(f"""
[directory]
servers = ["{supann.url}"]
bind_dn = "cn=gateway,ou=services,dc=ac-example,dc=fr"
bind_password_file = "{tmp_path}/admin"
decoy_dn = "cn=decoy,ou=services,dc=ac-example,dc=fr"
[web]
secret_keys = ["0123456789abcdefghijklmnopqrstuvwxyz"]
[people]
{newline.join(lines)}
[people.proofs.numen]
attribute = "supannRefId"
prefix = "{{NUMEN}}"
""")
        file = tmp_path / "staff.csv"
        file.write_text(
            "surname;birth_name;given_name;birth_date;numen\nMoreau;Garnier;Sophie;16/06/1980;12E8534567ABC\n"
        )
        own = ["--bind-dn", ADMIN, "--bind-password-file", str(tmp_path / "admin"), "--config", str(settings)]

        assert main(["people", "import", str(file), *own, "--dry-run"]) == 0

        assert "~ smoreau01: supannOIDCDatedeNaissance: ••• -> •••\n" in capsys.readouterr().out
