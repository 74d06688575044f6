"""Attributes with several values, and with options (RFC 4512, 2.5.2): every value counts, at every entry point."""

from __future__ import annotations

import hashlib
from itertools import cycle, islice

import ldap
import pytest

from gateway.app import create_app
from gateway.cli.main import main
from tests.support.api_token import TOKEN
from tests.support.settings_file import write_settings_file
from tests.support.slapd_server import PASSWORD

NEW = "Nouveau-2025"
LOGINS = ["ndupond", "nleclerc", "zorglub", "voyageuse"]
"""Two values without an option, then one of each option."""
MAX_WRONG = 5
"""At one account in five minutes, whichever of its logins is typed."""


@pytest.fixture
def person(directory):
    directory.allow_options()
    return directory.add_person(
        "ndupond",
        **{
            "uid": LOGINS[:2],
            "uid;x-old": LOGINS[2],
            "uid;lang-fr": LOGINS[3],
            "sn": ["Dupond", "Leclerc"],
            "sn;lang-fr": "Brisebarre",
            "patronymicName": "Garnier",
            "patronymicName;lang-oc": "Lefèvre",
            "givenName": ["Nadia", "Solène"],
            "givenName;lang-fr": "Églantine",
            "mail": ["nadia@ac-example.fr", "melusine.47@ac-example.fr"],
            "mail;x-home": "papillonne@exemple.org",
            "privateMail": "tournesol@exemple.org",
            "privateMail;x-old": "coquelicot@exemple.org",
        },
    )


@pytest.fixture
def people():
    return {"private_mail": "privateMail"}


@pytest.fixture
def open_api(build):
    """Opens the API as a client of it: `open_api(people={…}).post(…)`."""

    def opener(**sections):
        client = {
            "token_sha256": [hashlib.sha256(TOKEN.encode()).hexdigest()],
            "services": ["change", "roundcube"],
            "addresses": ["127.0.0.1/32"],
        }
        app = create_app(build(api={"clients": {"webmail": client}}, **sections))
        opened = app.test_client()
        opened.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {TOKEN}"
        return opened

    return opener


class TestFind:
    @pytest.mark.parametrize(
        "surname", ["Dupond", "LECLERC", "Brisebarre", "brise barre", "Garnier", "Lefevre", "Dupond Leclerc"]
    )
    @pytest.mark.parametrize("given_name", ["Nadia", "solene", "Eglantine", "Nadia-Solène"])
    def test_when_any_of_several_names_is_typed_then_the_person_is_found(self, person, browser, surname, given_name):
        assert "ndupond" in browser.find(surname, given_name).main


class TestReset:
    @pytest.mark.parametrize("login", LOGINS)
    def test_when_any_of_several_logins_is_typed_then_the_password_changes(self, directory, person, browser, login):
        browser.choose(browser.prove(login), NEW)

        assert directory.binds(person, NEW)


class TestWebmail:
    @pytest.mark.parametrize("login", LOGINS)
    def test_when_any_of_several_logins_comes_then_the_password_changes(self, directory, person, open_api, login):
        answer = open_api().post("/api/v1/roundcube", data={"user": login, "curpass": PASSWORD, "newpass": NEW})

        assert answer.status_code == 200
        assert directory.binds(person, NEW)


class TestAccountCommand:
    @pytest.mark.parametrize("login", LOGINS)
    def test_when_any_of_several_logins_is_given_then_the_account_is_shown(
        self, directory, person, tmp_path, capsys, login
    ):
        config = write_settings_file(tmp_path, directory)

        assert main(["account", login, "--config", str(config)]) == 0
        assert "ndupond" in capsys.readouterr().out


LOGIN, NAME, MAIL = "contains_login", "contains_name", "contains_mail"


