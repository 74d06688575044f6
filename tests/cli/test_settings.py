"""Settings: every fault at once, by its key, before anything starts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gateway.cli.main import main
from gateway.settings import ResetMode, loader
from gateway.settings.loader import SettingsError, load
from gateway.settings.reference import reference

KEY = "0123456789abcdefghijklmnopqrstuvwxyz"
CLIENT = f'addresses = ["::1"]\ntoken_sha256 = ["{"0" * 64}"]\n'
GOOD = f"""
[directory]
servers = ["ldaps://ldap.ac-example.fr"]
bind_dn = "cn=gateway,dc=ac-example,dc=fr"
bind_password = "secret-of-the-gateway"
decoy_dn = "cn=decoy,dc=ac-example,dc=fr"
[people]
base = "ou=people,dc=ac-example,dc=fr"
[web]
secret_keys = ["{KEY}"]
"""
KERBEROS = """
[workstation]
public_key_file = "/x"
[workstation.targets.realm]
type = "kerberos"
realm = "EXAMPLE.TEST"
principal = "{principal}"
admin_principal = "gateway/admin"
keytab_file = "/x"
krb5_conf = "/x"
"""


@pytest.fixture
def write(tmp_path):
    """Writes a settings file: the good one with `old` replaced by `new`."""

    def writer(old: str = "", new: str = "", text: str = GOOD):
        file = tmp_path / "mamia.toml"
        file.write_text(text.replace(old, new) if old else text)
        return file

    return writer


def faults(file) -> dict[str, str]:
    with pytest.raises(SettingsError) as caught:
        load(file)
    return {fault.key: fault.message for fault in caught.value.problems}


def api_client(name, by="token"):
    """The section of a client whose token, or certificate, is that of all others."""
    proof = f'{by}_sha256 = ["{64 * "0"}"]'
    return f'[api.clients.{name}]\n{proof}\nservices = ["policy"]\naddresses = ["192.0.2.1"]\n'


class TestServe:
    def test_when_settings_are_wrong_then_every_mistake_is_listed_and_it_exits_2(self, write):
        file = write(text=GOOD.replace("ldaps://", "http://").replace(KEY, "my-short-key").replace("base", "bass"))

        done = subprocess.run(
            [sys.executable, "-m", "gateway.cli.main", "serve", "--config", file], capture_output=True, text=True
        )

        assert done.returncode == 2
        for key in ("directory.servers", "people.base", "people.bass", "web.secret_keys"):
            assert f"  {key}: " in done.stderr
        assert "my-short-key" not in done.stderr
        assert "secret-of-the-gateway" not in done.stderr

    def test_when_there_is_no_settings_file_then_it_says_which_and_exits_2(self, tmp_path):
        done = subprocess.run(
            [sys.executable, "-m", "gateway.cli.main", "serve", "--config", tmp_path / "none.toml"],
            capture_output=True,
            text=True,
        )

        assert done.returncode == 2
        assert done.stderr == f"mamia serve: --config: there is no file {tmp_path / 'none.toml'}\n"


class TestTarget:
    @pytest.mark.parametrize(
        "principal", ["root", "x", "{login}/admin", "{login}/root", "{login}@OTHER", "{login} -pw x", "a\\n{login}"]
    )
    def test_when_its_principal_is_not_one_of_each_person_then_it_is_refused(self, write, principal):
        target = KERBEROS.replace("{principal}", principal)

        assert "{login}" in faults(write("[web]", f"{target}\n[web]"))["workstation.targets.realm.kerberos.principal"]

    @pytest.mark.parametrize("principal", ["{login}", "staff-{login}", "{login}/staff"])
    def test_when_its_principal_is_one_of_each_person_then_it_is_taken(self, write, principal):
        target = KERBEROS.replace("{principal}", principal)

        assert load(write("[web]", f"{target}\n[web]"))

    def test_when_its_filter_finds_the_same_account_for_everybody_then_it_is_refused(self, write):
        target = """[workstation.targets.domain]
