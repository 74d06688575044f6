"""Other directories than OpenLDAP with ppolicy: they are refused before a password is sent to them."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from gateway.app import create_app
from gateway.composition.web import build_gateway
from gateway.demo.private_samba import BASE, SERVICE
from gateway.directory.server_support import other_product
from gateway.ldap import Entry
from tests.support.browser import Browser
from tests.support.gateway_settings import settings_for
from tests.support.settings_file import write_settings_file
from tests.support.slapd_server import PASSWORD, QUICK_HASH, SUFFIX, SlapdServer

MAMIA = [sys.executable, "-m", "gateway.cli.main"]
NEW = "Nouveau-2025"
SERVICE_DN = f"CN={SERVICE},OU=Service,{BASE}"
WITHOUT_POLICY = "dn: olcOverlay={0}ppolicy,olcDatabase={1}mdb,cn=config\nchangetype: delete\n"
WITH_POLICY = """dn: olcOverlay=ppolicy,olcDatabase={1}mdb,cn=config
objectClass: olcOverlayConfig
objectClass: olcPPolicyConfig
olcOverlay: ppolicy
olcPPolicyDefault: cn=default,ou=policies,dc=ac-example,dc=fr
olcPPolicyHashCleartext: TRUE
"""
OPENLDAP = {"objectclass": ("top", "OpenLDAProotDSE")}
DS_389 = {"objectclass": ("top",), "vendorname": ("389 Project",), "vendorversion": ("389-Directory/2.3.1",)}


@pytest.fixture
def unprotected(tmp_path):
    """A directory whose overlay a test may take away."""
    academy = SlapdServer(tmp_path / "state", hash_cost=QUICK_HASH)
    academy.add_person("fdurand4")
    yield academy
    academy.slapd.stop()


@pytest.fixture
def browser(unprotected):
    gateway = build_gateway(settings_for(unprotected))
    yield Browser(create_app(gateway))
    gateway.close()


class TestProduct:
    @pytest.mark.parametrize(
        ("attributes", "product"),
        [
            (OPENLDAP, ""),
            ({**OPENLDAP, "vendorname": ("Our own build",)}, ""),
            ({}, ""),
            (DS_389, "389 Project 389-Directory/2.3.1"),
            ({"supportedcapabilities": ("1.2.840.113556.1.4.800",)}, "Active Directory"),
        ],
        ids=["OpenLDAP", "OpenLDAP with a vendor", "silent", "389", "Active Directory"],
    )
    def test_when_the_root_dse_is_read_then_it_is_named_unless_it_is_openldap(self, attributes, product):
        assert other_product(Entry("", attributes, attributes)) == product


class TestPassword:
    def test_when_the_overlay_is_missing_then_nothing_is_written_and_the_service_is_not_ready(
        self, unprotected, browser
    ):
        unprotected.load(WITHOUT_POLICY, as_config=True)

        page = browser.change("fdurand4", PASSWORD, NEW)

        assert page.status == 503
        assert "Rien n’a été modifié" in page.main
        assert unprotected.binds("fdurand4", PASSWORD)
        assert browser.client.get("/health/ready").status_code == 503

    def test_when_the_overlay_comes_later_then_people_are_served(self, unprotected, browser):
        unprotected.load(WITHOUT_POLICY, as_config=True)
        browser.change("fdurand4", PASSWORD, NEW)
        unprotected.load(WITH_POLICY, as_config=True)

        page = browser.change("fdurand4", PASSWORD, NEW)

        assert "Mot de passe modifié" in page.main
        assert browser.client.get("/health/ready").status_code == 200


@pytest.fixture
def config_for_samba(tmp_path, directory, domain_controller):
    """Settings whose directory is a Windows domain's controller."""
    authority = f'ca_file = "{domain_controller.authority}"\n'
    config = write_settings_file(tmp_path, directory, servers=[domain_controller.url])
    text = config.read_text().replace(f"cn=gateway,ou=services,{SUFFIX}", SERVICE_DN)
    config.write_text(text.replace("[directory]\n", f"[directory]\n{authority}"))
    (tmp_path / "gateway").write_text(domain_controller.password(SERVICE))
    return config


class TestServe:
    @pytest.mark.xdist_group("samba_ad")
    def test_when_the_directory_is_active_directory_then_it_does_not_start_and_says_why(self, config_for_samba):
        done = subprocess.run(
            [*MAMIA, "serve", "--config", config_for_samba], capture_output=True, text=True, timeout=60, check=False
        )

        assert done.returncode == 2
        assert "Active Directory" in done.stderr
        assert "must be OpenLDAP" in done.stderr


class TestCheck:
    @pytest.mark.xdist_group("samba_ad")
    def test_when_the_directory_is_active_directory_then_the_product_fails(self, config_for_samba):
        done = subprocess.run(
            [*MAMIA, "check", "--json", "--config", config_for_samba],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

        [product] = [finding for finding in json.loads(done.stdout) if finding["subject"].endswith(": product")]
        assert product["level"] == "FAIL"
        assert "Active Directory" in product["message"]


class TestPage:
    @pytest.mark.xdist_group("samba_ad")
    def test_when_the_directory_turns_out_to_be_active_directory_then_nobody_is_served(
        self, directory, domain_controller, caplog
    ):
        section = {
            "servers": [domain_controller.url],
            "ca_file": domain_controller.authority,
            "bind_dn": SERVICE_DN,
            "bind_password": domain_controller.password(SERVICE),
        }
        gateway = build_gateway(settings_for(directory, directory=section))
        browser = Browser(create_app(gateway))

        page = browser.change("fdurand4", PASSWORD, NEW)
        gateway.close()

        assert page.status == 503
        assert "Rien n’a été modifié" in page.main
        assert "Active Directory" in caplog.text
