"""What the directory's policy of one person allows is kept to, and told once that person proved who they are."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.support.password_policies import RecordedLogins, own_policy
from tests.support.polling import wait_until
from tests.support.slapd_server import PASSWORD

NEW = "Nouveau-2025"
LONG = "Nouveau-mot-de-passe-2025"
PARIS = ZoneInfo("Europe/Paris")


def stamp(when):
    return f"{when.astimezone(UTC):%Y%m%d%H%M%S}Z"


def ago(**duration):
    return stamp(datetime.now(UTC) - timedelta(**duration))


def in_french(when):
    """The minute that follows, as the pages write it."""
    return f"{(when + timedelta(seconds=59)).astimezone(PARIS):%d/%m/%Y à %H h %M}"


def without_blanks(text):
    return re.sub(r"\s", "", text)


@pytest.fixture
def fixed(directory):
    """Somebody whose policy has pwdAllowUserChange FALSE."""
    with own_policy(directory, "fixed", pwdAllowUserChange="FALSE") as policy:
        yield directory.add_person("fdurand4", pwdPolicySubentry=policy)


@pytest.fixture
def young(directory):
    """Somebody who changed the password an hour ago, and may do it once a day."""
    with own_policy(directory, "patient", pwdMinAge="86400") as policy:
        directory.add_person("fdurand4", pwdPolicySubentry=policy)
        directory.set("fdurand4", "pwdChangedTime", ago(hours=1))
        yield "fdurand4"


@pytest.fixture
def long(directory):
    """Somebody of whom the directory asks 16 characters."""
    with own_policy(directory, "long", pwdMinLength="16") as policy:
        yield directory.add_person("fdurand4", pwdPolicySubentry=policy)


def reads(directory, action):
    """How many searches and comparisons slapd was asked for by `action`."""
    before = counted(directory)
    action()
    after = counted(directory)
    return {name: after[name] - before[name] for name in ("Search", "Compare")}


def counted(directory):
    with directory.as_admin() as line:
        found = line.search_s("cn=Operations,cn=Monitor", 1, attrlist=["cn", "monitorOpInitiated"])
    return {entry["cn"][0].decode(): int(entry["monitorOpInitiated"][0]) for _, entry in found}


def says_when(page, directory):
    """Whether the page gives the hour from which the password can be changed, and the helpdesk's number."""
    [changed_at] = directory.read("fdurand4")["pwdChangedTime"]
    start = datetime.strptime(changed_at, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC) + timedelta(days=1)
    text = without_blanks(page.main)
    return without_blanks(in_french(start)) in text and "appelezl’assistance:" in text


