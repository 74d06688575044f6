"""/health/ready says 503 when people's requests fail, and 200 when they work: both are asked in each case."""

from __future__ import annotations

import pytest
import redis as redis_client

from gateway.app import create_app
from gateway.checks.finding import Level
from gateway.checks.strength import check_strength
from gateway.composition.web import build_gateway
from tests.support.browser import Browser
from tests.support.planted_directory import DATABASE, GATEWAY, OVERLAY, PlantedDirectory
from tests.support.ports import free_port
from tests.support.slapd_server import PASSWORD, PEOPLE, QUICK_HASH, SUFFIX, SlapdServer

NEW = "Nouveau-2025"
TROUBLE = (422, 500, 503)
"""422: right answers are refused, because they cannot be compared."""
READY = "/health/ready"


@pytest.fixture(scope="module")
def academy(tmp_path_factory):
    server = SlapdServer(tmp_path_factory.mktemp("ready") / "state", hash_cost=QUICK_HASH)
    server.add_person("fdurand4")
    yield PlantedDirectory(server)
    server.slapd.stop()


@pytest.fixture
def place(academy):
    yield academy
    academy.restore()


@pytest.fixture
def open_site(place):
    """Opens a browser before a gateway on the place; its readiness is asked anew each time."""
    built = []

    def opener(**sections):
        for name, values in sections.items():
            place.set(name, **values)
        gateway = build_gateway(place.settings)
        gateway.readiness.kept_seconds = 0.0
        built.append(gateway)
        return Browser(create_app(gateway))

    yield opener
    for gateway in built:
        gateway.close()


def ready(browser):
    return browser.client.get(READY)


def changes(browser, new=NEW):
    return browser.change("fdurand4", PASSWORD, new).status


def resets(browser):
    return browser.prove("fdurand4").status


class TestDirectory:
    def test_when_all_is_well_then_it_is_ready_and_nothing_was_changed(self, place, open_site):
        browser = open_site()
        before = place.server.read("fdurand4")

        answers = [ready(browser), ready(browser)]

        assert [answer.status_code for answer in answers] == [200, 200]
        assert {"directory: comparisons", "directory: writes"} <= answers[0].json["checks"].keys()
        assert place.server.read("fdurand4") == before
        assert changes(browser) == 200

    def test_when_people_must_accept_a_policy_then_it_is_ready_too(self, open_site):
        browser = open_site(charter={"version": "2026-09", "url": "https://www.ac-example.fr/charte"})

        assert ready(browser).status_code == 200

    @pytest.mark.parametrize(
        "break_it, use",
        [
            (lambda place: place.change(DATABASE, olcReadOnly="TRUE"), changes),
            (
                lambda place: place.put_rule(
                    f'to dn.subtree="{PEOPLE}" attrs=userPassword by dn.exact="{GATEWAY}" none by * break'
                ),
                changes,
            ),
            (
                lambda place: place.put_rule(
                    f'to dn.subtree="{PEOPLE}" attrs=numen by dn.exact="{GATEWAY}" none by * break'
                ),
                resets,
            ),
            (
                lambda place: place.put_rule(
                    f'to dn.subtree="ou=services,{SUFFIX}" attrs=numen by dn.exact="{GATEWAY}" none by * break'
                ),
                None,
            ),
            (lambda place: place.delete(OVERLAY), changes),
            (lambda place: place.server.slapd.stop(), changes),
        ],
        ids=["read-only", "no right to write", "no right to compare", "decoy", "no policies", "stopped"],
    )
    def test_when_peoples_requests_fail_then_it_is_not_ready_and_is_again_afterwards(
        self, place, open_site, break_it, use
    ):
        browser = open_site()
        assert ready(browser).status_code == 200

        break_it(place)
        # Connections of before are closed: what they were bound for is as it was.
        broken = open_site()

        assert ready(broken).status_code == 503
        assert use is None or use(broken) in TROUBLE
        place.restore()
        assert ready(open_site()).status_code == 200

    def test_when_the_directory_protects_the_first_person_only_then_it_is_ready(self, place, open_site):
        place.server.add_person("zlast")
        place.put_rule(
            f'to dn.exact="uid=fdurand4,{PEOPLE}" attrs=userPassword by dn.exact="{GATEWAY}" none by * break'
        )

        assert ready(open_site()).status_code == 200

    def test_when_nobody_is_there_yet_then_it_is_ready(self, place, open_site):
        place.delete(f"uid=fdurand4,{PEOPLE}")

        assert ready(open_site()).status_code == 200


class TestStore:
    def test_when_it_works_then_it_is_ready_and_leaves_only_what_expires_at_once(self, open_site, redis):
        browser = open_site(rate_limits={"store": redis.url})

        assert ready(browser).status_code == 200
        assert changes(browser) == 200
        with redis_client.Redis.from_url(redis.url) as client:
            keys = [key for key in client.scan_iter() if b"check" in key]
            assert all(0 < client.pttl(key) <= 2000 for key in keys)

    @pytest.mark.parametrize(
        "break_it",
        [
            lambda client: client.execute_command("REPLICAOF", "127.0.0.1", free_port()),
            lambda client: client.config_set("maxmemory", "1"),
            lambda client: client.config_set("requirepass", "a-password"),
            lambda client: client.execute_command("ACL", "SETUSER", "default", "-evalsha"),
            lambda client: client.config_set("min-replicas-to-write", "1"),
        ],
        ids=["read-only", "full", "another password", "no right", "too few replicas"],
    )
    def test_when_it_cannot_be_written_then_pages_and_readiness_say_so(self, open_site, redis, break_it):
        browser = open_site(rate_limits={"store": redis.url})
        assert ready(browser).status_code == 200
        with redis_client.Redis.from_url(redis.url) as client:
            break_it(client)
        broken = open_site()

        answer = ready(broken)

        assert answer.status_code == 503
        assert answer.json["checks"]["rate_limits.store"] == "FAIL"
        assert changes(broken) == 503

    def test_when_it_evicts_then_pages_work_and_it_is_ready(self, open_site, redis):
        browser = open_site(rate_limits={"store": redis.url})
        with redis_client.Redis.from_url(redis.url) as client:
            client.config_set("maxmemory-policy", "allkeys-lru")

        assert ready(browser).status_code == 200
        assert changes(browser) == 200


class TestStrength:
    def test_when_a_minimum_is_set_then_each_process_judges_a_password_before_it_is_ready(self, open_site):
        answer = ready(open_site(password={"min_strength": 50}))

        assert answer.status_code == 200
        assert answer.json["checks"]["password.min_strength"] == "OK"

    def test_when_passwords_cannot_be_judged_then_it_says_so(self):
        def stopped(password, login):
            raise OSError("Operation not permitted")

        found = check_strength(stopped)

        assert found.level is Level.FAIL
        assert "every change and reset fails: Operation not permitted" in found.message
