"""What the images run, run here: builds in a scratch root, the directory's start, the proxy before two services."""

from __future__ import annotations

import hashlib
import json
import os
import ssl
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import quote

import ldap
import ldap.modlist
import pytest
import requests

from gateway.checks.finding import Level
from gateway.checks.password_oracle import check_password_oracle
from gateway.checks.servers import check_servers
from gateway.settings import Settings
from tests.support.capture_process import CaptureProcess
from tests.support.certificates import make_certificates
from tests.support.dockerfile import Dockerfile
from tests.support.matching import first_match
from tests.support.nginx_proxy import Proxy
from tests.support.polling import wait_until
from tests.support.ports import free_port
from tests.support.serve_process import ServeProcess
from tests.support.settings_file import write_settings_file

ROOT = Path(__file__).parents[2]
DOCKER = ROOT / "docker"
MAX_LIBRARIES_BYTES = 170_000_000
"""Of these, 20 MB are what passkeys bring (webauthn with cryptography and pyOpenSSL)."""
DURAND = {
    "objectClass": [b"inetOrgPerson", b"mamiaPerson"],
    "uid": [b"fdurand4"],
    "cn": [b"Durand"],
    "sn": [b"Durand"],
    "birthDate": [b"19850327"],
    "numen": [b"12E8534567ABC"],
    "departmentNumber": [b"rectorat"],
    "userPassword": [b"Ancien-2024"],
}


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """The root of the gateway's image, as its Dockerfile makes it."""
    return Dockerfile(DOCKER / "Dockerfile", ROOT, tmp_path_factory.mktemp("image") / "scratch").build()


@pytest.mark.install
class TestGatewaysImage:
    def test_when_built_then_it_serves_and_its_health_check_knows(self, image, directory, tmp_path):
        made = Dockerfile(DOCKER / "Dockerfile", ROOT, tmp_path)
        port, health_port, tools = free_port(), free_port(), image / "opt/mamia/bin"
        in_web = f"port = {port}\nhealth_port = {health_port}\nallowed_hosts = ['127.0.0.1']"
        config = write_settings_file(tmp_path, directory, in_web=in_web)
        environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "MAMIA_CONFIG": str(config)}
        probe = json.loads(made.last("HEALTHCHECK").partition("CMD ")[2].replace("8081", str(health_port)))
        before = subprocess.run(probe, env=environment, cwd=tmp_path, capture_output=True).returncode

        process = subprocess.Popen(
            json.loads(made.last("CMD")), env=environment, cwd=tmp_path, stderr=subprocess.DEVNULL
        )
        try:
            wait_until(
                lambda: subprocess.run(probe, env=environment, cwd=tmp_path, capture_output=True).returncode == 0
            )
            page = requests.get(f"http://127.0.0.1:{port}/retrouver-mon-compte", timeout=60).text
            styles = first_match(r'href="(/static/vendor/site.css[^"]*)"', page)[1]
            css = requests.get(f"http://127.0.0.1:{port}{styles}", timeout=60)
        finally:
            process.terminate()
            process.wait(60)
        assert before != 0
        assert "Retrouver mon compte" in page, "the catalogues are compiled"
        assert css.ok

    def test_when_built_then_its_libraries_are_small_and_the_demos_are_not_among_them(self, image):
        [libraries] = (image / "opt/mamia/lib").glob("python3.*/site-packages")

        demo = subprocess.run([image / "opt/mamia/bin/mamia", "demo"], capture_output=True, text=True)
        sample = subprocess.run(
            [image / "opt/mamia/bin/mamia", "people", "sample", "--count", "1", "--seed", "1"],
            capture_output=True,
            text=True,
        )

        assert sum(file.lstat().st_size for file in libraries.rglob("*")) < MAX_LIBRARIES_BYTES
        assert not {"aiosmtpd", "faker", "pip"} & {folder.name for folder in libraries.iterdir()}
        for refused in (demo, sample):
            assert refused.returncode != 0
            assert "pip install 'mamia[demo]'" in refused.stderr


