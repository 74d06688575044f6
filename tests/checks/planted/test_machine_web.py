"""Mistakes with the site: names, proxies, ports, nginx, certificate, templates, and what the pages say."""

from __future__ import annotations

import shutil
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from gateway.checks import nginx as nginx_module
from gateway.checks import system
from gateway.checks.academy import check_academy, check_captcha
from gateway.checks.api_clients import check_api_clients
from gateway.checks.finding import Level
from gateway.checks.host_names import check_host_names
from gateway.checks.listening import check_listening
from gateway.checks.nginx import check_nginx
from gateway.checks.site_certificate import check_site_certificate
from gateway.checks.system import check_system
from gateway.checks.templates import check_templates
from tests.support.certificates import make_certificates
from tests.support.http_server import QuietHandler, serving
from tests.support.planted_machine import FOREIGN_USER, PlantedMachine, open_folder
from tests.support.planted_mistakes import Mistake, problems, prove
from tests.support.ports import free_port
from tests.support.site_certificates import make_chain
from tests.support.tls_proxy import tls_proxy

SITE = "mon-compte.academie.test"
HOSTS, PROXIES = "web.allowed_hosts", "web.trusted_proxies"
CERTIFICATE = f"certificate of the site {SITE}"
OURS = Path(__file__).parents[3] / "templates"
NGINX = """
upstream mamia {{ server 127.0.0.1:{port}; }}
server {{
    ssl_certificate     {folder}/tls/cert.pem;
    ssl_certificate_key {folder}/tls/key.pem;  # of the line above
    location / {{
        proxy_pass http://mamia;
        {headers}
    }}
}}
"""
HEADERS = """proxy_set_header Host $host;
        proxy_set_header X-Forwarded-For $remote_addr;
        proxy_set_header X-Forwarded-Proto https;"""


class PlantedSite(PlantedMachine):
    def __init__(self, folder, **sections):
        self.port = free_port()
        web = {
            "allowed_hosts": [SITE],
            "trusted_proxies": 1,
            "secure_cookies": True,
            "port": self.port,
            "health_port": 0,
        }
        academy = {"name": "Académie de Test", "mail_domain": "academie.test"}
        support = {"phone": "03 80 00 00 00", "mail": "aide@academie.test"}
        store = {"allow_memory_store": True}
        super().__init__(folder, web=web, academy=academy, support=support, rate_limits=store)

    def web(self, **values):
        self.set("web", **values)

    def shown(self, made):
        """The certificate in `made` is what the proxy shows."""
        stack = ExitStack()
        port = stack.enter_context(tls_proxy(made, self.port))
        self.later(stack.close)
        self.web(tls_address=f"127.0.0.1:{port}")

    def trusted(self, made):
        self.environment.setenv("SSL_CERT_FILE", str(made.authority))

    def certificate(self, folder="tls", **values):
        return make_chain(self.made(folder), SITE, **values)

    def nginx(self, headers=HEADERS, *, anew=False):
        if anew:
            shutil.rmtree(self.folder / "tls")
        self.environment.setattr(nginx_module, "FOLDERS", (self.made("conf.d"),))
        if not (self.folder / "tls").exists():
            make_certificates(self.made("tls"), SITE)
            (self.folder / "tls" / "key.pem").chmod(0o600)
        text = NGINX.format(port=self.port, folder=self.folder, headers=headers)
        self.file("conf.d/mamia.conf", text, mode=0o644)

    def template(self, name, text, **values):
        self.web(templates=self.made("templates"))
        return self.file(f"templates/{name}", text, **{"mode": 0o644, **values})


def hosts(place):
    return check_host_names(place.settings)


def listening(place):
    return check_listening(place.settings)


def nginx(place):
    return check_nginx(place.settings)


def certificate(place):
    return check_site_certificate(place.settings)


def templates(place):
    return check_templates(place.settings)


def academy(place):
    return check_academy(place.settings)


def captcha(place):
    return check_captcha(place.settings)


def machine(place):
    return check_system(place.settings)


