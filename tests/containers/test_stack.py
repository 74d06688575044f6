"""The whole stack of docker/compose.yaml under podman, from docker/first-start to the workstation.

Base images are stand-ins (make-stand-ins): what is proved is ours, not theirs.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import sync_playwright

from gateway.demo.private_samba import HOST, PEOPLE, PrivateSamba
from tests.support.browser import CHANGE, FIND, RESET
from tests.support.container_stack import BASE_IMAGES, PROJECT, ROOT, SERVICES, ContainerStack
from tests.support.container_visitor import LIMITED, SITE, visitor
from tests.support.domain_writes import password_writes
from tests.support.installed_program import page_commands
from tests.support.matching import first_match
from tests.support.page_actions import choose, fill, send
from tests.support.polling import wait_until
from tests.support.visitor_network import IPV4, IPV6, UNKNOWN, found_by, ip, visitor_network

pytestmark = [pytest.mark.install, pytest.mark.xdist_group("containers")]
DOMAIN_ADDRESS = "10.99.41.10"
DURAND = {"surname": "Durand", "given_name": "François", "birth_date": "27/03/1985"}
NUMEN, LOGIN = "12E8534567ABC", "fdurand"
OTHERS_NUMBER, OTHER = "12E7834567GHI", "amartin"
THIRD_NUMBER, THIRD_LOGIN = "12E8234567JKL", "mnguyen"
FIRST, SECOND, THIRD = "Premier-Pw-2025!", "Deuxieme-Pw-2026!", "Troisieme-Pw-2027!"
FOURTH, FIFTH = "Quatrieme-Pw-2028!", "Cinquieme-Pw-2029!"
WEB = ("web1", "web2")
STRANGERS = 10
"""The addresses before those of the web services are nine."""
USERS = {"proxy": 101, "web1": 10001, "web2": 10001, "worker": 10002, "listener": 10003, "directory": 10003}


@pytest.fixture(scope="module")
def domain():
    """A Samba domain controller at an address of this machine that containers reach."""
    ip("address", "add", f"{DOMAIN_ADDRESS}/32", "dev", "lo")
    try:
        with tempfile.TemporaryDirectory(prefix="ad-", ignore_cleanup_errors=True) as folder:
            samba = PrivateSamba(Path(folder) / "dc", DOMAIN_ADDRESS)
            Path(folder).chmod(0o711)
            samba.create()
            samba.start()
            samba.add_people([LOGIN, OTHER], FIRST)
            yield samba
            samba.stop()
    finally:
        ip("address", "del", f"{DOMAIN_ADDRESS}/32", "dev", "lo")


@pytest.fixture(scope="module")
def stack(domain, tmp_path_factory):
    """Started as a new user starts it, with invented people; what first-start printed is in `printed`."""
    made = ContainerStack(tmp_path_factory.mktemp("stack"), HOST, DOMAIN_ADDRESS)
    made.run(BASE_IMAGES)
    made.remove()
    try:
        made.first_start("--sample")
        yield made
    finally:
        made.remove()


@pytest.fixture
def healthy(stack):
    """The stack, all of it healthy before the test and after it."""
    stack.wait_until_healthy()
    yield stack
    stack.wait_until_healthy()


@pytest.fixture(scope="module")
def with_domain(stack, domain):
    """The same after somebody has added the domain."""
    stack.add_domain(PEOPLE, "svc-gateway@ad.example.test", domain.password_file("svc-gateway"), domain.authority)
    stack.compose("--profile", "tools", "run", "--rm", "prepare")
    for name in WEB:
        stack.inside(name, "mamia", "reload")
    stack.compose("restart", "worker")
    stack.wait_until_healthy()
    return stack


def visit(stack):
    return visitor("127.0.0.1", stack.port, stack.certificate)


def is_served(stack):
    return visit(stack).status_of("/") == 200


def is_used(stack, service):
    """Whether the proxy asks this web service: it leaves one that refused alone for five seconds."""
    before = answered_by(stack, service)
    for _ in WEB:
        visit(stack).status_of("/")
    return answered_by(stack, service) > before


def answered_by(stack, service):
    """How many home pages its access log has."""
    return stack.control("logs", stack.container(service)).count("GET / 200")


@pytest.fixture(scope="module")
def chromium(stack):
    rule = f"MAP {SITE} 127.0.0.1"
    options = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", f"--host-resolver-rules={rule}"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=options)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium, stack):
    address = f"https://{SITE}:{stack.port}"
    context = chromium.new_context(locale="fr-FR", ignore_https_errors=True, base_url=address)
    context.set_default_timeout(120_000)
    yield context.new_page()
    context.close()


def open_form(page, path):
    """Chromium gives up on a page while interfaces of the machine come and go, as those of containers do."""

    def is_open():
        with suppress(PlaywrightError):
            page.goto(path)
            return True
        return False

    wait_until(is_open)


def change(stack, old, new, login=LOGIN):
    """Without Chromium, which drops an answer when a container starts or stops meanwhile."""
    page = visit(stack).change(login, old, new)
    assert "/resultat/" in page.path, page.text


class TestFirstStart:
    def test_when_it_ends_then_all_is_healthy_and_it_says_what_comes_next(self, stack):
        assert "SELF-SIGNED" in stack.printed
        assert "6 created" in stack.printed
        assert f"https://{SITE}:{stack.port}" in stack.printed
        assert "docs/containers.md" in stack.printed
        assert {name: stack.inspect(name)["State"]["Status"] for name in SERVICES} == dict.fromkeys(
            SERVICES, "running"
        )

    def test_when_it_runs_again_then_nothing_that_is_there_is_overwritten(self, healthy):
        before = healthy.secrets()

        printed = healthy.first_start("--sample")

        assert healthy.secrets() == before
        assert "0 created" in printed
        assert "made" not in printed

    def test_when_it_made_secrets_then_each_is_read_by_its_services_alone(self, stack):
        inside = stack.docker / "secrets"

        assert inside.stat().st_mode & 0o077 == 0
        for file in inside.iterdir():
            assert file.stat().st_mode & 0o777 == 0o440, file
            assert file.stat().st_uid in USERS.values(), file

    def test_when_checked_then_no_finding_is_about_a_secret_that_others_read(self, healthy):
        done = healthy.control("exec", healthy.container("web1"), "sh", "-c", "mamia check --json || true")
        found = json.loads(done[done.index("[") : done.rindex("]") + 1])

        by_subject = {one["subject"]: one for one in found}
        assert by_subject["files with secrets"]["level"] == "OK"
        assert by_subject["rate_limits.store"]["level"] == "OK"
        assert not [one for one in found if "chmod 600" in one["hint"]]


class TestUpgrade:
    def test_when_an_image_was_built_anew_then_first_start_replaces_its_containers(self, healthy):
        before = {name: healthy.inspect(name)["Id"] for name in SERVICES}
        healthy.change_image()

        healthy.first_start()

        replaced = {name for name in SERVICES if healthy.inspect(name)["Id"] != before[name]}
        # podman takes a container away together with those that depend on it.
        assert replaced - {"directory"} == {*WEB, "worker", "listener"}


class TestHardening:
    def test_when_processes_are_listed_then_none_is_root_and_each_service_has_its_user(self, healthy):
        found = {name: set(map(user_of, healthy.processes(name))) for name in SERVICES}

        assert found.pop("valkey") == {999}
        assert found == {name: {user} for name, user in USERS.items()}

    def test_when_something_is_written_then_the_file_systems_refuse_it(self, healthy):
        for name in SERVICES:
            assert healthy.inspect(name)["HostConfig"]["ReadonlyRootfs"], name
            assert "Read-only" in healthy.inside(name, "sh", "-c", "echo x >/usr/x", fails=True), name

    def test_when_everything_that_an_engine_shows_is_searched_then_no_secret_is_there(self, healthy, tmp_path):
        secrets = healthy.secrets()
        images = {healthy.inspect(name)["Image"] for name in SERVICES}
        shown = [healthy.control("inspect", healthy.container(name)) for name in SERVICES]
        shown += [healthy.control("logs", healthy.container(name)) for name in SERVICES]
        shown += [healthy.control("history", "--no-trunc", image) for image in images]
        shown += [environments(healthy, name) for name in SERVICES]

        leaked = {name for name, value in secrets.items() if value.decode() in "".join(shown)}
        for number, image in enumerate(sorted(images)):
            archive = tmp_path / f"{number}.tar"
            healthy.control("save", "--format", "docker-archive", "-o", str(archive), image)
            leaked |= {f"{name} in {image}" for name, value in secrets.items() if is_in(value, archive)}
            archive.unlink()

        assert leaked == set()
        assert NUMEN not in "".join(shown)


def user_of(process):
    """The number of its user, as the host has it."""
    return int(first_match(r"\nUid:\s+(\d+)", (process / "status").read_text())[1])


def environments(stack, service):
    """The environment and arguments of the processes of a service, as the host shows them."""
    return "".join(
        (process / name).read_bytes().decode(errors="replace")
        for process in stack.processes(service)
        for name in ("environ", "cmdline")
    )


def is_in(secret, archive):
    return subprocess.run(["grep", "-qaF", "-f", "-", str(archive)], input=secret).returncode == 0


class TestServices:
    def test_when_a_person_finds_resets_and_changes_then_the_browser_shows_each_result(self, healthy, page):
        open_form(page, FIND)
        fill(page, **DURAND)
        send(page)
        assert LOGIN in page.inner_text("main")

        open_form(page, RESET)
        fill(page, login=LOGIN, proof=NUMEN, birth_date=DURAND["birth_date"])
        send(page)
        choose(page, FIRST)
        assert "/resultat/" in page.url, page.inner_text("main")

        open_form(page, CHANGE)
        fill(page, login=LOGIN, current_password=FIRST, new_password=SECOND, confirmation=SECOND)
        send(page)
        assert "/resultat/" in page.url, page.inner_text("main")

        outcomes = [(line["service"], line["outcome"]) for line in healthy.audit_lines()]
        assert {("find", "found"), ("reset", "proved"), ("change", "changed")} <= set(outcomes)


class TestPropagation:
    def test_when_a_domain_was_added_then_a_changed_password_opens_the_workstation(self, with_domain, domain):
        before = password_writes(domain, LOGIN)

        change(with_domain, SECOND, THIRD)

        wait_until(lambda: status(with_domain) == ["done"])
        assert domain.smb(LOGIN, THIRD)
        assert not domain.smb(LOGIN, FIRST)
        assert password_writes(domain, LOGIN) == before + 1

    def test_when_the_worker_is_away_then_the_password_waits_and_is_delivered_once(self, with_domain, domain):
        before = password_writes(domain, LOGIN)
        with stopped(with_domain, "worker"):
            change(with_domain, THIRD, FOURTH)
            assert not domain.smb(LOGIN, FOURTH)

        wait_until(lambda: status(with_domain) == ["done"])
        assert domain.smb(LOGIN, FOURTH)
        with_domain.control("restart", with_domain.container("worker"))
        change(with_domain, OTHERS_NUMBER, SECOND, OTHER)
        # When what came last is there, the worker has nothing left to write.
        wait_until(lambda: domain.smb(OTHER, SECOND))
        assert password_writes(domain, LOGIN) == before + 1


def status(stack):
    listed = stack.inside("worker", "mamia", "sync", "status", "--json")
    return [one["state"] for one in json.loads(listed[listed.index("[") :]) if one["login"] == LOGIN]


@contextmanager
def stopped(stack, service):
    """The service is away within this context."""
    stack.control("stop", "-t", "10", stack.container(service))
    try:
        yield
    finally:
        stack.control("start", stack.container(service))


class TestOutage:
    @pytest.mark.parametrize("way", ["stop", "kill"])
    @pytest.mark.parametrize("service", SERVICES)
    def test_when_one_service_ends_then_the_site_is_there_or_comes_back(self, healthy, service, way):
        must_serve = service not in ("proxy", "directory", "valkey")
        name = healthy.container(service)
        wait_until(lambda: all(is_used(healthy, web) for web in WEB))

        healthy.control(way, *(["-t", "60"] if way == "stop" else []), name)
        served = is_served(healthy)
        healthy.control("start", name)

        assert served or not must_serve
        healthy.wait_until_healthy()
        wait_until(lambda: is_served(healthy))

    def test_when_a_web_service_is_away_and_the_proxy_starts_then_the_site_is_served(self, healthy):
        """nginx resolves names once, and does not start while one is unknown."""
        with stopped(healthy, "web1"):
            healthy.control("restart", healthy.container("proxy"))

            wait_until(lambda: is_served(healthy))

    @pytest.mark.parametrize("service", WEB)
    def test_when_a_web_service_is_made_again_then_it_has_its_address_and_the_proxy_finds_it(self, healthy, service):
        """Containers without an address of their own get one of another part of the network, however many come."""
        other = next(name for name in WEB if name != service)
        address, former = healthy.address(service), healthy.inspect(service)["Id"]

        healthy.control("rm", "-f", "-t", "5", healthy.container(service))
        with strangers(healthy) as theirs:
            healthy.compose("up", "-d")
            healthy.wait_until_healthy()

            assert address not in theirs
            assert healthy.inspect(service)["Id"] != former
            assert healthy.address(service) == address
            with stopped(healthy, other):
                wait_until(lambda: is_served(healthy))

    def test_when_all_is_restarted_then_nothing_is_lost(self, healthy):
        site = visit(healthy)
        ticket = used_reset_form(site)
        before, people = healthy.audit(), people_of(healthy)

        healthy.compose("down")
        healthy.compose("up", "-d")
        healthy.wait_until_healthy()
        wait_until(lambda: is_served(healthy))

        assert healthy.audit().startswith(before)
        assert people_of(healthy) == people
        assert is_refused(site, ticket)


class TestRestore:
    def test_when_the_pages_commands_are_followed_then_the_entries_are_those_of_the_backup(self, healthy):
        kept = people_of(healthy)
        follow(healthy, "## Backup")
        change(healthy, THIRD_NUMBER, FOURTH, login=THIRD_LOGIN)
        assert people_of(healthy) != kept

        follow(healthy, "## Restore")

        healthy.wait_until_healthy()
        wait_until(lambda: is_served(healthy))
        assert people_of(healthy) == kept
        change(healthy, THIRD_NUMBER, FOURTH, login=THIRD_LOGIN)


def follow(stack, section):
    """Run a section's commands as one shell, with the stack's own compose command."""
    script = "\n".join(page_commands(ROOT / "docs/containers.md", section))
    words = script.replace("docker compose -f docker/compose.yaml", "$COMPOSE")
    stack.run("sh", "-ec", f"mkdir -p docker/domain\n{words}")


@contextmanager
def strangers(stack):
    """Enough containers join the proxy's network to take every free address before those of the web services."""
    command = ["run", "--detach", "--network", f"{PROJECT}_front", "--entrypoint", "sleep", "localhost/mamia", "inf"]
    names = [stack.control(*command).strip() for _ in range(STRANGERS)]
    try:
        yield {stack.address_of(name) for name in names}
    finally:
        stack.control("rm", "-f", "-t", "0", *names)