class TestChange:
    def test_when_the_persons_policy_forbids_it_then_nothing_changes_and_the_page_says_so(
        self, directory, browser, fixed
    ):
        page = browser.change(fixed, PASSWORD, NEW)

        assert page.status == 422
        assert "n’autorise pas la modification" in page.main
        assert directory.binds(fixed, PASSWORD)

    def test_when_the_policy_forbids_it_and_the_password_is_wrong_then_the_answer_is_a_strangers(
        self, browser, fixed
    ):
        assert browser.change(fixed, "Faux-2025", NEW).main == browser.change("nobody9", "Faux-2025", NEW).main

    def test_when_the_password_is_too_young_then_the_hour_is_reported(self, directory, browser, young):
        page = browser.change(young, PASSWORD, NEW)

        assert page.status == 422
        assert says_when(page, directory)
        assert directory.binds(young, PASSWORD)

    def test_when_the_least_age_is_the_longest_that_slapd_takes_then_the_page_tells_it(
        self, directory, browser, young
    ):
        with own_policy(directory, "century", pwdMinAge="2147483647") as policy:
            directory.set(young, "pwdPolicySubentry", policy)

            page = browser.change(young, PASSWORD, NEW)

        assert page.status == 422
        assert "à partir du" in page.main

    def test_when_the_default_policy_has_another_name_then_the_setting_names_it(self, directory, open_browser):
        directory.add_person("fdurand4")
        directory.set("fdurand4", "pwdChangedTime", ago(hours=1))

        with own_policy(directory, "staff", pwdMinAge="86400") as policy:
            page = open_browser(directory={"default_policy": policy}).change("fdurand4", PASSWORD, NEW)

        assert says_when(page, directory)
        assert directory.binds("fdurand4", PASSWORD)

    def test_when_the_new_password_is_too_short_for_that_person_then_the_number_is_reported(
        self, directory, browser, long
    ):
        page = browser.change(long, PASSWORD, NEW)

        assert page.status == 422
        assert "trop court. Choisissez-en un d’au moins 16 caractères" in page.main
        assert "au moins 8 caractères" not in page.main
        assert directory.binds(long, PASSWORD)

    def test_when_the_current_password_is_wrong_then_the_persons_own_length_is_not_shown(self, browser, long):
        assert "16" not in browser.change(long, "Faux-2025", NEW).main

    def test_when_the_persons_policy_remembers_more_passwords_then_that_number_is_reported(self, directory, browser):
        with own_policy(directory, "long-memory", pwdInHistory="12") as policy:
            directory.add_person("fdurand4", pwdPolicySubentry=policy)
            browser.change("fdurand4", PASSWORD, NEW)

            page = browser.change("fdurand4", NEW, PASSWORD)

        assert "12 derniers" in page.main

    def test_when_the_persons_policy_does_not_exist_then_it_is_no_obstacle(self, directory, browser):
        directory.add_person("fdurand4")
        directory.set("fdurand4", "pwdPolicySubentry", "cn=gone,ou=policies,dc=ac-example,dc=fr")

        page = browser.change("fdurand4", PASSWORD, NEW)

        assert page.status == 200
        assert directory.binds("fdurand4", NEW)


def lock_until(directory, end):
    """As slapd does it after a wrong password where the policy has pwdMinDelay: that of Debian 12 crashes then."""
    directory.set("fdurand4", "pwdAccountTmpLockoutEnd", end)


@pytest.fixture
def durand(directory):
    return directory.add_person("fdurand4")


class TestClassicReset:
    def test_when_the_persons_policy_forbids_a_change_then_nothing_changes(self, directory, open_browser, fixed):
        page = open_browser(reset={"mode": "initial"}).prove(fixed)

        assert "n’autorise pas la modification" in page.main
        assert directory.binds(fixed, PASSWORD)

    def test_when_the_password_is_too_young_then_the_hour_is_reported(self, directory, open_browser, young):
        page = open_browser(reset={"mode": "initial"}).prove(young)

        assert says_when(page, directory)
        assert directory.binds(young, PASSWORD)

    def test_when_slapd_locked_the_account_for_a_while_then_nothing_is_written(self, directory, open_browser, durand):
        lock_until(directory, "20990101000000Z")

        page = open_browser(reset={"mode": "initial"}).prove(durand)

        assert "a bloqué ce compte" in page.main
        lock_until(directory, None)
        assert directory.binds(durand, PASSWORD)


SPELLINGS_OF_A_LOCK = [
    "20990101000000Z",
    "2099010100Z",
    "209901010000.5Z",
    "20990101010000+0100",
    "20990101000000,5Z",
]


@pytest.fixture
def idle_policy(directory):
    """A policy that closes accounts which nobody used for 30 days."""
    with own_policy(directory, "idle", pwdMaxIdle=str(30 * 86400)) as policy:
        yield policy