def api(place):
    return check_api_clients(place.settings)


def host_mistake(name, typed, meant):
    return Mistake(
        name=f"host {name}",
        plant=lambda place: place.web(allowed_hosts=[typed]),
        subject=HOSTS,
        message=[typed, "people get 400"],
        hint=[f'"{meant}" in the place of "{typed}"'],
        fix=lambda place: place.web(allowed_hosts=[meant]),
        check=hosts,
    )


def header_mistake(name, left_out, message, hint, level=Level.FAIL):
    lines = [line for line in HEADERS.splitlines() if left_out not in line]
    return Mistake(
        name=f"nginx without {name}",
        plant=lambda place: place.nginx("\n".join(lines)),
        level=level,
        subject="nginx",
        message=[message],
        hint=[hint],
        fix=lambda place: place.nginx(),
        check=nginx,
    )


def another_program(place):
    stack = ExitStack()
    address = stack.enter_context(serving(QuietHandler))
    place.later(stack.close)
    place.stop_program = stack.close
    place.web(port=int(address.rpartition(":")[2]))


def wrong_key(place):
    place.nginx()
    other = make_certificates(place.made("other"), SITE)
    place.right_key = (place.folder / "tls" / "key.pem").read_bytes()
    shutil.copy(other.key, place.folder / "tls" / "key.pem")
    (place.folder / "tls" / "key.pem").chmod(0o600)


def key_with_passphrase(place):
    place.nginx()
    key = place.folder / "tls" / "key.pem"
    place.run("openssl", "pkey", "-in", key, "-aes256", "-passout", "pass:secret", "-out", f"{key}.closed")
    key.write_bytes(Path(f"{key}.closed").read_bytes())


def open_key(place):
    key = place.folder / "tls" / "key.pem"
    place.run("openssl", "pkey", "-in", key, "-passin", "pass:secret", "-out", f"{key}.open")
    Path(f"{key}.open").chmod(0o600)
    file = place.folder / "conf.d" / "mamia.conf"
    file.write_text(file.read_text().replace("/key.pem;", "/key.pem.open;"))


def stranger(place):
    place.trusted(place.certificate("other"))
    place.site = place.certificate()
    place.shown(place.site)


def in_another_folder(place):
    shutil.rmtree(place.folder / "templates")
    place.template("pages/home.html", "{{ academy.name }}")


def closed_logo(place):
    place.give_processes_users()
    place.set("academy", logo=place.file("logo.png", b"\x89PNG\r\n", mode=0o600))


def old_library(place):
    place.file("libraries/tqdm-4.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tqdm\nVersion: 4.0\n")
    place.environment.syspath_prepend(place.folder / "libraries")


def new_library(place):
    sys.path.remove(str(place.folder / "libraries"))


def few_files(place):
    import resource

    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    place.later(lambda: resource.setrlimit(resource.RLIMIT_NOFILE, before))
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, before[1]))


def more_files(place):
    import resource

    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))


def without_voice(place):
    """espeak-ng is there, and its data is not."""
    place.file("bin/espeak-ng", "#!/bin/sh\nexit 1\n", mode=0o755)
    place.environment.setenv("PATH", str(place.folder / "bin"))