def people_of(stack):
    command = 'ldapsearch -xLLL -H ldap://127.0.0.1:3890 -D "cn=admin,$SUFFIX" -y /run/secrets/directory_admin'
    return stack.inside("directory", "sh", "-c", f'{command} -b "ou=people,$SUFFIX" uid userPassword')


def used_reset_form(site):
    """Take the first step of a reset and the second one; return the second form with its ticket, used now."""
    page = site.fill_in(RESET, {"login": LOGIN, "proof": NUMEN, "birth_date": DURAND["birth_date"]})
    assert "ticket" in page.fields, page.text
    typed = {**page.fields, "new_password": FIFTH, "confirmation": FIFTH}
    assert "resultat" in site._follow("POST", RESET, typed).path
    return typed


def is_refused(site, typed):
    again = {**typed, "new_password": f"{FIFTH}x", "confirmation": f"{FIFTH}x"}
    return "resultat" not in site._follow("POST", RESET, again).path


@pytest.fixture(scope="module")
def visitors():
    with visitor_network():
        yield


@pytest.mark.usefixtures("visitors")
@pytest.mark.parametrize("family", [IPV4, IPV6], ids=["IPv4", "IPv6"])
class TestVisitors:
    def test_when_somebody_comes_then_the_audit_has_the_own_address(self, healthy, family):
        host, address = family.hosts[0], family.visitors[1]

        assert found_by(address, host, healthy.port, healthy.certificate, "Durand") == [200]
        assert address in {line["address"] for line in healthy.audit_lines()}

    def test_when_one_is_over_the_limit_then_another_one_still_finds(self, healthy, family):
        greedy, other = family.visitors
        place = (family.hosts[0], healthy.port, healthy.certificate)

        assert found_by(greedy, *place, *UNKNOWN)[-1] == LIMITED
        assert found_by(other, *place, "Durand") == [200]
        assert found_by(greedy, *place, "Durand") == [LIMITED]
        refused = {line["address"] for line in healthy.audit_lines() if line["outcome"] == "rate_limited"}
        assert refused & {greedy, other} == {greedy}
