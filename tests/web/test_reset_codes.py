"""A code of the helpdesk in the place of the NUMEN: who gets in with it, and who does not."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import ldap
import pytest

from gateway.account.errors import DirectoryUnavailable
from gateway.account.reset_code import LENGTH
from gateway.app import create_app
from gateway.composition.web import Gateway
from gateway.demo.private_slapd import SUFFIX
from gateway.services.outcomes import RateLimited
from gateway.services.reset_codes import Approved, Closed, CodeRefusal, CodeRefused, Given, Requested
from tests.support.academy_access_rules import DEBIANS_RULES, academy_access_rules
from tests.support.browser import Browser
from tests.support.helpdesk import AGENT, codes_of, give_code, helpdesk_of
from tests.support.slapd_operations import operations
from tests.support.slapd_server import NUMEN, PASSWORD, PAST, SlapdServer
from tests.support.upgraded_slapd import UpgradedSlapd

NEW, OTHER = "Nouveau-2025", "Different-2026"
NOT_PROVED = "Ces informations ne correspondent à aucun compte"
UNKNOWN = "K7PRD 2MX9Q"
SECRET_KEY = "one and the same key of every front end 123"
PROTECTED_GROUP = f"cn=protected,ou=groups,{SUFFIX}"


@pytest.fixture
def front_end(build: Callable[..., Gateway], directory: SlapdServer) -> Callable[..., Gateway]:
    """Another front end of the same site: `front_end(code_minutes=20)`; other sections go into `sections`."""

    def builder(sections: dict[str, dict[str, object]] | None = None, **helpdesk: object) -> Gateway:
        web = {"secret_keys": [SECRET_KEY], "secure_cookies": False}
        return build(**{"web": web, "helpdesk": helpdesk_of(directory, **helpdesk), **(sections or {})})

    return builder


@pytest.fixture
def site(front_end: Callable[..., Gateway]) -> Gateway:
    return front_end()


@pytest.fixture
def visitor(site: Gateway) -> Browser:
    return Browser(create_app(site))


@pytest.fixture
def newcomer(directory: SlapdServer) -> str:
    """Somebody whom the directory has no number of."""
    return directory.add_person("tgirard", numen=None)


class TestReset:
    @pytest.mark.parametrize("written", ["{}", " {} ", "{}".lower()])
    def test_when_somebody_without_numen_has_a_code_then_they_choose_a_password(
        self, directory, site, visitor, newcomer, written
    ):
        code = written.format(give_code(site, newcomer))

        page = visitor.choose(visitor.prove(newcomer, code), NEW)

        assert page.status == 200
        assert directory.binds(newcomer, NEW)
        assert "mamiaResetCode" not in directory.read(newcomer)
        assert "mamiaResetCodeUntil" not in directory.read(newcomer)

    @pytest.mark.parametrize("spoken", [str.lower, lambda code: code.replace(" ", "-"), lambda code: f" {code} "])
    def test_when_the_code_is_typed_in_another_way_then_it_counts(self, site, visitor, newcomer, spoken):
        code = give_code(site, newcomer)

        assert "ticket" in visitor.prove(newcomer, spoken(code)).fields

    def test_when_the_code_was_given_then_the_numen_counts_as_before_and_closes_it(self, directory, site, visitor):
        directory.add_person("fdurand4")
        code = give_code(site, "fdurand4")

        visitor.choose(visitor.prove("fdurand4", NUMEN), NEW)

        assert directory.binds("fdurand4", NEW)
        assert NOT_PROVED in visitor.prove("fdurand4", code).main

    def test_when_the_person_changes_the_password_meanwhile_then_the_code_is_closed(self, directory, site, visitor):
        directory.add_person("fdurand4")
        code = give_code(site, "fdurand4")

        visitor.change("fdurand4", PASSWORD, NEW)

        assert NOT_PROVED in visitor.prove("fdurand4", code).main
        assert directory.binds("fdurand4", NEW)

    def test_when_the_code_was_used_then_it_opens_nothing_more(self, directory, site, visitor, newcomer):
        code = give_code(site, newcomer)
        visitor.choose(visitor.prove(newcomer, code), NEW)

        assert NOT_PROVED in visitor.prove(newcomer, code).main

    def test_when_the_birth_date_is_wrong_then_the_code_proves_nothing_and_stays(self, site, visitor, newcomer):
        code = give_code(site, newcomer)

        assert NOT_PROVED in visitor.prove(newcomer, code, "28/03/1985").main
        assert "ticket" in visitor.prove(newcomer, code).fields

    def test_when_the_code_has_expired_then_it_opens_nothing(self, directory, site, visitor, newcomer):
        code = give_code(site, newcomer)
        directory.set(newcomer, "mamiaResetCodeUntil", PAST)

        assert NOT_PROVED in visitor.prove(newcomer, code).main

    def test_when_a_new_code_is_given_then_the_one_before_opens_nothing(self, site, visitor, newcomer):
        former = give_code(site, newcomer)
        code = give_code(site, newcomer)

        assert NOT_PROVED in visitor.prove(newcomer, former).main
        assert "ticket" in visitor.prove(newcomer, code).fields

    def test_when_the_helpdesk_gives_no_codes_then_one_that_waits_opens_nothing(
        self, build, directory, site, newcomer
    ):
        code = give_code(site, newcomer)
        without = Browser(create_app(build(web={"secret_keys": [SECRET_KEY], "secure_cookies": False})))

        assert NOT_PROVED in without.prove(newcomer, code).main

    def test_when_a_second_factor_is_required_and_none_is_known_then_the_code_suffices(
        self, directory, front_end, newcomer, tmp_path
    ):
        second = {"methods": ["mail"], "if_none_known": "refuse"}
        sections = {
            "second_factor": second,
            "people": {"private_mail": "privateMail"},
            "notifications": {"spool": tmp_path / "mails"},
        }
        site = front_end(sections)
        visitor = Browser(create_app(site))

        visitor.choose(visitor.prove(newcomer, give_code(site, newcomer)), NEW)

        assert directory.binds(newcomer, NEW)


class TestUniformAnswers:
    @pytest.mark.parametrize("login", ["somebody", "tgirard", "waiting", "elsewhere", "closed", "guarded"])
    def test_when_the_code_is_not_theirs_then_one_and_the_same_answer_comes(
        self, directory, front_end, newcomer, login
    ):
        """Unknown login, nobody's code, a code that waits, another's code, a closed and a protected account."""
        site = front_end({"people": {"protected_filter": "(uid=guarded)"}})
        visitor = Browser(create_app(site))
        for other in ("waiting", "elsewhere", "closed", "guarded"):
            directory.add_person(other, numen=None)
        give_code(site, "waiting")
        give_code(site, "closed")
        directory.set("closed", "pwdAccountLockedTime", "000001010000Z")
        typed = give_code(site, "elsewhere") if login != "elsewhere" else UNKNOWN
        reference = visitor.prove("nobody", UNKNOWN, "01/01/1970")

        page = visitor.prove(login, typed)

        assert page.status == 422
        assert page.main == reference.main
        assert "ticket" not in page.fields

    def test_when_a_code_is_tried_then_slapd_does_the_same_work_whosever_it_is(
        self, directory, site, visitor, newcomer
    ):
        """So the time of an answer shows neither who has a code nor whether it has expired."""
        directory.add_person("waiting", numen=None)
        directory.add_person("expired", numen=None)
        give_code(site, "waiting")
        late = give_code(site, "expired")
        directory.set("expired", "mamiaResetCodeUntil", PAST)
        visitor.prove("nobody", UNKNOWN)

        work = {}
        tries = (("nobody", UNKNOWN), (newcomer, UNKNOWN), ("waiting", UNKNOWN), ("expired", late))
        for login, typed in tries:
            before = operations(directory)
            visitor.prove(login, typed)
            after = operations(directory)
            work[login] = {name: after[name] - before[name] for name in after}

        assert work["nobody"]["Compare"] >= 3
        assert all(one == work["nobody"] for one in work.values()), work

    def test_when_the_hash_of_one_person_is_copied_to_another_then_the_code_opens_neither(
        self, directory, site, visitor, newcomer
    ):
        directory.add_person("thief", numen=None)
        code = give_code(site, newcomer)
        copied = directory.read(newcomer)
        directory.set("thief", "objectClass", copied["objectClass"])
        for name in ("mamiaResetCode", "mamiaResetCodeUntil"):
            directory.set("thief", name, copied[name])

        assert NOT_PROVED in visitor.prove("thief", code).main


class TestUsedTwice:
    def test_when_two_front_ends_use_one_code_at_once_then_one_password_is_set(self, directory, front_end, newcomer):
        here, there = front_end(), front_end()
        code = give_code(here, newcomer)
        browsers = [Browser(create_app(here)), Browser(create_app(there))]
        steps = [browser.prove(newcomer, code) for browser in browsers]
        assert all("ticket" in step.fields for step in steps)
        together = threading.Barrier(2)

        def choose(number: int) -> int:
            together.wait()
            return browsers[number].choose(steps[number], (NEW, OTHER)[number]).status

        with ThreadPoolExecutor(2) as both:
            statuses = list(both.map(choose, (0, 1)))

        assert sorted(statuses) == [200, 422]
        assert [directory.binds(newcomer, password) for password in (NEW, OTHER)] == [
            status == 200 for status in statuses
        ]

    def test_when_the_code_is_closed_between_the_steps_then_no_password_is_set(
        self, directory, site, visitor, newcomer
    ):
        step = visitor.prove(newcomer, give_code(site, newcomer))
        assert isinstance(codes_of(site).close(newcomer, "helen", "", AGENT), Closed)

        page = visitor.choose(step, NEW)

        assert page.status == 422
        assert directory.binds(newcomer, PASSWORD)

    def test_when_the_code_is_closed_just_before_the_write_then_no_password_is_set(
        self, directory, site, visitor, newcomer, monkeypatch
    ):
        """The write itself looks whether the code is there."""
        step = visitor.prove(newcomer, give_code(site, newcomer))
        passwords = site.directory.passwords
        account_for = passwords.account_for

        def closed_afterwards(grant):
            account = account_for(grant)
            codes_of(site).close(newcomer, "helen", "", AGENT)
            return account

        monkeypatch.setattr(passwords, "account_for", closed_afterwards)

        page = visitor.choose(step, NEW)

        assert page.status == 422
        assert directory.binds(newcomer, PASSWORD)

    def test_when_the_keys_of_the_site_were_rotated_then_the_code_still_opens(self, build, directory, site, newcomer):
        code = give_code(site, newcomer)
        keys = ["another key, newer than the one before 456", SECRET_KEY]
        web = {"secret_keys": keys, "secure_cookies": False}
        rotated = Browser(create_app(build(web=web, helpdesk=helpdesk_of(directory))))

        rotated.choose(rotated.prove(newcomer, code), NEW)

        assert directory.binds(newcomer, NEW)

    def test_when_service_and_directory_were_restarted_then_the_code_still_opens(
        self, directory, front_end, newcomer
    ):
        code = give_code(front_end(), newcomer)
        directory.restart()
        restarted = Browser(create_app(front_end()))

        restarted.choose(restarted.prove(newcomer, code), NEW)

        assert directory.binds(newcomer, NEW)


class TestGuessing:
    def test_when_codes_are_tried_from_many_addresses_then_even_the_right_one_is_refused(
        self, site, visitor, newcomer
    ):
        code = give_code(site, newcomer)
        for number in range(10):
            visitor.client.environ_base["REMOTE_ADDR"] = f"192.0.2.{number}"
            assert visitor.prove(newcomer, UNKNOWN).status in (422, 429)
        visitor.client.environ_base["REMOTE_ADDR"] = "198.51.100.1"

        assert "ticket" not in visitor.prove(newcomer, code).fields

    def test_when_an_agent_gives_codes_to_everybody_then_they_are_stopped(self, directory, front_end, newcomer):
        site = front_end({"rate_limits": {"reset_codes_per_agent": "2/hour"}})
        directory.add_person("adupont")
        give_code(site, newcomer)
        give_code(site, "adupont")

        assert isinstance(codes_of(site).give("adupont", "HELEN", "", AGENT), RateLimited)
        assert isinstance(codes_of(site).give("adupont", "bob", "", AGENT), Given)


class TestStolenBackup:
    def test_when_somebody_has_the_whole_directory_then_they_cannot_make_a_code_of_it(
        self, directory, build, site, newcomer
    ):
        """Another key finds nothing, and what is stored is none of the ways in which a code can be typed."""
        code = give_code(site, newcomer).replace(" ", "")
        stored = directory.read(newcomer)["mamiaResetCode"][0]
        thief = Browser(create_app(build(helpdesk=helpdesk_of(directory))))

        assert len(code) == LENGTH
        assert code not in stored
        assert NOT_PROVED in thief.prove(newcomer, code).main
        assert NOT_PROVED in thief.prove(newcomer, stored[:40]).main


class TestGiving:
    def test_when_the_directory_stops_before_the_write_then_nobody_gets_a_code(
        self, directory, site, newcomer, monkeypatch
    ):
        codes = codes_of(site)
        give_code(site, newcomer)
        read = codes.accounts

        def then_killed(*arguments):
            account = read(*arguments)
            directory.kill()
            return account

        object.__setattr__(codes, "accounts", then_killed)

        with pytest.raises(DirectoryUnavailable):
            codes.give(newcomer, "helen", "", AGENT)

    @pytest.mark.parametrize(
        "login, reason",
        [
            ("nobody", CodeRefusal.NOT_FOUND),
            ("guarded", CodeRefusal.PROTECTED),
            ("agent", CodeRefusal.PROTECTED),
            ("closed", CodeRefusal.CLOSED),
        ],
    )
    def test_when_the_helpdesk_must_leave_them_alone_then_no_code_is_given(self, directory, front_end, login, reason):
        for one in ("guarded", "agent", "closed"):
            directory.add_person(one)
        directory.set("closed", "pwdAccountLockedTime", "000001010000Z")
        site = front_end({"people": {"protected_filter": "(uid=guarded)"}}, agents_filter="(uid=agent)")

        refused = codes_of(site).give(login, "helen", "", AGENT)

        assert refused == CodeRefused(reason)
        assert login == "nobody" or "mamiaResetCode" not in directory.read(login)


class TestFourEyes:
    @pytest.fixture
    def codes(self, directory, front_end):
        directory.add_person("director", title="principal")
        return codes_of(front_end(four_eyes_filter="(uid=director)"))

    def test_when_a_second_agent_approves_then_the_first_one_gets_the_code(self, directory, codes):
        asked = codes.give("director", "helen", "ticket 1", AGENT)
        approved = codes.approve("director", "bob", "helen", AGENT)
        given = codes.give("director", "helen", "ticket 1", AGENT)

        assert isinstance(asked, Requested)
        assert isinstance(approved, Approved)
        assert isinstance(given, Given)

    def test_when_nobody_approved_then_asking_again_gives_no_code(self, codes):
        codes.give("director", "helen", "", AGENT)

        assert isinstance(codes.give("director", "helen", "", AGENT), Requested)

    @pytest.mark.parametrize("agent", ["helen", "HELEN"])
    def test_when_the_agent_approves_alone_then_it_is_refused(self, codes, agent):
        codes.give("director", "helen", "", AGENT)

        assert codes.approve("director", agent, "helen", AGENT) == CodeRefused(CodeRefusal.SAME_AGENT)

    def test_when_another_agent_takes_the_approval_then_there_is_no_code(self, codes):
        codes.give("director", "helen", "", AGENT)
        codes.approve("director", "bob", "helen", AGENT)

        assert isinstance(codes.give("director", "mallory", "", AGENT), Requested)
        assert isinstance(codes.give("director", "helen", "", AGENT), Requested)

    def test_when_nobody_asked_or_the_request_is_old_then_there_is_nothing_to_approve(self, directory, codes):
        assert codes.approve("director", "bob", "helen", AGENT) == CodeRefused(CodeRefusal.NO_REQUEST)
        codes.give("director", "helen", "", AGENT)
        directory.set("director", "mamiaResetCodeUntil", PAST)

        assert codes.approve("director", "bob", "helen", AGENT) == CodeRefused(CodeRefusal.NO_REQUEST)

    def test_when_the_filter_cannot_be_decided_then_a_second_agent_is_needed(self, directory, front_end):
        directory.add_person("adupont")
        codes = codes_of(front_end(four_eyes_filter="(noSuchAttribute=x)"))

        assert isinstance(codes.give("adupont", "helen", "", AGENT), Requested)


class UpgradedWithCodes(UpgradedSlapd):
    """A directory of version 0.1.0 that got the three files of the codes, as docs/directory.md says."""

    def __init__(self, state, **arguments):
        super().__init__(state, **arguments)
        self.upgrade("schema/mamia-recovery.ldif")
        self.upgrade("48-recovery.ldif")
        self.upgrade("71-helpdesk-account.ldif", HELPDESK_PASSWORD=self.slapd.password("helpdesk"))


class TestUpgraded:
    @pytest.mark.parametrize("server", [UpgradedWithCodes], indirect=True)
    def test_when_an_earlier_directory_got_the_files_then_codes_work(self, directory, site, visitor, newcomer):
        visitor.choose(visitor.prove(newcomer, give_code(site, newcomer)), NEW)

        assert directory.binds(newcomer, NEW)
        with directory.connect() as line, pytest.raises(ldap.INVALID_CREDENTIALS):
            line.simple_bind_s(f"cn=helpdesk,ou=services,{SUFFIX}", "certainly wrong")


class TestRights:
    def test_when_the_helpdesks_account_is_stolen_then_it_reads_no_code_and_writes_nothing_else(
        self, directory, site, newcomer
    ):
        give_code(site, newcomer)
        with directory.as_service("helpdesk") as line:
            read = line.read_s(directory.dn(newcomer))
            for attribute, value in (("userPassword", NEW), ("mail", "x@y.fr"), ("numen", "X")):
                with pytest.raises(ldap.INSUFFICIENT_ACCESS):
                    line.modify_s(directory.dn(newcomer), [(ldap.MOD_REPLACE, attribute, [value.encode()])])
            with pytest.raises(ldap.INSUFFICIENT_ACCESS):
                line.modify_s(directory.dn(newcomer), [(ldap.MOD_ADD, "objectClass", [b"shadowAccount"])])

        assert set(read) == {"objectClass", "uid", "mamiaResetCodeUntil", "sn", "givenName", "mail"}

    def test_when_the_gateways_account_is_stolen_then_it_writes_and_reads_no_code(self, directory, site, newcomer):
        give_code(site, newcomer)
        with directory.as_service("gateway") as line:
            read = line.read_s(directory.dn(newcomer), attrlist=["mamiaResetCode"])
            with pytest.raises(ldap.INSUFFICIENT_ACCESS):
                line.modify_s(directory.dn(newcomer), [(ldap.MOD_REPLACE, "mamiaResetCode", [b"1;mine"])])
            partly = line.search_s(directory.dn(newcomer), ldap.SCOPE_BASE, "(mamiaResetCode=1;*)", ["1.1"])

        assert read == {}
        assert partly == []

    @pytest.mark.parametrize("attribute", ["mamiaResetCode", "mamiaResetCodeUntil"])
    def test_when_anybody_else_looks_then_they_do_not_see_who_has_a_code(self, directory, site, newcomer, attribute):
        directory.add_person("curious")
        give_code(site, newcomer)
        with academy_access_rules(directory, *DEBIANS_RULES), directory.as_person("curious") as line:
            found = line.search_s(SUFFIX, ldap.SCOPE_SUBTREE, f"({attribute}=*)", ["1.1"])
            seen = line.read_s(directory.dn(newcomer), attrlist=["uid", attribute])

        assert found == []
        assert set(seen) == {"uid"}

    def test_when_the_person_is_in_the_protected_group_then_slapd_itself_refuses_a_code(self, directory, site):
        directory.add_person("guarded")
        member = (PROTECTED_GROUP, [(ldap.MOD_ADD, "member", [directory.dn("guarded").encode()])])
        with directory.as_admin() as line:
            line.modify_s(*member)
        try:
            with directory.as_service("helpdesk") as line, pytest.raises(ldap.INSUFFICIENT_ACCESS):
                line.modify_s(
                    directory.dn("guarded"),
                    [
                        (ldap.MOD_ADD, "objectClass", [b"mamiaRecoverable"]),
                        (ldap.MOD_REPLACE, "mamiaResetCode", [b"1;mine"]),
                    ],
                )
        finally:
            with directory.as_admin() as line:
                line.modify_s(PROTECTED_GROUP, [(ldap.MOD_DELETE, "member", [directory.dn("guarded").encode()])])