type = "active_directory"
servers = ["ldaps://dc.ac-example.fr"]
bind_dn = "svc-gateway@ac-example.fr"
bind_password_file = "/x"
base = "dc=ac-example,dc=fr"
filter = "(sAMAccountName=fdurand4)"
[web]"""

        assert "{login}" in faults(write("[web]", target))["workstation.targets.domain.active_directory.filter"]


class TestSettings:
    def test_when_only_the_needed_ones_are_there_then_the_rest_has_defaults(self, write):
        settings = load(write())

        assert settings.reset.mode is ResetMode.CHOOSE
        assert settings.captcha.required == ["reset", "change"]
        assert settings.password.min_length == 8

    def test_when_the_environment_names_one_then_it_wins(self, write, monkeypatch):
        monkeypatch.setenv("MAMIA_WEB__PORT", "9000")
        monkeypatch.setenv("MAMIA_CAPTCHA__REQUIRED", "[]")

        settings = load(write())

        assert settings.web.port == 9000
        assert settings.captcha.required == []

    def test_when_no_file_is_named_then_the_environment_names_it(self, write, monkeypatch):
        monkeypatch.setenv("MAMIA_CONFIG", str(write()))

        assert load().people.base == "ou=people,dc=ac-example,dc=fr"

    def test_when_secrets_are_in_files_then_they_are_read_from_there(self, write, tmp_path):
        (tmp_path / "password").write_text("from-the-file\n")
        (tmp_path / "keys").write_text(f"{KEY}-new\n{KEY}-old\n")
        text = GOOD.replace('bind_password = "secret-of-the-gateway"', f'bind_password_file = "{tmp_path}/password"')
        text = text.replace(f'secret_keys = ["{KEY}"]', f'secret_keys_file = "{tmp_path}/keys"')

        settings = load(write(text=text))

        assert settings.directory.password == "from-the-file"
        assert settings.web.keys == [f"{KEY}-new", f"{KEY}-old"]

    def test_when_a_process_needs_no_secret_of_the_web_service_then_it_opens_and_has_none(self, write):
        text = GOOD.replace('bind_password = "secret-of-the-gateway"', 'bind_password_file = "/nowhere/password"')
        text += '[rate_limits]\nallow_plain_text_over_the_network = true\nstore = "redis://:secret-of-the-store@valkey:6379/0?password=again"\n'

        settings = load(write(text=text), web_secrets=False)

        assert settings.directory.password == ""
        assert settings.web.keys == []
        assert settings.rate_limits.store == "redis://valkey:6379/0"

    def test_when_there_is_nothing_of_the_web_service_then_worker_and_listener_miss_nothing(self, write):
        text = GOOD.partition("[web]")[0]

        assert load(write(text=text), web_secrets=False).people.base == "ou=people,dc=ac-example,dc=fr"

    @pytest.mark.parametrize(
        "old, new, key, reported",
        [
            ("[people]", "[peeple]", "peeple", "not a known setting"),
            ("base =", "bass =", "people.bass", "not a known setting"),
            ("base =", "bass =", "people.base", "required"),
            ("[web]", "[web]\nport = 70000", "web.port", "65535"),
            ("[web]", '[support]\nholidays = "XX"\n[web]', "support.holidays", "XX is not known"),
            ("[web]", '[support]\nholidays = "FR-99"\n[web]', "support.holidays", "FR-99 is not known"),
            ("[web]", '[web]\nport = "eighty"', "web.port", "integer"),
            (KEY, "short", "web.secret_keys", "weak"),
            (KEY, "a" * 40, "web.secret_keys", "weak"),
            (f'secret_keys = ["{KEY}"]', "", "web.secret_keys", "missing"),
            ('bind_password = "secret-of-the-gateway"', "", "directory.bind_password", "missing"),
            ('bind_password =', 'bind_password_file =', "directory.bind_password_file", "can't be read"),
            ("ldaps://", "ldap://", "directory.servers", "in plain text"),
            ("ldaps://ldap.ac-example.fr", "http://x", "directory.servers", "not an ldaps://"),
            ("ldaps://ldap.ac-example.fr", "ldaps://x:port", "directory.servers", "Port"),
            ("ldaps://ldap.ac-example.fr", "ldapi:///", "directory.servers", "ldapi://%2Frun%2Fslapd%2Fldapi"),
            ("[web]", '[capture]\nsocket = "/run/s"\n[web]', "capture.bind_dn", "is missing"),
            ("[web]", '[capture]\nserver = "ldap://other"\n[web]', "capture.server", "in plain text"),
            ("[web]", '[api.clients.x]\nservices = ["find"]\naddresses = ["::1"]\n[web]',
             "api.clients.x", "api-token"),
            ("[web]", f'[api.clients.x]\n{CLIENT}services = []\n[web]', "api.clients.x.services", "at least 1"),
            ("[web]", f'[api.clients.x]\n{CLIENT}rate = "often"\n[web]', "api.clients.x.rate", "rate such as"),
            ("ldaps://ldap.ac-example.fr", "ldaps://x/dc=fr", "directory.servers", "people.base"),
            ('"ldaps://ldap.ac-example.fr"', "", "directory.servers", "at least 1"),
            ("cn=gateway,dc=ac-example,dc=fr", "gateway", "directory.bind_dn", "DN"),
            ("[people]", '[directory.x]\n[people]', "directory.x", "not a known setting"),
            ("[web]", '[reset]\nmode = "initial"\n[web]', "reset.initial_policy", "missing"),
            ("[web]", '[reset]\nmode = "guess"\n[web]', "reset.mode", "choose"),
            ("[web]", '[captcha]\nrequired = ["login"]\n[web]', "captcha.required.0", "find"),
            ("base =", 'birth_date_format = "%d"\nbase =', "people.birth_date_format", "%Y"),
            ("base =", 'filter = "uid=*"\nbase =', "people.filter", "filter"),
            ("base =", 'filter = "(((uid=*)"\nbase =', "people.filter", "brackets"),
            ("[directory]", "[directory]\nstart_tls = true", "directory.servers", "secured once more"),
            ("[web]", '[api]\nclient_ca_file = "/x"\n[web]', "api.client_ca_file", "api.certificate_header"),
            ("[web]", '[web]\ntls_certificate_file = "/x"', "web.tls_certificate_file", "deploy/nginx/mamia.conf"),
            ("[web]", '[web]\ntls_key_file = "/x"', "web.tls_key_file", "deploy/nginx/mamia.conf"),
            ("[web]", '[web]\nlisten_address = "0.0.0.0"', "web.listen_address", "is_in_container_network"),
            ("[web]", '[web]\nlisten_address = "::"', "web.listen_address", "deploy/nginx/mamia.conf"),
            ("[web]", '[web]\nlisten_address = "www.ac-example.fr"', "web.listen_address", "other machines"),
            ("[web]", '[web]\nhealth_host = "192.0.2.1"', "web.health_host", "other machines"),
            ("[web]", "[web]\nhealth_port = 8080", "web.health_port", "web.port too"),
            ("[web]", "[web]\nis_in_container_network = true", "web.is_in_container_network", "trusted_proxies"),
            ("[web]", '[web]\nsocket = "/run/mamia-web/web.sock"', "web.socket", "trusted_proxies"),
            ("[web]", "[web]\ntrusted_proxies = 1", "rate_limits.store", "allow_memory_store"),
            ("[web]", '[web]\nallowed_hosts = ["localhost", "www.ac-example.fr"]', "rate_limits.store", "redis://"),
            ("[web]", '[rate_limits]\nallow_memory_store = true\n[web]\nprocesses = 2',
             "web.processes", "count for itself"),
            ("[web]", '[web]\nsocket = "web.sock"', "web.socket", "begin with /"),
            ("[web]", f'[web]\nsocket = "/{"x" * 107}"', "web.socket", "107 bytes"),
            ("[web]", f"{api_client('a')}{api_client('b')}[web]",
             "api.clients.b", "has the token or certificate of a"),
            ("[web]", f"{api_client('a', by='certificate')}[web]",
             "api.clients.a.certificate_sha256", "certificate_header"),
            ("[web]", '[api]\ncertificate_header = "X"\n[web]', "api.certificate_header", "trusted_proxies"),
            ("bind_dn", 'ca_file = "/etc/hostname"\nbind_dn', "directory.ca_file", "PEM"),
        ],
    )  # fmt: skip
    def test_when_one_is_wrong_then_its_key_and_the_hint_are_reported(self, write, old, new, key, reported):
        assert reported in faults(write(old, new))[key]

    @pytest.mark.parametrize("host", ["127.0.0.1", "127.9.8.7", "::1", "localhost"])
    def test_when_only_this_machine_reaches_the_service_then_its_address_is_taken(self, write, host):
        assert load(write("[web]", f'[web]\nlisten_address = "{host}"')).web.listen_address == host

    def test_when_the_network_is_that_of_a_container_behind_a_proxy_then_any_address_is_taken(self, write):
        permit = 'is_in_container_network = true\ntrusted_proxies = 1\nlisten_address = "0.0.0.0"\nhealth_host = "::"'
        store = '[rate_limits]\nstore = "redis://127.0.0.1"'

        assert load(write("[web]", f"{store}\n[web]\n{permit}")).web.listen_address == "0.0.0.0"


class TestConsistency:
    @pytest.mark.parametrize(
        "rate_limits, in_web",
        [
            ("", ""),
            ("", "allowed_hosts = ['localhost', '127.0.0.1', '[::1]']"),
            ("allow_memory_store = true", "trusted_proxies = 1"),
            ("store = 'valkey://127.0.0.1'", "trusted_proxies = 1"),
        ],
        ids=["demo", "demo by other names", "wanted", "shared store"],
    )
    def test_when_the_store_fits_the_service_then_it_is_taken(self, write, rate_limits, in_web):
        assert load(write("[web]", f"[rate_limits]\n{rate_limits}\n[web]\n{in_web}"))

    def test_when_a_variable_names_a_removed_one_then_the_fault_says_what_does_its_work(self, write, monkeypatch):
        monkeypatch.setenv("MAMIA_WEB__TLS_KEY_FILE", "/etc/mamia/key.pem")

        assert "deploy/nginx/mamia.conf" in faults(write())["MAMIA_WEB__TLS_KEY_FILE"]

    def test_when_a_contradiction_is_the_web_services_then_worker_and_listener_start(self, write):
        """Their environment may lack what resolves it."""
        file = write("[web]", '[web]\nlisten_address = "0.0.0.0"\nprocesses = 2')

        assert load(file, web_secrets=False).web.processes == 2

    @pytest.mark.parametrize("permit", ["start_tls = true", "allow_plain_text_passwords_over_the_network = true"])
    def test_when_clear_text_is_guarded_or_asked_for_in_so_many_words_then_it_is_taken(self, write, permit):
        text = GOOD.replace("ldaps://", "ldap://").replace("[directory]", f"[directory]\n{permit}")

        assert load(write(text=text))

    @pytest.mark.parametrize(
        "url", ["ldap://127.0.0.1:3890", "ldap://localhost", "ldap://[::1]:389", "ldapi://%2Frun%2Fldapi"]
    )
    def test_when_clear_text_stays_on_this_machine_then_it_is_taken(self, write, url):
        assert load(write("ldaps://ldap.ac-example.fr", url))

    def test_when_a_variable_is_misspelt_then_it_is_reported(self, write, monkeypatch):
        monkeypatch.setenv("MAMIA_WEB__PROT", "9000")

        assert "names no setting" in faults(write())["MAMIA_WEB__PROT"]

    def test_when_the_file_is_no_toml_then_the_line_is_reported(self, write):
        [message] = faults(write(text="[web\n")).values()

        assert "line 1" in message

    def test_when_a_secret_is_missing_among_other_faults_then_all_are_reported_at_once(self, write):
        text = GOOD.replace('bind_password = "secret-of-the-gateway"', "").replace("[web]", "[web]\nport = 0")

        assert {"directory.bind_password", "web.port"} <= set(faults(write(text=text)))

    def test_when_a_section_is_no_table_then_it_is_reported(self, write, tmp_path, monkeypatch):
        (tmp_path / "password").write_text("x")
        monkeypatch.setenv("MAMIA_DIRECTORY__BIND_PASSWORD_FILE", str(tmp_path / "password"))

        reported = faults(write(text="directory = 3\n" + GOOD[GOOD.index("[people]") :]))

        assert any(key.startswith("directory") for key in reported)

    def test_when_a_variable_has_the_wrong_form_then_it_is_reported(self, write, monkeypatch):
        monkeypatch.setenv("MAMIA_CAPTCHA__REQUIRED", "off")

        assert faults(write())

    def test_when_a_password_has_blanks_then_the_file_keeps_them(self, write, tmp_path):
        (tmp_path / "password").write_text("correct horse \n")
        text = GOOD.replace('bind_password = "secret-of-the-gateway"', f'bind_password_file = "{tmp_path}/password"')

        assert load(write(text=text)).directory.password == "correct horse "

    @pytest.mark.parametrize(
        "added, key, reported",
        [
            ('[second_factor]\nmethods = ["mail"]', "second_factor.methods", "names no mail server"),
            ('[second_factor]\nmethods = ["phone"]', "second_factor.sms_gateway_url", "is missing"),
            (
                '[second_factor]\nmethods = ["phone"]\nsms_gateway_url = "https://x/"',
                "second_factor.methods",
                "people.phone",
            ),
            ('[rate_limits]\nper_login = "often"', "rate_limits.per_login", "is not a rate"),
            ('[rate_limits]\nstore = "mysql://x"', "rate_limits.store", "redis"),
            ('[rate_limits]\nstore = "rediss+unix://x"', "rate_limits.store", "redis"),
            (
                '[rate_limits]\nstore = "rediss://:one@x/0"\nstore_password = "other"',
                "rate_limits.store_password",
                "no password in its URL",
            ),
            ('[rate_limits]\nstore_password = "pw"', "rate_limits.store_password", "has a host"),
            ('[rate_limits]\nstore = "redis://x:port/0"', "rate_limits.store", "port"),
            ('[rate_limits]\nstore = "rediss://x/0?ssl_cert_reqs=none"', "rate_limits.store", "store_tls_strict"),
            (
                '[rate_limits]\nstore = "rediss://x/0?ssl_check_hostname=false"',
                "rate_limits.store",
                "store_tls_strict",
            ),
            ('[password]\npwned_url = "https://x:port/"', "password.pwned_url", "port"),
            ('[password]\npwned_url = "http://mirror.ac-example.fr/"', "password.pwned_url", "plain text"),
            (
                '[second_factor]\nsms_gateway_url = "http://sms.ac-example.fr/"',
                "second_factor.sms_gateway_url",
                "plain text",
            ),
            (
                '[second_factor]\nsms_gateway_url = "HTTP://sms.ac-example.fr/"',
                "second_factor.sms_gateway_url",
                "http",
            ),
            (
                '[second_factor]\nsms_gateway_url = "http://127.0.0.1.evil.example/"',
                "second_factor.sms_gateway_url",
                "plain text",
            ),
            (
                '[second_factor]\nsms_gateway_url = "http://localhost@sms.example/"',
                "second_factor.sms_gateway_url",
                "plain text",
            ),
            ('[notifications]\nsmtp_host = "mail.ac-example.fr"', "notifications.smtp_security", "starttls"),
            ('[rate_limits]\nstore = "redis://:pw@redis.ac-example.fr/0"', "rate_limits.store", "rediss://"),
            ('[rate_limits]\nstore = "valkey://valkey/0"', "rate_limits.store", "valkeys://"),
            ('[rate_limits]\nshared_addresses = ["10.0.0.300/8"]', "rate_limits.shared_addresses.0", "network"),
            ('[audit]\ndestination = "file"', "audit.file", "is missing"),
            ("[captcha]\nmethods = []", "captcha.methods", "at least 1"),
            ('[academy]\ntimezone = "Paris"', "academy.timezone", "time zone"),
        ],
    )
    def test_when_they_can_not_be_right_then_the_fault_says_what_to_fix(self, write, added, key, reported):
        assert reported in faults(write("[web]", f"{added}\n[web]"))[key]

    @pytest.mark.parametrize(
        "added",
        [
            '[password]\npwned_url = "http://127.0.0.1:8081/"',
            '[second_factor]\nsms_gateway_url = "http://[::1]:8081/sms"',
            '[second_factor]\nsms_gateway_url = "https://sms.ac-example.fr/"',
            '[notifications]\nsmtp_host = "127.0.0.2"',
            '[notifications]\nsmtp_host = ""',
            '[notifications]\nsmtp_host = "mail.ac-example.fr"\nsmtp_security = "starttls"',
            '[notifications]\nsmtp_host = "mail.ac-example.fr"\nallow_plain_text_over_the_network = true',
            '[rate_limits]\nstore = "redis://localhost/0"',
            '[rate_limits]\nstore = "redis+unix:///run/redis/redis.sock"',
            '[rate_limits]\nstore = "rediss://redis.ac-example.fr/0"',
            '[rate_limits]\nallow_plain_text_over_the_network = true\nstore = "redis://redis.ac-example.fr/0"',
        ],
    )
    def test_when_a_secret_stays_here_or_is_secured_or_that_was_asked_for_then_it_is_taken(self, write, added):
        assert load(write("[web]", f"{added}\n[web]"))

    def test_when_a_second_factor_meets_the_initial_password_then_the_two_are_refused_together(self, write):
        added = """[reset]
