"""Programs that write passwords go on writing when slapd asks the listener before each write."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import ldap
import pytest

from gateway.demo.private_slapd import _ssha
from gateway.setup import undo
from gateway.setup.other_accounts import writer_clauses
from gateway.setup.rules import parse
from tests.support.debian_slapd import DebianSlapd
from tests.support.plain_slapd import PASSWORD
from tests.support.setup_answers import CLASS_FOR, administrator, answers, planned, set_up
from tests.support.sock_responder import answering

OF_PASSWORDS = "olcAccess: to attrs=userPassword\n  by self write\n"
WHO = {
    "group": 'group.exact="cn=programs,@SUFFIX@"',
    "regular expression": 'dn.regex="^cn=(radius|portail),@SUFFIX@$"',
    "subtree": 'dn.children="@SUFFIX@"',
}


class WithProgram(DebianSlapd):
    """cn=radius may write passwords, as `who` says."""

    who = ""

    def configuration(self) -> str:
        text = super().configuration()
        assert OF_PASSWORDS in text
        clause = f"  by {self.who.replace('@SUFFIX@', self.suffix)} write\n"
        return text.replace(OF_PASSWORDS, OF_PASSWORDS + clause)

    def fill(self) -> None:
        super().fill()
        program = self.add(
            f"cn=radius,{self.suffix}",
            objectClass=["organizationalRole", "simpleSecurityObject"],
            cn="radius",
            userPassword=_ssha(PASSWORD),
        )
        self.add(f"cn=programs,{self.suffix}", objectClass="groupOfNames", cn="programs", member=program)

    def sets_password(self, password: str) -> bool:
        new = [(ldap.MOD_REPLACE, "userPassword", [password.encode()])]
        with self.as_account(f"cn=radius,{self.suffix}", PASSWORD) as connection:
            connection.modify_s(self.dn("fdurand"), new)
        return self.binds(self.dn("fdurand"), password)


@pytest.fixture(params=list(WHO.values()), ids=list(WHO))
def server(request: pytest.FixtureRequest, folder: Path) -> Iterator[WithProgram]:
    slapd = type("OneProgram", (WithProgram,), {"who": request.param})(folder / "d")
    yield slapd
    slapd.stop()


def test_it_writes_before_and_after_and_when_all_is_undone(server, folder):
    capture = {"socket": str(folder / "s"), "answer_only": True}
    settings = answers(server, capture=capture)
    assert server.sets_password("Avant-2031!x")
    with answering(folder / "s"):
        set_up(server, settings, folder / "undo", class_for=CLASS_FOR)
        assert planned(server, settings, class_for=CLASS_FOR).is_empty
        assert server.sets_password("Pendant-2031!x")
        with administrator(server) as access:
            undo(folder / "undo", access)
    assert server.sets_password("Apres-2031!x")


def test_whom_a_rule_names_for_itself_alone_is_left_out():
    rules = [
        'to dn.regex="^(ou=[^,]+),dc=fr$" by dn.exact,expand="cn=admin,$1,dc=fr" write by set="user/cn" =wrscx',
        'to * by users read by self write by group="cn=g,dc=fr" peername.ip=127.0.0.1 manage by * none',
    ]
    found = writer_clauses(map(parse, rules))
    assert found == ['set="user/cn"', 'group="cn=g,dc=fr" peername.ip=127.0.0.1']
