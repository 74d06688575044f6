"""The commands of docs/operate.md that replace a key or a password, on a site that people use meanwhile."""

from __future__ import annotations

import shutil
import ssl
import tempfile
from pathlib import Path

import ldap
import pytest
import redis
import requests
from redis.backoff import NoBackoff
from redis.retry import Retry

from gateway.protection.seal import KEY_ID_BYTES
from tests.support.browser import CHANGE
from tests.support.certificates import make_certificates
from tests.support.nginx_proxy import Proxy
from tests.support.page_steps import page_steps
from tests.support.polling import wait_until
from tests.support.rotated_site import FIRST_PASSWORD_OF_STORE, PAGE, RotatedSite
from tests.support.slapd_server import PASSWORD, SUFFIX

# One site for all of them: to make it takes as long as a test.
pytestmark = pytest.mark.xdist_group("rotation")
NEW, OTHER = "Nouveau-2025", "Encore-Autre-2026"
SAVED = "Mot de passe modifié"


@pytest.fixture(scope="module")
def site(kdc):
    folder = Path(tempfile.mkdtemp(prefix="r-", dir="/tmp"))
    one = RotatedSite(folder / "p", kdc)
    yield one
    one.stop()
    shutil.rmtree(folder)


def opens(site, account, password):
    """Whether the directory lets the service account in."""
    with site.directory.connect() as line:
        try:
            line.simple_bind_s(f"cn={account},ou=services,{SUFFIX}", password)
        except ldap.INVALID_CREDENTIALS:
            return False
    return True


class TestSecretKeys:
    def test_when_rotated_then_forms_and_tickets_of_the_old_key_are_taken_until_it_is_deleted(self, site):
        for login in ("akeys", "bkeys", "ckeys"):
            site.add_person(login)
        visitor, late = site.visitor(), site.visitor()
        form, proved, left_open = visitor.open(CHANGE), visitor.prove("bkeys"), late.open(CHANGE)

        steps = site.follow("### The keys of tickets and forms")
        add, turn_round = next(steps), next(steps)
        changed, chosen = visitor.change("akeys", NEW, form), visitor.choose(proved, NEW)
        [_] = steps
        again, refused = visitor.change("akeys", OTHER, current=NEW), late.change("ckeys", NEW, left_open)

        assert "openssl" in add.text
        assert "G;h" in turn_round.text
        assert (SAVED in changed.main, SAVED in chosen.main, SAVED in again.main) == (True, True, True)
        assert "trop longtemps" in refused.main
        assert site.directory.binds("ckeys", PASSWORD)
        assert len((site.etc / "secret_keys").read_text().splitlines()) == 1
        assert (site.etc / "secret_keys").stat().st_mode & 0o777 == 0o600


class TestWorkersPair:
    def test_when_rotated_then_what_waits_for_the_old_key_and_for_the_new_one_is_delivered(self, site, kdc):
        for login in ("apair", "bpair", "cpair"):
            site.add_person(login)
        kdc.stop()
        site.visitor().change("apair", NEW)

        keygen, first, restart, name, reload_, *last = page_steps(PAGE, "### The worker's key pair")
        for step in (keygen, first, restart, name, reload_):
            site.do(step)
        site.visitor().change("bpair", NEW)
        sealed = [site.directory.read_raw(login)["mamiaPendingSecret"][0] for login in ("apair", "bpair")]
        kdc.start()
        # One of them may be there already.
        site.run("mamia sync retry apair || true; mamia sync retry bpair || true")

        assert sealed[0][:KEY_ID_BYTES] != sealed[1][:KEY_ID_BYTES]
        assert site.is_delivered("apair", NEW)
        assert site.is_delivered("bpair", NEW)
        for step in last:
            site.do(step)
        site.visitor().change("cpair", NEW)
        assert site.is_delivered("cpair", NEW)
        assert not (site.etc / "worker.key").exists()

    @pytest.mark.install
    def test_when_the_old_key_is_deleted_too_early_then_what_waits_says_so_and_goes_on_with_the_key(self, site, kdc):
        site.add_person("early")
        kdc.stop()
        site.visitor().change("early", NEW)
        settings = site.program.config.read_text()
        site.run("mamia keygen /etc/mamia/other")

        site.set('[workstation]\nprivate_key_files = ["/etc/mamia/other.key"]')
        site.run("systemctl restart mamia-sync")
        kdc.start()
        site.run("mamia sync retry early")
        wait_until(lambda: "no private key of this worker opens it" in site.run("mamia sync status"))
        site.program.config.write_text(settings)
        site.run("systemctl restart mamia-sync; mamia sync retry early")

        assert site.is_delivered("early", NEW)