class TestNewPassword:
    @pytest.mark.parametrize(
        "part, rule",
        [
            *((login, LOGIN) for login in LOGINS),
            ("Leclerc", NAME),
            ("BriseBarre", NAME),
            ("Garnier", NAME),
            ("lefevre", NAME),
            ("Solene", NAME),
            ("Églantine", NAME),
            ("Melusine", MAIL),
            ("papillonne", MAIL),
            ("tournesol", MAIL),
            ("coquelicot", MAIL),
        ],
    )
    def test_when_it_holds_a_part_of_any_name_login_or_address_then_it_is_refused(
        self, directory, person, open_api, people, part, rule
    ):
        new = f"X9-{part}-{part.upper()}k"

        answer = open_api(people=people).post(
            "/api/v1/change", json={"login": "ndupond", "current_password": PASSWORD, "new_password": new}
        )

        assert rule in answer.json["rules"]
        assert directory.binds(person, PASSWORD)

    def test_when_it_holds_a_part_of_an_address_then_the_page_says_so(self, person, open_browser, people):
        page = open_browser(people=people).change("ndupond", PASSWORD, "X9-Coquelicot-k")

        assert "une partie de votre adresse de messagerie" in page.main

    def test_when_it_holds_only_the_domain_of_an_address_then_it_is_taken(self, directory, person, browser):
        browser.change("ndupond", PASSWORD, "Exemple-Org-2025")

        assert directory.binds(person, "Exemple-Org-2025")


class TestChange:
    @pytest.mark.parametrize("login", LOGINS)
    def test_when_any_of_several_logins_is_typed_then_the_password_changes(self, directory, person, browser, login):
        assert "Mot de passe modifié" in browser.change(login, PASSWORD, NEW).main
        assert directory.binds(person, NEW)

    def test_when_done_then_every_address_gets_one_mail(self, person, open_browser, people, mail_server, tmp_path):
        browser = open_browser(
            people=people,
            notifications={"spool": tmp_path / "mails", "smtp_host": "127.0.0.1", "smtp_port": mail_server.port},
        )

        browser.change("ndupond", PASSWORD, NEW)

        for address in ("nadia@ac-example.fr", "melusine.47@ac-example.fr", "papillonne@exemple.org",
                        "tournesol@exemple.org", "coquelicot@exemple.org"):  # fmt: skip
            assert mail_server.to(address)
        assert len(mail_server.mails) == 5


class TestAccount:
    def test_when_wrong_passwords_come_for_all_its_logins_then_they_count_together(
        self, directory, person, open_browser
    ):
        browser = open_browser(rate_limits={"per_address": "99/minute"})

        for login in islice(cycle(LOGINS), 3 * MAX_WRONG):
            browser.change(login, "Certainement-Faux-1", NEW)

        assert len(directory.read(person)["pwdFailureTime"]) == MAX_WRONG


class TestProtectedGroup:
    def test_when_it_names_a_login_with_an_option_then_the_person_is_refused(self, directory, person, open_browser):
        group = "cn=chiefs,ou=groups,dc=ac-example,dc=fr"
        directory.load(f"dn: {group}\nobjectClass: posixGroup\ncn: chiefs\ngidNumber: 4711\nmemberUid: zorglub\n")
        try:
            browser = open_browser(people={"protected_groups": [group]})
            page, unknown = (browser.change(login, PASSWORD, NEW) for login in ("ndupond", "nobody9"))
        finally:
            with directory.as_admin() as line:
                line.delete_s(group)

        assert page.main.replace("ndupond", "nobody9") == unknown.main
        assert directory.binds(person, PASSWORD)


class TestSecret:
    @pytest.mark.parametrize("attribute", ["numen;x-old", "birthDate;x-old", "mamiaPendingSecret;x-old"])
    def test_when_it_is_held_with_an_option_then_the_gateway_can_not_read_it(self, directory, attribute):
        directory.allow_options()
        directory.add_person("ndupond", **{attribute: "19850328"})

        with directory.as_service("gateway") as line:
            [(_, attributes)] = line.search_s(directory.dn("ndupond"), ldap.SCOPE_BASE, attrlist=["uid", attribute])

        assert attributes == {"uid": [b"ndupond"]}


class TestPersonWithoutAPlainValue:
    def test_when_only_options_hold_it_then_mail_and_login_are_known(self, directory, browser):
        directory.allow_options()
        directory.add_person("ndupond", mail=None, **{"mail;x-home": "papillonne@exemple.org"})

        assert "papillonne@exemple.org" in browser.find("Durand", "François").main