MISTAKES = (
    host_mistake("as a URL", f"https://{SITE}", SITE),
    host_mistake("as a URL with a path", f"https://{SITE}/accueil", SITE),
    host_mistake("with a path", f"{SITE}/compte", SITE),
    host_mistake("as a pattern", "*.academie.test", ".academie.test"),
    Mistake(
        name="only this machine, behind a proxy",
        plant=lambda place: place.web(allowed_hosts=["localhost", "127.0.0.1"]),
        subject=HOSTS,
        message=["everybody gets 400"],
        hint=["the name of your site"],
        fix=lambda place: place.web(allowed_hosts=[SITE]),
        check=hosts,
    ),
    Mistake(
        name="no trusted proxy",
        plant=lambda place: place.web(trusted_proxies=0),
        subject=PROXIES,
        message=["count as one address"],
        hint=["trusted_proxies = 1"],
        fix=lambda place: place.web(trusted_proxies=1),
        check=hosts,
    ),
    Mistake(
        name="proxy from a network that is not named",
        plant=lambda place: place.web(proxy_networks=["10.0.0.0/8"]),
        subject="web.proxy_networks",
        message=["its headers are ignored"],
        hint=["127.0.0.0/8"],
        fix=lambda place: place.web(proxy_networks=["127.0.0.0/8", "::1/128"]),
        check=hosts,
    ),
    Mistake(
        name="no proxy network",
        plant=lambda place: place.web(proxy_networks=[]),
        subject="web.proxy_networks",
        message=["it is empty"],
        hint=["127.0.0.0/8"],
        fix=lambda place: place.web(proxy_networks=["127.0.0.0/8"]),
        check=hosts,
    ),
    Mistake(
        name="everybody is a proxy",
        plant=lambda place: place.web(proxy_networks=["0.0.0.0/0"]),
        subject="web.proxy_networks",
        message=["lets every machine say"],
        hint=["the addresses of your proxies only"],
        fix=lambda place: place.web(proxy_networks=["127.0.0.0/8"]),
        check=hosts,
    ),
    Mistake(
        name="cookies without Secure",
        plant=lambda place: place.web(secure_cookies=False),
        subject="web.secure_cookies",
        message=["in plain text"],
        hint=["secure_cookies = true"],
        fix=lambda place: place.web(secure_cookies=True),
        check=hosts,
    ),
    Mistake(
        name="metrics for everybody",
        plant=lambda place: place.set("metrics", allowed_networks=["0.0.0.0/0"]),
        level=Level.WARN,
        subject="metrics.allowed_networks",
        message=["may read /metrics"],
        hint=["the address of your Prometheus"],
        fix=lambda place: place.set("metrics", allowed_networks=["10.1.2.3/32"]),
        check=hosts,
    ),
    Mistake(
        name="port taken",
        plant=another_program,
        subject="web.port",
        message=["another program has"],
        hint=["ss -tlnp", "web.port"],
        fix=lambda place: place.stop_program(),
        check=listening,
    ),
    Mistake(
        name="port of root",
        plant=lambda place: (
            place.give_processes_users(),
            place.web(port=443),
            place.environment.setattr("gateway.checks.listening.FIRST_OPEN_PORT", Path("/nowhere")),
        ),
        subject="web.port",
        message=[f"{FOREIGN_USER} may not listen"],
        hint=["8080"],
        fix=lambda place: place.web(port=place.port),
        check=listening,
    ),
    Mistake(
        name="address of another machine",
        plant=lambda place: place.web(listen_address="192.0.2.77", is_in_container_network=True),
        subject="web.port",
        message=["192.0.2.77 is no address of this machine"],
        hint=["web.listen_address"],
        fix=lambda place: place.web(listen_address="127.0.0.1"),
        check=listening,
    ),
    Mistake(
        name="health port taken",
        plant=lambda place: (another_program(place), place.web(health_port=place.settings.web.port, port=place.port)),
        subject="web.health_port",
        message=["another program has"],
        hint=["choose another web.health_port"],
        fix=lambda place: place.web(health_port=free_port()),
        check=listening,
    ),
    Mistake(
        name="socket's folder missing",
        plant=lambda place: place.web(socket=place.folder / "run" / "web.sock"),
        subject="web.socket",
        message=["is missing"],
        hint=["mamia.tmpfiles", "install -d"],
        fix=lambda place: place.made("run", mode=0o710),
        check=listening,
    ),
    Mistake(
        name="socket's folder of root",
        plant=lambda place: (
            place.give_processes_users(),
            place.made("run", mode=0o710),
            place.web(socket=place.folder / "run" / "web.sock"),
        ),
        subject="web.socket",
        message=[f"{FOREIGN_USER} can't write"],
        hint=[f"chown {FOREIGN_USER}"],
        fix=lambda place: place.shell(problems(listening(place))[0].hint),
        check=listening,
    ),
    Mistake(
        name="socket is a file",
        plant=lambda place: (place.made("run", mode=0o710), place.web(socket=place.file("run/web.sock"))),
        subject="web.socket",
        message=["is no socket"],
        hint=["rm "],
        fix=lambda place: place.shell(problems(listening(place))[0].hint),
        check=listening,
    ),
    Mistake(
        name="socket open to all",
        plant=lambda place: (place.made("run", mode=0o755), place.web(socket=place.folder / "run" / "web.sock")),
        level=Level.WARN,
        subject="web.socket",
        message=["every user of this machine may enter"],
        hint=["chmod 710"],
        fix=lambda place: (place.folder / "run").chmod(0o710),
        check=listening,
    ),
    Mistake(
        name="key of another certificate",
        plant=wrong_key,
        subject="nginx",
        message=["is not the key of", "nginx does not start"],
        hint=["ssl_certificate_key", "nginx -t"],
        fix=lambda place: (place.folder / "tls" / "key.pem").write_bytes(place.right_key),
        check=nginx,
    ),
    Mistake(
        name="key open to all",
        plant=lambda place: (place.nginx(), (place.folder / "tls" / "key.pem").chmod(0o644)),
        subject="nginx",
        message=["can pretend to be the site"],
        hint=["chown root:root", "chmod 600"],
        fix=lambda place: place.shell(problems(nginx(place))[0].hint),
        check=nginx,
    ),
    Mistake(
        name="key with a passphrase",
        plant=key_with_passphrase,
        subject="nginx",
        message=["has a passphrase"],
        hint=["openssl pkey -in"],
        fix=open_key,
        check=nginx,
    ),
    Mistake(
        name="certificate file missing",
        plant=lambda place: (
            place.nginx(),
            (place.folder / "tls" / "cert.pem").rename(place.folder / "tls" / "chain.pem"),
        ),
        subject="nginx",
        message=["cert.pem does not exist"],
        hint=["ssl_certificate: the path of your file"],
        fix=lambda place: (place.folder / "tls" / "chain.pem").rename(place.folder / "tls" / "cert.pem"),
        check=nginx,
    ),
    Mistake(
        name="certificate that is none",
        plant=lambda place: (place.nginx(), place.file("tls/cert.pem", "no certificate")),
        subject="nginx",
        message=["no PEM file that can be used"],
        hint=["openssl x509"],
        fix=lambda place: place.nginx(anew=True),
        check=nginx,
    ),
    header_mistake("Host", "Host", "everybody gets 400", "proxy_set_header Host $host"),
    header_mistake(
        "X-Forwarded-For",
        "X-Forwarded-For",
        "does not set X-Forwarded-For",
        "proxy_set_header X-Forwarded-For $remote_addr",
    ),
    header_mistake(
        "X-Forwarded-Proto",
        "X-Forwarded-Proto",
        "links and cookies are made for http",
        "proxy_set_header X-Forwarded-Proto https",
        Level.WARN,
    ),
    Mistake(
        name="more proxies than there are",
        plant=lambda place: (place.nginx(), place.web(trusted_proxies=2)),
        subject="nginx",
        message=["web.trusted_proxies is 2"],
        hint=["web.trusted_proxies = 1"],
        fix=lambda place: place.web(trusted_proxies=1),
        check=nginx,
    ),
    Mistake(
        name="the other header",
        plant=lambda place: (place.nginx(), place.web(forwarded_header="Forwarded")),
        subject="nginx",
        message=["does not set Forwarded"],
        hint=["proxy_set_header Forwarded for=$remote_addr;proto=https"],
        fix=lambda place: place.nginx(HEADERS + '\nproxy_set_header Forwarded "for=$remote_addr;proto=https";'),
        check=nginx,
    ),
    Mistake(
        name="certificate with ten days left",
        plant=lambda place: (made := place.certificate(days=10), place.trusted(made), place.shown(made)),
        level=Level.WARN,
        subject=CERTIFICATE,
        message=["more days"],
        hint=["renew it"],
        fix=lambda place: (made := place.certificate("new", days=90), place.trusted(made), place.shown(made)),
        check=certificate,
    ),
    Mistake(
        name="certificate expired",
        plant=lambda place: (made := place.certificate(days=-1), place.trusted(made), place.shown(made)),
        subject=CERTIFICATE,
        message=["certificate has expired"],
        hint=["renew it"],
        fix=lambda place: (made := place.certificate("new", days=90), place.trusted(made), place.shown(made)),
        check=certificate,
    ),
    Mistake(
        name="certificate for another name",
        plant=lambda place: (
            made := make_chain(place.made("tls"), "autre.test"),
            place.trusted(made),
            place.shown(made),
        ),
        subject=CERTIFICATE,
        message=["ostname mismatch"],
        hint=[f"issue it for {SITE} too"],
        fix=lambda place: (made := place.certificate("new"), place.trusted(made), place.shown(made)),
        check=certificate,
    ),
    Mistake(
        name="intermediate certificate missing",
        plant=lambda place: (
            made := place.certificate(sends_intermediate=False),
            place.trusted(made),
            place.shown(made),
        ),
        subject=CERTIFICATE,
        message=["sends only this certificate"],
        hint=["fullchain.pem"],
        fix=lambda place: (made := place.certificate("new"), place.trusted(made), place.shown(made)),
        check=certificate,
    ),
    Mistake(
        name="authority of the site unknown",
        plant=stranger,
        subject=CERTIFICATE,
        message=["does not trust its authority"],
        hint=["update-ca-certificates"],
        fix=lambda place: place.trusted(place.site),
        check=certificate,
    ),
    Mistake(
        name="proxy not running",
        plant=lambda place: place.web(tls_address=f"127.0.0.1:{free_port()}"),
        level=Level.WARN,
        subject=CERTIFICATE,
        message=["no program listens"],
        hint=["web.tls_address"],
        fix=lambda place: (made := place.certificate("new"), place.trusted(made), place.shown(made)),
        check=certificate,
    ),
    Mistake(
        name="proxy without TLS",
        plant=lambda place: (another_program(place), place.web(tls_address=f"127.0.0.1:{place.settings.web.port}")),
        subject=CERTIFICATE,
        message=["answers without TLS"],
        hint=["the port at which it speaks TLS"],
        fix=lambda place: (made := place.certificate("new"), place.trusted(made), place.shown(made)),
        check=certificate,
    ),
    Mistake(
        name="template with an error",
        plant=lambda place: place.template("pages/home.html", "{% if academy.name %}\n{{ academy.name }}\n"),
        subject="web.templates",
        message=["home.html, line", "fail (500)"],
        hint=["correct that line"],
        fix=lambda place: place.template("pages/home.html", "{% if academy.name %}\n{{ academy.name }}\n{% endif %}"),
        check=templates,
    ),
    Mistake(
        name="template with an unknown name",
        plant=lambda place: place.template("pages/home.html", "{{ acadamy.name }}"),
        subject="web.templates",
        message=["uses acadamy"],
        hint=["correct the name"],
        fix=lambda place: place.template("pages/home.html", "{{ academy.name }}"),
        check=templates,
    ),
    Mistake(
        name="template with an unknown setting",
        plant=lambda place: place.template("content/fr/help.md", "Appelez le {{ support.telephone }}"),
        subject="web.templates",
        message=["support.telephone"],
        hint=["correct the name"],
        fix=lambda place: place.template("content/fr/help.md", "Appelez le {{ support.phone }}"),
        check=templates,
    ),
    Mistake(
        name="template with an unknown filter",
        plant=lambda place: place.template("pages/home.html", "{{ academy.name | majuscules }}"),
        subject="web.templates",
        message=["majuscules"],
        hint=["correct that line"],
        fix=lambda place: place.template("pages/home.html", "{{ academy.name | upper }}"),
        check=templates,
    ),
    Mistake(
        name="template in another encoding",
        plant=lambda place: place.template("content/fr/help.md", "Académie".encode("latin1")),
        subject="web.templates",
        message=["is not UTF-8"],
        hint=["iconv -f latin1"],
        fix=lambda place: place.template("content/fr/help.md", "Académie"),
        check=templates,
    ),
    Mistake(
        name="template that nobody shows",
        plant=lambda place: place.template("page/home.html", "{{ academy.name }}"),
        level=Level.WARN,
        subject="web.templates",
        message=["no page shows it"],
        hint=["its path as under templates/"],
        fix=in_another_folder,
        check=templates,
    ),
    Mistake(
        name="template that the service cannot read",
        plant=lambda place: (place.give_processes_users(), place.template("pages/home.html", "x", mode=0o600)),
        subject="web.templates",
        message=[f"{FOREIGN_USER} can't read"],
        hint=["chmod a+r"],
        fix=lambda place: (place.folder / "templates" / "pages" / "home.html").chmod(0o644),
        check=templates,
    ),
    Mistake(
        name="catalogue that is none",
        plant=lambda place: place.template("translations/fr/LC_MESSAGES/messages.mo", "msgid"),
        subject="web.templates",
        message=["no compiled catalogue"],
        hint=["pybabel compile", "or delete it"],
        fix=lambda place: (place.folder / "templates/translations/fr/LC_MESSAGES/messages.mo").unlink(),
        check=templates,
    ),
    Mistake(
        name="language without a catalogue",
        plant=lambda place: place.web(languages=["fr", "br"]),
        subject="web.languages",
        message=["no catalogue for br"],
        hint=["languages = ['fr']"],
        fix=lambda place: place.web(languages=["fr"]),
        check=templates,
    ),
    Mistake(
        name="logo that the service cannot read",
        plant=closed_logo,
        subject="academy.logo",
        message=["can't read"],
        hint=["chmod a+r"],
        fix=lambda place: (place.folder / "logo.png").chmod(0o644),
        check=templates,
    ),
    Mistake(
        name="logo of another kind",
        plant=lambda place: place.set("academy", logo=place.file("logo.png", b"\xff\xd8\xff")),
        level=Level.WARN,
        subject="academy.logo",
        message=["browsers show no logo"],
        hint=["its right ending"],
        fix=lambda place: place.set("academy", logo=place.file("logo.jpg", b"\xff\xd8\xff")),
        check=templates,
    ),
    Mistake(
        name="texts of the invented academy",
        plant=lambda place: (place.set("academy", mail_domain=None), place.set("support", phone=None)),
        level=Level.WARN,
        subject="academy",
        message=["academy.mail_domain, support.phone"],
        hint=["to those of your academy"],
        fix=lambda place: (
            place.set("academy", mail_domain="academie.test"),
            place.set("support", phone="03 80 00 00 00"),
        ),
        check=academy,
    ),
    Mistake(
        name="hours that end before they begin",
        plant=lambda place: place.set("support", openings=[{"days": ["mon"], "opens": "17:00", "closes": "08:30"}]),
        subject="support.openings",
        message=["ends before it begins"],
        hint=["opens before closes"],
        fix=lambda place: place.set("support", openings=[{"days": ["mon"], "opens": "08:30", "closes": "17:00"}]),
        check=academy,
    ),
    Mistake(
        name="no hours",
        plant=lambda place: place.set("support", openings=[]),
        level=Level.WARN,
        subject="support.openings",
        message=["show no hours"],
        hint=["set the hours"],
        fix=lambda place: place.set("support", openings=[{"days": ["mon"], "opens": "08:30", "closes": "17:00"}]),
        check=academy,
    ),
    Mistake(
        name="closed all the year",
        plant=lambda place: place.set("support", closures=[{"first": "01-01", "last": "12-31"}]),
        subject="support.closures",
        message=["leave no day"],
        hint=["first and last day of each closure"],
        fix=lambda place: place.set("support", closures=[{"first": "07-15", "last": "08-18"}]),
        check=academy,
    ),
    Mistake(
        name="espeak-ng missing",
        plant=lambda place: place.environment.setenv("PATH", str(place.made("bin"))),
        subject="captcha.methods",
        message=["espeak-ng is not installed"],
        hint=["apt install espeak-ng"],
        fix=lambda place: place.environment.undo(),
        check=captcha,
    ),
    Mistake(
        name="no voice",
        plant=without_voice,
        subject="captcha.methods",
        message=["has no voice fr-fr"],
        hint=["espeak-ng-data"],
        fix=lambda place: place.environment.undo(),
        check=captcha,
    ),
    Mistake(
        name="no way without perception",
        plant=lambda place: place.set("captcha", methods=["picture"]),
        level=Level.WARN,
        subject="captcha.methods",
        message=["WCAG"],
        hint=['add "automatic"'],
        fix=lambda place: place.set("captcha", methods=["picture", "automatic"]),
        check=captcha,
    ),
    Mistake(
        name="no challenge",
        plant=lambda place: place.set("captcha", required=[]),
        level=Level.WARN,
        subject="captcha.required",
        message=["scripts can use every form"],
        hint=['["reset", "change"]'],
        fix=lambda place: place.set("captcha", required=["reset", "change"]),
        check=captcha,
    ),
    Mistake(
        name="clock not synchronised",
        plant=lambda place: place.environment.setattr(system, "read_clock_status", lambda: system.UNSYNCHRONISED),
        level=Level.WARN,
        subject="clock",
        message=["not synchronised"],
        hint=["timedatectl set-ntp true"],
        fix=lambda place: place.environment.setattr(system, "read_clock_status", lambda: 0),
        check=machine,
    ),
    Mistake(
        name="old library",
        plant=old_library,
        subject="libraries",
        message=["tqdm is 4.0"],
        hint=["pip install --require-hashes -r locks/runtime.txt"],
        fix=new_library,
        check=machine,
    ),
    Mistake(
        name="few open files",
        plant=few_files,
        level=Level.WARN,
        subject="open files",
        message=["may open 512 files"],
        hint=["LimitNOFILE=4096"],
        fix=more_files,
        check=machine,
    ),
)