class TestServiceAccount:
    HEADING = "### The directory password of a service account"

    def test_when_the_web_services_is_rotated_then_no_form_fails(self, site):
        old = (site.etc / "gateway.password").read_text()

        with site.people_at_work("gateway"):
            steps = site.follow(self.HEADING)
            next(steps)
            both = (
                opens(site, "gateway", old),
                opens(site, "gateway", (site.etc / "gateway.password.new").read_text()),
            )
            list(steps)

        assert both == (True, True)
        assert not opens(site, "gateway", old)
        assert opens(site, "gateway", (site.etc / "gateway.password").read_text())

    def test_when_the_workers_is_rotated_then_everything_is_delivered(self, site):
        site.add_person("async")
        old = (site.etc / "sync.password").read_text()

        with site.people_at_work("worker"):
            for step in page_steps(PAGE, self.HEADING):
                of_worker = step.text.replace("gateway", "sync").replace("reload mamia", "restart mamia-sync")
                site.run(of_worker)
        site.visitor().change("async", NEW)

        assert site.is_delivered("async", NEW)
        assert not opens(site, "sync", old)

    @pytest.mark.install
    def test_when_it_is_replaced_at_once_then_forms_are_refused_until_the_reload_and_change_nothing(self, site):
        site.add_person("once")
        make, use, replace = page_steps(PAGE, self.HEADING)
        # It opens the connections.
        site.visitor().change("once", NEW, current="wrong")
        site.run(make.text.partition("ldapmodify")[0])
        site.run(replace.text.partition("rm ")[0])
        by_open_connections = site.visitor().change("once", NEW, current="wrong")
        # Until no connection is left that was opened before.
        site.directory.restart()

        refused = site.visitor().change("once", NEW)
        kept = site.directory.binds("once", PASSWORD)
        site.do(use)

        assert (by_open_connections.status, refused.status) == (422, 503)
        assert kept
        assert SAVED in site.visitor().change("once", NEW).main

    @pytest.mark.install
    def test_when_the_workers_is_replaced_at_once_then_passwords_wait_and_are_delivered_afterwards(self, site):
        site.add_person("wonce")
        make, use, replace = (step.text.replace("gateway", "sync") for step in page_steps(PAGE, self.HEADING))
        site.run(make.partition("ldapmodify")[0])
        site.run(replace.partition("rm ")[0])
        site.directory.restart()

        site.visitor().change("wonce", NEW)
        log = site.program.log("mamia-sync.service")
        wait_until(lambda: "refuses the service account" in site.program.log("mamia-sync.service")[len(log) :])
        waits = "mamiaPendingSecret" in site.directory.read("wonce")
        site.run(use.replace("reload mamia", "restart mamia-sync"))

        assert waits
        assert site.is_delivered("wonce", NEW)


class TestApiClient:
    def test_when_its_token_is_rotated_then_both_are_taken_in_between_and_the_new_one_after(self, site):
        make, both, reload_, new_alone, last_reload = page_steps(PAGE, "### The token of an API client")
        old, old_digest = token_of(site.do(make))
        site.set(
            f'[api.clients.portail]\ntoken_sha256 = ["{old_digest}"]\nservices = ["policy"]\n'
            'addresses = ["127.0.0.1/32"]\n'
        )
        site.run("systemctl reload mamia")
        new, new_digest = token_of(site.do(make))
        digests = {"SHA-256-OF-THE-NEW-TOKEN": new_digest, "SHA-256-OF-THE-OLD-TOKEN": old_digest}

        site.do(both, **digests)
        site.do(reload_)
        in_between = [policy_status(site, token) for token in (old, new)]
        site.do(new_alone, **dict(list(digests.items())[:1]))
        site.do(last_reload)
        after = [policy_status(site, token) for token in (old, new)]

        assert (in_between, after) == ([200, 200], [401, 200])