class TestServices:
    def test_when_what_was_typed_is_wrong_then_a_policy_costs_the_directory_nothing(self, directory, browser, fixed):
        def services(login):
            browser.change(login, "Faux-2025", NEW)
            browser.prove(login, "12E8534567AAA")

        services("nobody9")  # Opens the connections.

        assert reads(directory, lambda: services(fixed)) == reads(directory, lambda: services("nobody8"))

    @pytest.mark.parametrize("end", SPELLINGS_OF_A_LOCK)
    def test_when_the_account_is_locked_until_a_time_in_any_spelling_then_none_writes(
        self, directory, browser, durand, end
    ):
        lock_until(directory, end)
        assert not directory.binds(durand, PASSWORD)

        proved, changed = browser.prove(durand), browser.change(durand, PASSWORD, NEW)

        assert "a bloqué ce compte" in proved.main
        assert changed.main == browser.change("nobody9", PASSWORD, NEW).main
        lock_until(directory, None)
        assert directory.binds(durand, PASSWORD)

    @pytest.mark.parametrize("server", [RecordedLogins], indirect=True)
    @pytest.mark.parametrize(
        "changed_at", ["20260101000000Z", "2026010100Z", "20260101010000+0100", "00000101000000Z"]
    )
    def test_when_the_account_was_not_used_since_a_change_long_ago_then_they_answer_as_to_a_stranger(
        self, directory, browser, idle_policy, changed_at
    ):
        directory.add_person("fdurand4", pwdPolicySubentry=idle_policy)
        directory.set("fdurand4", "pwdChangedTime", changed_at)
        assert not directory.binds("fdurand4", PASSWORD)

        proved, changed = browser.prove("fdurand4"), browser.change("fdurand4", PASSWORD, NEW)

        assert proved.main == browser.prove("nobody9").main
        assert changed.status == 422
        directory.set("fdurand4", "pwdChangedTime", ago(days=1))
        assert directory.binds("fdurand4", PASSWORD)


