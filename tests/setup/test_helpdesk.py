"""What `mamia setup` and `mamia check` say of the helpdesk's codes in a directory that knows nothing of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ldap
import pytest

from gateway.checks.finding import Finding, Level
from gateway.checks.helpdesk import check_helpdesk
from gateway.checks.rights import check_rights
from gateway.checks.schema import check_schema
from gateway.directory.connection import connect
from gateway.ldap import close
from gateway.settings import Settings
from gateway.setup import difference
from tests.support.debian_slapd import DebianSlapd
from tests.support.setup_answers import CLASS_FOR, PASSWORDS, answers, planned, set_up
from tests.support.slapd_server import LdapConnection


def with_helpdesk(server: DebianSlapd) -> Settings:
    """Settings as after the helpdesk was switched on."""
    section: dict[str, Any] = {
        "bind_dn": f"cn=helpdesk,ou=services,{server.suffix}",
        "bind_password": PASSWORDS["helpdesk"].get_secret_value(),
    }
    return answers(server, helpdesk=section)


@pytest.fixture
def before(tmp_path: Path) -> Iterator[DebianSlapd]:
    """A directory that was set up without the helpdesk."""
    server = DebianSlapd(tmp_path / "slapd")
    set_up(server, answers(server), tmp_path / "undo", class_for=CLASS_FOR)
    yield server
    server.stop()


def found(server: DebianSlapd, settings: Settings) -> list[Finding]:
    """What `mamia check` finds about schema and rights."""
    connection = connect(server.url, settings.directory, as_service=True)
    try:
        gateways = [
            *check_schema(settings, server.url, connection),
            *check_rights(settings, server.url, connection),
        ]
    finally:
        close(connection)
    return [*gateways, *check_helpdesk(settings)]


class TestHelpdesk:
    def test_when_the_schema_is_not_loaded_then_check_fails_and_names_the_file(self, before):
        problems = [one for one in found(before, with_helpdesk(before)) if one.level is Level.FAIL]

        [schema] = [one for one in problems if one.subject.endswith("schema")]
        assert "mamiaResetCode" in schema.message
        assert "schema/mamia-recovery.ldif" in schema.hint
        assert any(one.subject.endswith("rights of the helpdesk") for one in problems)

    def test_when_the_section_is_off_then_nothing_is_missing(self, before):
        assert [one for one in found(before, answers(before)) if one.level is not Level.OK] == []

    def test_when_setup_adds_it_then_nothing_is_missing_and_a_second_run_adds_nothing(self, before, tmp_path):
        settings = with_helpdesk(before)
        set_up(before, settings, tmp_path / "undo-helpdesk", class_for=CLASS_FOR)

        assert [one for one in found(before, settings) if one.level is not Level.OK] == []
        assert difference(planned(before, settings, class_for=CLASS_FOR)) == "Nothing is missing in the directory.\n"

    def test_when_the_account_may_write_more_then_check_fails(self, before, tmp_path):
        settings = with_helpdesk(before)
        set_up(before, settings, tmp_path / "undo-helpdesk", class_for=CLASS_FOR)
        rule = f'{{0}}to attrs=description by dn.exact="{settings.helpdesk.bind_dn}" write by * break'
        with LdapConnection(before.ldapi_url) as line:
            line.sasl_external_bind_s()
            line.modify_s(before.database, [(ldap.MOD_ADD, "olcAccess", [rule.encode()])])

        [problem] = [one for one in check_helpdesk(settings) if one.level is Level.FAIL]

        assert "write description" in problem.message
        assert "44-helpdesk.ldif" in problem.hint

    def test_when_the_password_is_wrong_then_check_fails(self, before, tmp_path):
        set_up(before, with_helpdesk(before), tmp_path / "undo-helpdesk", class_for=CLASS_FOR)
        section = {"bind_dn": f"cn=helpdesk,ou=services,{before.suffix}", "bind_password": "certainly wrong"}

        [problem] = check_helpdesk(answers(before, helpdesk=section))

        assert problem.level is Level.FAIL