@pytest.fixture(scope="module")
def folder():
    with open_folder() as made:
        yield made


@pytest.fixture(scope="module")
def place(folder):
    site = PlantedSite(folder)
    site._good["captcha"] = {"required": ["reset", "change"]}
    site.restore()
    return site


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
def test_when_a_mistake_is_made_then_it_is_found_and_the_hint_names_the_fix(place, mistake):
    prove(mistake, place)


def test_when_the_programs_own_templates_are_the_academys_then_nothing_is_found(place):
    try:
        shutil.copytree(OURS, place.folder / "templates", ignore=shutil.ignore_patterns("__*"))
        place.web(templates=place.folder / "templates")

        assert problems(templates(place)) == []
    finally:
        place.restore()


def test_when_the_service_itself_has_the_port_then_that_is_no_mistake(place):
    class Alive(QuietHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"status": "alive"}')

    try:
        with serving(Alive) as address:
            place.web(port=int(address.rpartition(":")[2]))

            [found] = listening(place)

        assert found.level is Level.OK
        assert "the service answers" in found.message
    finally:
        place.restore()


def test_when_nginx_of_this_project_is_used_then_nothing_is_found(place):
    try:
        place.nginx()
        shipped = (OURS.parent / "deploy" / "nginx" / "mamia.conf").read_text()
        shipped = shipped.replace("web1:8080", f"127.0.0.1:{place.port}")
        shipped = shipped.replace("/run/secrets/tls_certificate", str(place.folder / "tls" / "cert.pem"))
        place.file(
            "conf.d/mamia.conf", shipped.replace("/run/secrets/tls_key", str(place.folder / "tls" / "key.pem"))
        )

        assert problems(nginx(place)) == []
    finally:
        place.restore()
