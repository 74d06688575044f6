"""Each setting that asks something of its unit: more processes, another folder, socket, program or connection."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.certificates import make_certificates
from tests.support.polling import wait_until
from tests.support.served_system import SITE, ServedSystem
from tests.support.smtp_server import SmtpServer
from tests.systemd.test_units import AUDIT, CHANGED, REFUSED_CALL

pytestmark = pytest.mark.install

WEB = "mamia.service"
LOGO = '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><rect width="64" height="64"/></svg>'
SOCKET = "/run/mamia-web/web.sock"
SOCKET_STORE = {"rate_limits": {"store": "redis+unix:///run/redis/redis-server.sock"}}
MAIL_PORT = 2525


@dataclass(frozen=True)
class Combination:
    """Settings of the web service, and what proves that its unit allows them."""

    name: str
    """As the table in docs/operate.md has it."""
    settings: Mapping[str, Mapping[str, object]]
    prove: Callable[[ServedSystem], None]
    around: Callable[[ServedSystem], AbstractContextManager[None]] = field(default=lambda served: nullcontext())
    """What an administrator prepares besides."""


def change(served: ServedSystem) -> None:
    """Change the password to one that was not used before."""
    number = int((re.findall(r"\d+", served.password) or ["2040"])[0])
    served.change(f"Reglage-Numero-{number + 1}!z")


def prove_sound(served: ServedSystem) -> None:
    with served.system.network():
        form = served.visitor.get("/modifier-mon-mot-de-passe")
        sound = served.visitor.fetch(f"/captcha/{form.fields['challenge']}.wav")

    assert sound.status_code == 200
    assert sound.content.startswith(b"RIFF")
    assert len(sound.content) > 20_000


def prove_processes(served: ServedSystem) -> None:
    assert len(served.workers()) == 3
    change(served)


def prove_metrics(served: ServedSystem) -> None:
    """Summed over all processes, whichever answers."""
    change(served)
    asked = f"curl -s -H 'Host: {SITE}' -H 'X-Forwarded-For: 127.0.0.1' http://127.0.0.1:8080/metrics"
    line = re.compile(r'mamia_outcomes_total{outcome="changed",service="change"} ([1-9])')
    for _ in range(6):
        shown = served.system.shell(asked).stdout
        assert line.search(shown), shown[:2000]


def prove_journal(served: ServedSystem) -> None:
    mark = served.system.end_of_journal()
    change(served)
    wait_until(lambda: CHANGED in served.system.journal("--after-cursor", mark, "--unit", WEB))


def prove_syslog(served: ServedSystem) -> None:
    """With the facility of authentication, which rsyslog keeps in auth.log."""
    mark = served.system.end_of_journal()
    change(served)

    def is_kept() -> bool:
        lines = served.system.journal("--after-cursor", mark, "--output=json").splitlines()
        kept = [entry["MESSAGE"] for entry in map(json.loads, lines) if entry.get("SYSLOG_FACILITY") == "10"]
        return any(CHANGED in message for message in kept)

    wait_until(is_kept)


def prove_file(served: ServedSystem) -> None:
    before = served.system.shell(f"grep -c changed {AUDIT}", check=False).stdout.strip() or "0"
    change(served)
    assert served.system.shell(f"grep -c '{CHANGED}' {AUDIT}").stdout.strip() == str(int(before) + 1)


def mails_in_spool(served: ServedSystem) -> list[str]:
    return served.system.shell("find /var/lib/mamia/mails -type f -not -name '*.lock'").stdout.split()


def prove_mails(served: ServedSystem) -> None:
    """It waits in the spool while the mail server is down, over a restart too."""
    change(served)
    waiting = mails_in_spool(served)
    assert waiting
    served.restart(WEB)
    server = SmtpServer(port=MAIL_PORT)
    with served.system.network():
        server.start()
    try:
        wait_until(lambda: not mails_in_spool(served), 180)
    finally:
        server.stop()
    assert len(server.mails) == len(waiting)


@contextmanager
def store_at_a_socket(served: ServedSystem) -> Iterator[None]:
    drop_in, configuration = "/etc/systemd/system/mamia.service.d/store.conf", "/etc/redis/redis.conf"
    before = served.system.read(configuration)
    served.system.shell(
        f"printf 'unixsocket /run/redis/redis-server.sock\nunixsocketperm 770\n' >> {configuration};"
        "systemctl restart redis-server"
    )
    served.system.write(drop_in, "[Service]\nSupplementaryGroups=redis\n")
    served.system.run("systemctl", "daemon-reload")
    yield
    served.system.write(configuration, before, mode=0o640, owner="redis:redis")
    served.system.shell(f"rm {drop_in}; systemctl daemon-reload; systemctl restart redis-server")


@contextmanager
def tls_of_slapd(served: ServedSystem) -> Iterator[None]:
    (served.system.folder / "ldaps").mkdir(exist_ok=True)
    made = make_certificates(served.system.folder / "ldaps", "localhost", "127.0.0.1")
    for name, file in (("ldap.pem", made.certificate), ("ldap.key", made.key)):
        served.system.write(f"/etc/ldap/{name}", Path(file).read_text(), mode=0o600, owner="openldap:openldap")
    served.system.write("/etc/mamia/ca.pem", Path(made.authority).read_text())
    lines = "\n-\n".join(
        f"replace: olcTLSCertificate{key}File\nolcTLSCertificate{key}File: /etc/ldap/{file}"
        for key, file in (("", "ldap.pem"), ("Key", "ldap.key"))
    )
    served.system.run(
        "ldapmodify", "-Q", "-Y", "EXTERNAL", "-H", "ldapi:///",
        text=f"dn: cn=config\nchangetype: modify\n{lines}\n",
    )  # fmt: skip
    served.system.shell(
        "sed -i 's#^SLAPD_SERVICES=.*#SLAPD_SERVICES=\"ldap:/// ldapi:/// ldaps:///\"#' /etc/default/slapd;"
        "systemctl restart slapd"
    )
    yield


@contextmanager
def own_pages(served: ServedSystem) -> Iterator[None]:
    served.system.write("/etc/mamia/logo.svg", LOGO)
    served.system.write("/etc/mamia/templates/content/fr/faq.md", "## Une question\n\nNotre réponse.\n")
    yield


def prove_own_pages(served: ServedSystem) -> None:
    assert "Notre réponse" in served.text_of("/questions-frequentes")
    with served.system.network():
        assert "logo" in served.visitor.get("/").source


COMBINATIONS = (
    Combination(
        'captcha.methods = ["picture", "sound"]', {"captcha": {"methods": ["picture", "sound"]}}, prove_sound
    ),
    Combination("web.processes = 3", {"web": {"processes": 3}}, prove_processes),
    Combination(
        "web.processes = 2 with metrics.allowed_networks",
        {"web": {"processes": 2}, "metrics": {"allowed_networks": ["127.0.0.0/8"]}},
        prove_metrics,
    ),
    Combination('audit.destination = "stderr"', {"audit": {"destination": "stderr"}}, prove_journal),
    Combination('audit.destination = "syslog"', {"audit": {"destination": "syslog"}}, prove_syslog),
    Combination('audit.destination = "file"', {"audit": {"destination": "file", "file": AUDIT}}, prove_file),
    Combination(
        'notifications.spool = "/var/lib/mamia/mails"',
        {"notifications": {"spool": "/var/lib/mamia/mails", "smtp_host": "127.0.0.1", "smtp_port": MAIL_PORT}},
        prove_mails,
    ),
    Combination(
        'rate_limits.store = "redis+unix:///run/redis/redis-server.sock"',
        SOCKET_STORE,
        change,
        store_at_a_socket,
    ),
    Combination('directory.servers = ["ldap://127.0.0.1"]', {"directory": {"servers": ["ldap://127.0.0.1"]}}, change),
    Combination(
        'directory.servers = ["ldaps://127.0.0.1"] with directory.ca_file',
        {"directory": {"servers": ["ldaps://127.0.0.1"], "ca_file": "/etc/mamia/ca.pem"}},
        change,
        tls_of_slapd,
    ),
    Combination(
        "web.templates and academy.logo",
        {"web": {"templates": "/etc/mamia/templates"}, "academy": {"logo": "/etc/mamia/logo.svg"}},
        prove_own_pages,
        own_pages,
    ),
)


@pytest.mark.parametrize("combination", COMBINATIONS, ids=lambda one: one.name)
def test_when_a_setting_asks_something_of_the_unit_then_the_unit_allows_it(served, combination):
    mark = served.system.end_of_journal()
    with combination.around(served), served.settings(restart=[WEB], **combination.settings):
        combination.prove(served)

    assert not REFUSED_CALL.search(served.system.journal("--after-cursor", mark))


def test_when_the_proxy_connects_to_a_socket_then_nobody_else_can(served):
    mark = served.system.end_of_journal()
    with served.written(web={"socket": SOCKET}):
        use_settings_in_nginx(served)
        change(served)
        ask = f"curl -s -o /dev/null -w %{{http_code}} --unix-socket {SOCKET} -H Host:{SITE} http://x/"
        answered = {
            user: served.system.run("runuser", "-u", user, "--", *ask.split(), check=False).stdout
            for user in ("www-data", "nobody")
        }
    use_settings_in_nginx(served)

    assert answered == {"www-data": "200", "nobody": "000"}
    assert not REFUSED_CALL.search(served.system.journal("--after-cursor", mark))


def use_settings_in_nginx(served: ServedSystem) -> None:
    """As docs/install.md says: `mamia setup` writes nginx's file again."""
    served.system.run("mamia", "setup", "--yes", "--apply", check=False)
    served.system.run("systemctl", "reset-failed", WEB)
    served.system.shell(f"systemctl restart {WEB} && nginx -t && systemctl reload nginx")
    served.wait_until_ready()
