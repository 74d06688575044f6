"""Mistakes at the proxy: its key, its headers, and the certificate that people's browsers see."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gateway.checks.finding import Level
from gateway.checks.nginx import check_nginx
from gateway.checks.site_certificate import check_site_certificate
from tests.support.certificates import make_certificates
from tests.support.planted_machine import open_folder
from tests.support.planted_mistakes import Mistake, problems, prove
from tests.support.planted_site import CERTIFICATE, HEADERS, OURS, SITE, PlantedSite, another_program
from tests.support.ports import free_port
from tests.support.site_certificates import make_chain


def nginx(place):
    return check_nginx(place.settings)


def certificate(place):
    return check_site_certificate(place.settings)


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


MISTAKES = (
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
        name="nginx leads to a former port",
        plant=lambda place: (place.nginx(), place.web(port=free_port())),
        subject="nginx",
        message=["leads to another address", "people get 502"],
        hint=["in its upstream", "or web.port as it is there"],
        fix=lambda place: place.web(port=place.port),
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
        plant=lambda place: place.web(tls_address=f"127.0.0.1:{another_program(place)}"),
        subject=CERTIFICATE,
        message=["answers without TLS"],
        hint=["the port at which it speaks TLS"],
        fix=lambda place: (made := place.certificate("new"), place.trusted(made), place.shown(made)),
        check=certificate,
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