class TestReset:
    def test_when_the_persons_policy_forbids_a_change_then_it_says_so_after_the_proofs(
        self, directory, browser, fixed
    ):
        page = browser.prove(fixed)

        assert page.status == 422
        assert "n’autorise pas la modification" in page.main
        assert "new_password" not in page.fields

    def test_when_the_policy_forbids_a_change_and_the_number_is_wrong_then_the_answer_is_a_strangers(
        self, browser, fixed
    ):
        wrong = "12E8534567AAA"

        assert browser.prove(fixed, wrong).main == browser.prove("nobody9", wrong).main

    def test_when_the_password_is_too_young_then_the_hour_is_reported_at_once_after_the_proofs(
        self, directory, browser, young
    ):
        page = browser.prove(young)

        assert page.status == 422
        assert says_when(page, directory)
        assert "new_password" not in page.fields

    def test_when_the_password_must_be_changed_then_its_age_does_not_matter(self, directory, browser, young):
        directory.set(young, "pwdReset", "TRUE")

        assert browser.choose(browser.prove(young), NEW).status == 200
        assert directory.binds(young, NEW)

    def test_when_the_password_is_old_enough_then_it_is_changed(self, directory, browser, young):
        directory.set(young, "pwdChangedTime", ago(hours=25))

        assert browser.choose(browser.prove(young), NEW).status == 200
        assert directory.binds(young, NEW)

    def test_when_the_persons_policy_asks_for_more_characters_then_the_form_says_how_many(self, browser, long):
        page = browser.prove(long)

        assert "au moins 16 caractères" in page.main
        assert "au moins 8 caractères" not in page.main

    def test_when_the_persons_policy_asks_for_more_characters_then_the_script_gets_that_number(self, browser, long):
        assert 'data-min-length="16"' in browser.prove(long).source

    def test_when_the_new_password_is_too_short_for_that_person_then_the_number_is_reported_and_the_form_stays(
        self, directory, browser, long
    ):
        page = browser.choose(browser.prove(long), NEW)

        assert page.status == 422
        assert "doit contenir au moins 16 caractères" in page.main
        assert "au moins 8 caractères" not in page.main
        assert browser.choose(page, LONG).status == 200
        assert directory.binds(long, LONG)

    def test_when_slapd_locked_the_account_for_a_while_then_the_page_says_until_when(
        self, directory, browser, durand
    ):
        end = datetime.now(UTC) + timedelta(minutes=15)
        lock_until(directory, stamp(end))
        assert not directory.binds(durand, PASSWORD)

        page = browser.prove(durand)

        assert page.status == 422
        assert without_blanks(in_french(end)) in without_blanks(page.main)
        assert "new_password" not in page.fields

    def test_when_slapd_locks_the_account_between_the_steps_then_nothing_is_written_and_the_form_stays(
        self, directory, browser, durand
    ):
        form = browser.prove(durand)
        lock_until(directory, "20990101000000Z")

        page = browser.choose(form, NEW)

        assert page.status == 422
        assert "a bloqué ce compte" in page.main
        lock_until(directory, None)
        assert browser.choose(page, NEW).status == 200
        assert directory.binds(durand, NEW)

    @pytest.mark.parametrize("end", ["20200101000000Z", "2020010100Z", "20200101010000+0100"])
    def test_when_such_a_lock_is_over_then_the_account_is_served(self, directory, browser, durand, end):
        lock_until(directory, end)
        assert directory.binds(durand, PASSWORD)

        assert browser.choose(browser.prove(durand), NEW).status == 200
        assert directory.binds(durand, NEW)

    @pytest.mark.parametrize("end", ["99991231235959Z", "00000101000000Z"])
    def test_when_the_end_of_a_lock_is_no_time_that_slapd_knows_then_the_account_counts_as_closed(
        self, directory, browser, durand, end
    ):
        lock_until(directory, end)

        assert browser.prove(durand).main == browser.prove("nobody9").main

    def test_when_the_policy_locks_nobody_then_a_mark_that_is_left_is_no_obstacle(self, directory, browser):
        with own_policy(directory, "open", pwdLockout="FALSE") as policy:
            directory.add_person("fdurand4", pwdPolicySubentry=policy)
            lock_until(directory, "20990101000000Z")
            assert directory.binds("fdurand4", PASSWORD)

            assert browser.choose(browser.prove("fdurand4"), NEW).status == 200
            assert directory.binds("fdurand4", NEW)

    @pytest.mark.parametrize("server", [RecordedLogins], indirect=True)
    def test_when_the_last_login_is_too_long_ago_then_the_account_counts_as_closed(self, directory, browser):
        with own_policy(directory, "idle", pwdMaxIdle="1") as policy:
            directory.add_person("fdurand4", pwdPolicySubentry=policy)
            assert directory.binds("fdurand4", PASSWORD)
            [last] = directory.read("fdurand4")["pwdLastSuccess"]
            wait_until(lambda: stamp(datetime.now(UTC) - timedelta(seconds=2)) > last)
            assert not directory.binds("fdurand4", PASSWORD)

            assert "new_password" not in browser.prove("fdurand4").fields

    @pytest.mark.parametrize("server", [RecordedLogins], indirect=True)
    def test_when_the_account_was_used_lately_then_it_is_served(self, directory, browser, idle_policy):
        directory.add_person("fdurand4", pwdPolicySubentry=idle_policy)
        assert directory.binds("fdurand4", PASSWORD)
        directory.set("fdurand4", "pwdChangedTime", "20260101000000Z")

        assert browser.choose(browser.prove("fdurand4"), NEW).status == 200
        assert directory.binds("fdurand4", NEW)

    def test_when_slapd_records_no_logins_then_idleness_is_no_obstacle(self, directory, browser, idle_policy):
        directory.add_person("fdurand4", pwdPolicySubentry=idle_policy)
        directory.set("fdurand4", "pwdChangedTime", "20260101000000Z")
        assert directory.binds("fdurand4", PASSWORD)

        assert browser.choose(browser.prove("fdurand4"), NEW).status == 200
        assert directory.binds("fdurand4", NEW)