@pytest.fixture
def short_path():
    """pytest's own would be too long for slapd's socket."""
    with tempfile.TemporaryDirectory(prefix="im-") as folder:
        yield Path(folder)


@pytest.fixture
def listener(short_path, tmp_path):
    """Answers the directory, with the settings of compose.yaml."""
    text = (DOCKER / "mamia.toml").read_text().replace("/run/mamia-capture/socket", str(short_path / "s"))
    (tmp_path / "mamia.toml").write_text(text)
    process = CaptureProcess(short_path, tmp_path / "mamia.toml")
    process.start()
    yield process
    process.stop()


@pytest.fixture
def annuaire(short_path, tmp_path, listener):
    """The directory's image: starts it as the image does; gives its address and its secrets."""
    scratch = Dockerfile(DOCKER / "slapd/Dockerfile", ROOT, short_path / "scratch").build()
    secrets, port, started = tmp_path / "secrets", free_port(), []
    secrets.mkdir()
    for name in ("directory_admin", "gateway_password", "sync_password", "decoy_password"):
        (secrets / name).write_text(f"{name} & of/a \\test|")

    def start():
        environment = {
            **os.environ,
            "STATE": str(scratch / "var/lib/mamia-slapd"),
            "LDIF": str(scratch / "usr/share/mamia/ldif"),
            "SECRETS": str(secrets),
            "SUFFIX": "dc=ac-mine,dc=fr",
            "MAX_SIZE": str(1 << 26),
            "CAPTURE_SOCKET": str(listener.socket),
            "ADDRESS": "127.0.0.1",
            "PORT": str(port),
        }
        with (tmp_path / "slapd.log").open("ab") as log:
            process = subprocess.Popen([scratch / "usr/local/sbin/start"], env=environment, stderr=log)
        started.append(process)
        probe = ["ldapsearch", "-xLLL", "-s", "base", "-H", f"ldap://127.0.0.1:{port}", "-b", "", "namingContexts"]
        wait_until(lambda: subprocess.run(probe, capture_output=True).returncode == 0)
        return process

    yield start, f"ldap://127.0.0.1:{port}", secrets
    for process in started:
        process.terminate()
        process.wait(60)


class TestDirectorysImage:
    def test_when_started_twice_then_it_is_the_academys_and_keeps_what_it_holds(self, annuaire):
        start, url, secrets = annuaire
        suffix = "dc=ac-mine,dc=fr"
        first = start()
        line = ldap.initialize(url)
        line.simple_bind_s(f"cn=admin,{suffix}", (secrets / "directory_admin").read_text())
        kept = f"uid=fdurand4,ou=people,{suffix}"
        line.add_s(kept, ldap.modlist.addModlist(DURAND))
        settings = Settings.model_validate(
            {
                "directory": {
                    "servers": [url],
                    "bind_dn": f"cn=gateway,ou=services,{suffix}",
                    "bind_password": (secrets / "gateway_password").read_text(),
                    "decoy_dn": f"cn=decoy,ou=services,{suffix}",
                },
                "people": {"base": f"ou=people,{suffix}"},
                "web": {"secret_keys": ["0123456789abcdefghijklmnopqrstuvwxyz"]},
            }
        )
        found = [*check_servers(settings), *check_password_oracle(settings)]
        first.terminate()
        first.wait(60)

        start()

        again = ldap.initialize(url)
        again.simple_bind_s(f"cn=admin,{suffix}", (secrets / "directory_admin").read_text())
        assert again.search_s(kept, ldap.SCOPE_BASE)
        assert [finding for finding in found if finding.level is Level.FAIL] == []
        assert "learns nothing" in found[-1].message


@pytest.fixture
def client_certificate(tmp_path):
    """What an API client proves itself with, and its key."""
    (tmp_path / "intranet").mkdir()
    return make_certificates(tmp_path / "intranet", "API client.ac-example.fr")


