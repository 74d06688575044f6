"""Whatever slapd lets an attribute hold: no page, API or command ends in a fault, and strangers learn nothing."""

from __future__ import annotations

import ldap
import pytest

from gateway.cli.main import main
from tests.support.browser import Browser
from tests.support.odd_values import LONG, TIMES
from tests.support.settings_file import write_settings_file
from tests.support.slapd_server import PASSWORD

NEW, OTHER, LAST = "Nouveau-2025", "Orage-Violet-26", "Brume-Dorée-27"
PERSON = "person1"
ADDRESSES = [
    b"<a@b.fr>", b"a@", b"@b", b"a", b" ", b"(" * 2000, b"a b@c", b"a@b@c", b",", b"a,b@c.fr", b'"a', b"a@[127.0.0.1",
    b"a\r\nBcc: b@c.fr", b"a@b.fr\nBcc: b@c.fr", b"a\x00@b.fr", b"=?utf-8?q?x?=@b.fr", b"a@" + b"b." * 200, b"a:b;",
    b"Jean <a@b.fr>", b"a@b.fr.", b".a@b.fr", b"\\", b"a@b\\", b"%s%(login)s{{7*7}}@b.fr", b"x" * LONG,
]  # fmt: skip
NAMES = [
    "\u0301\u0316" * (LONG // 4), "x" * LONG, "\x00", "a\r\nb", "\x1b[31m", "\u202e", "𝓕", " ", "-", "{{7*7}}", "<b>",
    "*)(uid=*", "\ufffd", "\ufdfa" * 200,
]  # fmt: skip
LOCKS = [*TIMES, "99991231235959-1200"]
STATES = [
    ";", "x", ";;;;;;;", "windows;pending;c;99991231T235959Z;0;99991231T235959Z;normal;", "windows;nothing;c;;;;;",
    "windows;pending;c;20260101T000000Z;-2000;20260101T000000Z;normal;", "x" * LONG,
    f"windows;done;c;20260101T000000Z;{'9' * 4000};20260101T000000Z;normal;",
    "windows;rejected;c;00010101T000000Z;1;00010101T000000Z;normal;\x00",
]  # fmt: skip
TIME_ATTRIBUTES = ("pwdAccountLockedTime", "pwdAccountTmpLockoutEnd", "pwdChangedTime", "pwdStartTime", "pwdEndTime")
VALUES = [
    *(("mail privateMail", value) for value in ADDRESSES),
    *(("sn givenName patronymicName", value.encode()) for value in NAMES),
    *(("mobile", value) for value in (b"x", b"+", b" ", b"1" * LONG, b"\x00")),
    *((attribute, value.encode()) for attribute in TIME_ATTRIBUTES for value in LOCKS),
    *(("mamiaSyncState", value.encode()) for value in STATES),
    *(("mamiaPendingSecret", value) for value in (b"", b"\xff\xfe", b"x" * LONG)),
    *(("pwdPolicySubentry", value) for value in (b"cn=nothing", b"cn=odd,ou=policies,dc=ac-example,dc=fr")),
    ("pwdReset", b"TRUE"),
    ("birthDate", b"19600000"),
    ("pwdFailureTime", b"99991231235959Z"),
]
ODD_POLICY = """
dn: cn=odd,ou=policies,dc=ac-example,dc=fr
changetype: add
objectClass: device
objectClass: pwdPolicy
cn: odd
pwdAttribute: userPassword
pwdMaxAge: 2147483647
pwdMaxIdle: 2147483647
pwdLockout: TRUE
pwdLockoutDuration: 2147483647
"""


@pytest.fixture
def api_client(directory, open_api_client, tmp_path):
    wide = dict.fromkeys(
        ("per_login", "per_proof", "per_person", "per_service", "per_address", "overall"), "9999/minute"
    )
    wide |= {"misses_per_address": "9999/minute", "misses_overall": "9999/minute"}
    with directory.as_admin() as line:
        try:
            directory.load(ODD_POLICY)
        except Exception:
            assert line.read_s("cn=odd,ou=policies,dc=ac-example,dc=fr")
    return open_api_client(
        client={"rate": "9999/minute"},
        rate_limits=wide,
        people={"private_mail": "privateMail", "phone": "mobile"},
        notifications={"spool": tmp_path / "mails", "smtp_host": ""},
    )


@pytest.fixture
def show(directory, tmp_path, capsys):
    """What `mamia account LOGIN` prints, and its exit code."""
    config = write_settings_file(tmp_path, directory)

    def run(login):
        code = main(["account", login, "--config", str(config)])
        return code, capsys.readouterr().out

    return run


def write(directory, attributes, value):
    """False where slapd takes no such value."""
    changes = [(ldap.MOD_REPLACE, attribute, [value]) for attribute in attributes.split()]
    with directory.as_admin() as line:
        try:
            line.modify_ext_s(directory.dn(PERSON), changes, serverctrls=[directory.relax])
        except (ldap.INVALID_SYNTAX, ldap.CONSTRAINT_VIOLATION, ldap.OBJECT_CLASS_VIOLATION, ldap.OTHER):
            return False
    return True


def asked_by_a_stranger(api_client, login):
    """What somebody meets who knows no password and no number, at each entry point."""
    browser = Browser(api_client.app)
    pages = [
        browser.change(login, "Certainement-Faux-1", NEW),
        browser.prove(login, proof="12E8534567AAA"),
        browser.find("Nobody", "Nemo"),
    ]
    answer = api_client.post("/change", {"login": login, "current_password": "wrong", "new_password": NEW})
    mail = api_client.post("/roundcube", data={"user": login, "curpass": "wrong", "newpass": NEW})
    reported = [(page.status, page.main.replace(login, "")) for page in pages]
    return [*reported, (answer.status_code, answer.json["code"]), (mail.status_code, mail.text)]


@pytest.fixture(scope="module")
def kept():
    return []


@pytest.fixture
def unknown(api_client, kept):
    """What a stranger meets who types a login that nobody has; the same for every test."""
    if not kept:
        kept.append(asked_by_a_stranger(api_client, "nobody9"))
    return kept[0]


class TestAttribute:
    @pytest.mark.parametrize("attributes, value", VALUES, ids=lambda value: repr(value)[:30])
    def test_when_it_holds_an_odd_value_then_nothing_ends_in_a_fault(
        self, api_client, show, directory, unknown, attributes, value, caplog
    ):
        directory.add_person(PERSON)
        if not write(directory, attributes, value):
            pytest.skip("slapd takes no such value")
        browser = Browser(api_client.app)

        assert asked_by_a_stranger(api_client, PERSON) == unknown
        assert browser.find("Durand", "François").status in (200, 422)
        assert api_client.post(
            "/find", {"surname": "Durand", "given_name": "François", "birth_date": "1985-03-27"}
        ).status_code in (200, 404)
        assert show(PERSON)[0] == 0
        changed = browser.change(PERSON, PASSWORD, NEW)
        assert changed.status == (200 if directory.binds(PERSON, NEW) else 422)
        answer = api_client.post("/change", {"login": PERSON, "current_password": NEW, "new_password": OTHER})
        assert answer.status_code == (200 if directory.binds(PERSON, OTHER) else 403)
        proved = browser.prove(PERSON)
        assert proved.status in (200, 422)
        if "new_password" in proved.fields:
            assert browser.choose(proved, LAST).status == 200
            assert directory.binds(PERSON, LAST)
        assert "unexpected" not in caplog.text


class TestLogin:
    @pytest.mark.parametrize(
        "login",
        [
            "a,b",
            "a+b",
            'a"b',
            "a\\b",
            "#a",
            "a=b",
            "a<b>",
            "😀",
            "a;b",
            "a/b",
            "é",
            "a*b",
            "(a)",
            "x" * 100,
            "𝓕" * 20,
        ],
    )
    def test_when_it_is_odd_then_its_password_can_be_changed_and_reset(self, api_client, show, directory, login):
        directory.add_person(login, mail="a@ac-example.fr")
        browser = Browser(api_client.app)

        assert browser.find("Durand", "François").status == 200
        assert "Mot de passe modifié" in browser.change(login, PASSWORD, NEW).main
        assert "Mot de passe modifié" in browser.choose(browser.prove(login), OTHER).main
        assert directory.binds(login, OTHER)
        assert show(login)[0] == 0

    def test_when_it_has_control_characters_then_its_person_is_found_and_nothing_ends_in_a_fault(
        self, api_client, show, directory
    ):
        directory.add_person("a\r\nb\x1b[31m", mail="a@ac-example.fr")

        assert Browser(api_client.app).find("Durand", "François").status == 200
        code, text = show("a\r\nb\x1b[31m")
        assert code == 0
        assert "\x1b" not in text


class TestAccount:
    @pytest.mark.parametrize(
        "mark", ["00000101000000Z", "00000101000000.0Z", "00000101010000+0100", "0000010100Z", "19700101000000Z"]
    )
    def test_when_it_is_closed_in_another_spelling_then_a_reset_does_not_open_it(
        self, api_client, show, directory, mark
    ):
        directory.add_person(PERSON)
        directory.set(PERSON, "pwdAccountLockedTime", mark)

        assert Browser(api_client.app).prove(PERSON).status == 422
        assert "closed for good" in show(PERSON)[1]
        assert directory.read(PERSON)["pwdAccountLockedTime"] == [mark]
