"""What `mamia check` finds of the listener, of slapd's overlay and of the listener's rights."""

from __future__ import annotations

import signal

import ldap
import pytest

from gateway.checks.capture import check_capture
from gateway.checks.finding import Level
from gateway.cli.check import check_without_web
from gateway.settings.loader import load
from tests.support.capture_process import write_capture_settings
from tests.support.gateway_settings import settings_for

DATABASE = "olcDatabase={1}mdb,cn=config"


def findings(config):
    settings = load(config)
    return check_capture(settings, settings.directory)


def levels(config):
    return {finding.subject: finding for finding in findings(config)}


@pytest.fixture
def somebody(reporting, listener):
    reporting.add_person("fdurand4")


def overlays(reporting):
    with reporting.as_admin("cn=config") as line:
        found = line.search_s(DATABASE, ldap.SCOPE_ONELEVEL, "(objectClass=olcOvSocketConfig)", ["*"])
    return sorted(found, reverse=True)


class TestCapture:
    def test_when_all_is_well_then_nothing_warns(self, reporting, somebody, capture):
        found = levels(capture.config)

        assert [finding.level for finding in found.values()] == [Level.OK] * 3, found
        assert found[f"{reporting.url}: overlay sock"].message == "reports writes on both sides of ppolicy"

    def test_when_the_listener_is_alone_on_its_machine_then_its_own_account_tries_the_overlay(
        self, somebody, capture
    ):
        for others in ("gateway", "sync"):
            (capture.folder / others).unlink()
        settings = load(capture.config, web_secrets=False)

        found = {finding.subject: finding for finding in check_without_web(settings)}

        assert found[f"{settings.capture_server}: overlay sock"].level is Level.OK
        assert not [finding for finding in found.values() if finding.level is Level.FAIL]

    def test_when_it_is_off_then_it_says_what_that_means(self, server, tmp_path):
        workstation = {"targets": {"poste": {"type": "samba_nt"}}}

        settings = settings_for(server, workstation=workstation)

        [finding] = check_capture(settings, settings.directory)

        assert finding.level is Level.OK
        assert "does not reach the workstation" in finding.message


class TestListener:
    def test_when_nobody_listens_then_it_fails_and_says_what_slapd_does(self, listener):
        finding = next(findings(listener.config))

        assert finding.level is Level.FAIL
        assert "slapd refuses every write on people" in finding.message

    def test_when_it_stands_still_then_it_fails(self, capture, monkeypatch):
        monkeypatch.setattr("gateway.checks.capture.ANSWER_SECONDS", 0.3)
        capture.suspend()

        finding = next(findings(capture.config))

        capture.signal(signal.SIGCONT)
        assert finding.level is Level.FAIL
        assert "every write on people waits" in finding.message


def put_back(reporting, entry):
    entry = {**entry, "olcOverlay": [b"sock"]}
    with reporting.as_admin("cn=config") as line:
        line.add_s(f"olcOverlay=sock,{DATABASE}", list(entry.items()))


class TestOverlay:
    def test_when_one_of_the_two_is_missing_then_it_fails(self, reporting, somebody, capture):
        upper, entry = overlays(reporting)[0]
        with reporting.as_admin("cn=config") as line:
            line.delete_s(upper)
        try:
            finding = levels(capture.config)[f"{reporting.url}: overlay sock"]
        finally:
            put_back(reporting, entry)

        assert finding.level is Level.FAIL
        assert "one side of ppolicy alone" in finding.message

    def test_when_there_is_none_then_it_fails(self, directory, short_folder, capture, tmp_path):
        """A directory that reports no writes, asked in the place of the one that does."""
        directory.add_person("fdurand4")
        directory.slapd.password_file("capture").write_text("none")
        settings = load(write_capture_settings(tmp_path, directory, TARGET))
        settings = settings.model_copy(
            update={"capture": settings.capture.model_copy(update={"socket": short_folder / "s"})}
        )

        found = {finding.subject: finding for finding in check_capture(settings, settings.directory)}[
            f"{directory.url}: overlay sock"
        ]

        assert found.level is Level.FAIL
        assert "reports no writes" in found.message


TARGET = """
[workstation.targets.poste]
type = "samba_nt"
"""


class TestRights:
    def test_when_the_listener_may_do_more_than_it_needs_then_it_fails(self, reporting, somebody, capture):
        rule = (
            b'{0}to dn.subtree="ou=people,dc=ac-example,dc=fr" attrs=mail,numen'
            b' by dn.exact="cn=capture,ou=services,dc=ac-example,dc=fr" write by * break'
        )
        with reporting.as_admin("cn=config") as line:
            line.modify_s(DATABASE, [(ldap.MOD_ADD, "olcAccess", [rule])])
        try:
            finding = levels(capture.config)[f"{reporting.url}: rights of the listener"]
        finally:
            with reporting.as_admin("cn=config") as line:
                line.modify_s(DATABASE, [(ldap.MOD_DELETE, "olcAccess", [b"{0}"])])

        assert finding.level is Level.FAIL
        assert "read numen" in finding.message
        assert "write mail" in finding.message