@pytest.fixture
def front_ends(directory, redis, client_certificate, tmp_path):
    """Two, behind one proxy."""
    shown = ssl.PEM_cert_to_DER_cert(client_certificate.certificate.read_text())
    api = (
        '[api]\ncertificate_header = "X-SSL-Client-Cert"\n[api.clients.intranet]\nservices = ["policy"]\n'
        f'addresses = ["127.0.0.0/8"]\ncertificate_sha256 = ["{hashlib.sha256(shown).hexdigest()}"]\n'
    )

    def configure(port):
        folder = tmp_path / str(port)
        folder.mkdir()
        audit = f'[audit]\ndestination = "file"\nfile = "{folder}/audit.log"\n'
        more = f'[rate_limits]\nstore = "{redis.url}"\n{audit}[captcha]\nrequired = []\n{api}'
        in_web = f"port = {port}\ntrusted_proxies = 1\nallowed_hosts = ['localhost', '127.0.0.1']"
        return write_settings_file(folder, directory, in_web=in_web, more=more)

    two = [ServeProcess.on_a_free_port(configure) for _ in range(2)]
    for front_end in two:
        front_end.start()
    yield two
    for front_end in two:
        front_end.stop()


@pytest.fixture
def proxied(front_ends, tmp_path):
    """nginx with our files before both; the site's address, and the one for API clients."""
    proxy = Proxy(tmp_path, [f"127.0.0.1:{front_end.port}" for front_end in front_ends])
    site = requests.Session()
    # Else a bundle that this machine's environment names would come before ours.
    site.trust_env = False
    site.verify = proxy.authority
    site.headers["Connection"] = "close"

    def answers():
        try:
            return site.get(proxy.address + "/health/ready", timeout=60).ok
        except requests.ConnectionError:
            return False

    proxy.start()
    try:
        wait_until(answers)
        yield site, proxy.address, proxy.api_clients_address
    finally:
        proxy.stop()


class TestProxy:
    def test_when_a_front_end_dies_then_nobody_who_opens_a_page_notices(self, proxied, front_ends):
        site, address, _ = proxied
        before = [site.get(address + "/", timeout=60).status_code for _ in range(6)]

        front_ends[0].kill()

        after = [site.get(address + "/retrouver-mon-compte", timeout=60).status_code for _ in range(20)]
        assert set(before + after) == {200}

    def test_when_somebody_claims_another_address_then_the_audit_has_the_real_one(self, proxied, front_ends):
        site, address, _ = proxied
        page = site.get(address + "/retrouver-mon-compte", timeout=60)
        token = first_match(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)[1]
        typed = {"surname": "Durand", "given_name": "Ana", "birth_date": "27/03/1985", "csrf_token": token}
        headers = {"X-Forwarded-For": "203.0.113.9", "Referer": address + "/retrouver-mon-compte"}

        answer = site.post(address + "/retrouver-mon-compte", data=typed, headers=headers, timeout=60)

        lines = "".join((front_end.config.parent / "audit.log").read_text() for front_end in front_ends)
        assert answer.status_code != 400
        assert '"address": "127.0.0.1"' in lines
        assert "203.0.113.9" not in lines

    def test_when_a_stranger_asks_for_metrics_then_there_is_no_such_page(self, proxied):
        site, address, _ = proxied

        assert site.get(address + "/metrics", timeout=60).status_code == 404

    def test_when_a_client_shows_its_certificate_then_the_service_knows_it(self, proxied, client_certificate):
        site, _, api_clients = proxied
        site.cert = (str(client_certificate.certificate), str(client_certificate.key))

        assert site.get(api_clients + "/api/v1/policy", timeout=60).status_code == 200
        assert site.get(api_clients + "/", timeout=60).status_code == 404

    @pytest.mark.parametrize("header", ["X-SSL-Client-Cert", "X_SSL_Client_Cert"])
    def test_when_somebody_only_writes_a_client_certificate_then_it_counts_for_nothing(
        self, proxied, client_certificate, header
    ):
        """It is public: only its key proves anything."""
        site, address, api_clients = proxied
        site.headers[header] = quote(client_certificate.certificate.read_text())

        answers = [site.get(base + "/api/v1/policy", timeout=60) for base in (address, api_clients)]

        assert [answer.json()["code"] for answer in answers] == ["unauthenticated"] * 2