def token_of(output):
    """The token that `mamia api-token` prints, and its SHA-256."""
    first, _, *section = output.splitlines()
    return first.rpartition(" ")[2], section[1].split('"')[1]


def policy_status(site, token):
    headers = {"Authorization": f"Bearer {token}", "Connection": "close"}
    return requests.get(f"{site.address}/api/v1/policy", headers=headers, timeout=60).status_code


class TestStore:
    def test_when_its_password_is_rotated_then_no_form_fails_and_the_old_one_opens_nothing(self, site):
        with site.people_at_work("store"):
            add, use, end = page_steps(PAGE, "### The password of Redis or Valkey")
            added = site.do(add)
            site.do(use)
            ended = site.do(end)

        assert (added, ended) == ("OK\nOK\n", "OK\nOK\n")
        assert [takes(site, password) for password in (FIRST_PASSWORD_OF_STORE, new_password(site))] == [False, True]


def new_password(site):
    return (site.etc / "store.password").read_text().strip()


def takes(site, password):
    """Whether Redis lets somebody with that password in."""
    with redis.Redis(port=site.store.port, password=password, retry=Retry(NoBackoff(), 0)) as client:
        try:
            return client.ping()
        except redis.AuthenticationError:
            return False


class TestSiteCertificate:
    def test_when_it_is_replaced_then_the_new_one_is_shown_and_no_request_fails(self, site, proxy, tmp_path):
        (tmp_path / "new").mkdir()
        made = make_certificates(tmp_path / "new", "localhost")
        shutil.copy(made.certificate, site.root / "site.pem")
        shutil.copy(made.key, site.root / "site.key")
        both = tmp_path / "authorities.pem"
        both.write_text(Path(proxy.authority).read_text() + made.authority.read_text())

        with site.people_at_work("cert", front_end=proxy, verify=str(both)):
            [replace] = page_steps(PAGE, "### The certificate of the site")
            site.do(replace)
            # nginx reads its files after the command has ended.
            wait_until(lambda: shown_certificate(proxy) == made.certificate.read_text())


def shown_certificate(proxy):
    return ssl.get_server_certificate(("localhost", proxy.port))


@pytest.fixture
def proxy(site, tmp_path):
    """nginx before the site, with its certificate in the places that the page names."""
    one = Proxy(tmp_path, [f"127.0.0.1:{site.port}"])
    configuration = tmp_path / "mamia.conf"
    text = configuration.read_text()
    for present, place in (
        (one.certificates.certificate, "etc/ssl/certs/mon-compte.ac-example.fr.pem"),
        (one.certificates.key, "etc/ssl/private/mon-compte.ac-example.fr.key"),
    ):
        (site.root / place).parent.mkdir(parents=True)
        shutil.copy(present, site.root / place)
        text = text.replace(str(present), str(site.root / place))
    configuration.write_text(text)
    one.start()
    wait_until(one.takes_connections)
    site.places["nginx -t"] = f"nginx -q -p {tmp_path} -c {tmp_path}/nginx.conf -t"
    process_file = site.root / "run/nginx.service.pid"
    process_file.write_text(str(one.pid))
    yield one
    process_file.unlink()
    one.stop()


@pytest.mark.install
class TestDirectoryAuthority:
    def test_when_it_is_replaced_then_certificates_of_the_old_and_of_the_new_one_are_taken(self, site, tmp_path):
        for login in ("aca", "bca", "cca"):
            site.add_person(login)
        made = make_certificates(tmp_path, "localhost")
        shutil.copy(made.authority, site.root / "new-authority.pem")
        steps = site.follow("### The authority of the directory's certificate")

        next(steps)
        with_old = site.visitor().change("aca", NEW)
        for file, place in ((made.certificate, "cert.pem"), (made.key, "key.pem")):
            shutil.copy(file, site.root / "slapd" / place)
        site.directory.restart()
        with_new = site.visitor().change("bca", NEW)
        [_] = steps
        site.directory.restart()
        alone = site.visitor().change("cca", NEW)

        assert [SAVED in page.main for page in (with_old, with_new, alone)] == [True] * 3
        assert site.is_delivered("cca", NEW)