mode = "initial"
initial_policy = "cn=initial,dc=x"
[second_factor]
methods = ["phone"]
sms_gateway_url = "https://x/"
[web]"""

        with pytest.raises(SettingsError) as caught:
            load(write("[web]", added))

        assert any("reset.mode" in fault.message for fault in caught.value.problems)


class TestReference:
    def test_when_the_settings_changed_then_the_document_did_too(self):
        written = (Path(__file__).parents[2] / "docs" / "settings.md").read_text()

        assert reference() == written, "make settings"

    def test_when_read_then_every_setting_says_what_it_does(self):
        rows = [line.strip("| ").split(" | ") for line in reference().splitlines() if line.startswith("| `")]

        assert len(rows) > 150
        assert [row[0] for row in rows if len(row) < 4 or len(row[3].split()) < 3] == []

    def test_when_asked_for_then_it_needs_no_settings(self, capsys):
        assert main(["settings"]) == 0

        assert "| `servers` | list of text | **needed** | URLs in order of preference" in capsys.readouterr().out


class TestDefaultFile:
    """Which file a command reads when nobody names one."""

    def test_when_the_machine_has_its_own_then_that_one_is_read_in_every_folder(self, tmp_path, monkeypatch):
        installed = tmp_path / "etc" / "mamia.toml"
        installed.parent.mkdir()
        installed.write_text("# nothing is set\n")
        (tmp_path / "mamia.toml").write_text("[web]\n")
        monkeypatch.setattr(loader, "INSTALLED_FILE", installed)
        monkeypatch.delenv("MAMIA_CONFIG", raising=False)
        monkeypatch.chdir(tmp_path)

        assert loader.settings_file() == installed

    def test_when_a_variable_names_one_then_it_has_priority(self, tmp_path, monkeypatch):
        monkeypatch.setattr(loader, "INSTALLED_FILE", tmp_path)
        monkeypatch.setenv("MAMIA_CONFIG", "/srv/other.toml")

        assert loader.settings_file() == Path("/srv/other.toml")

    def test_when_nothing_is_installed_then_it_is_that_of_the_folder(self, tmp_path, monkeypatch):
        monkeypatch.setattr(loader, "INSTALLED_FILE", tmp_path / "absent")
        monkeypatch.delenv("MAMIA_CONFIG", raising=False)

        assert loader.settings_file() == Path("mamia.toml")

    def test_when_it_is_absent_too_then_that_is_said_before_what_is_missing(self, tmp_path, monkeypatch):
        monkeypatch.setattr(loader, "INSTALLED_FILE", tmp_path / "absent")
        monkeypatch.delenv("MAMIA_CONFIG", raising=False)
        monkeypatch.chdir(tmp_path)

        with pytest.raises(SettingsError) as raised:
            load()

        assert raised.value.problems[0].key == "mamia.toml"
        assert "there is no such file in this folder" in raised.value.problems[0].message
