"""Mistakes in addresses, certificates and TLS, and refused service accounts, each planted in a real slapd."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from contextlib import ExitStack, suppress
from functools import cache

import pytest
from pydantic import SecretStr

from gateway.checks.finding import Level
from gateway.checks.servers import check_servers
from tests.support.certificates import make_certificates, make_untimely_certificates
from tests.support.planted_directory import (
    DATABASE,
    GATEWAY,
    OVERLAY,
    POLICIES,
    SERVICES,
    PlantedDirectory,
)
from tests.support.planted_mistakes import Mistake, prove
from tests.support.ports import free_port
from tests.support.secured_slapd import SecuredSlapd
from tests.support.slapd_server import QUICK_HASH, SUFFIX

SERVICE_POLICY = f"cn=services,{POLICIES}"
CONFIG = "cn=config"


class SecuredPlace(PlantedDirectory):
    """A directory with TLS; the gateway uses ldaps://."""

    def __init__(self, folder):
        self.folder = folder
        server = SecuredSlapd(folder, hash_cost=QUICK_HASH)
        server.add_person("fdurand4")
        self.sockets = ExitStack()
        self.is_changed = False
        self.plain, self.ldaps = server.url.replace("127.0.0.1", "localhost"), server.ldaps
        limits = {"connect_timeout_seconds": 1, "receive_timeout_seconds": 1}
        super().__init__(server, directory={"servers": [server.ldaps], "ca_file": server.authority, **limits})

    def use(self, url, **directory):
        self.set("directory", servers=[url], **directory)

    def certify(self, **dates):
        """Give slapd another certificate, of another authority that the gateway trusts, and restart it."""
        self.is_changed = True
        make_untimely_certificates(self.folder, "localhost", **dates)
        self.server.restart()

    def restrict(self, **values):
        """Set what slapd keeps until it is restarted."""
        self.is_changed = True
        self.change(DATABASE, **values)

    def restore(self):
        self.server.resume()
        self.sockets.close()
        if self.is_changed:
            make_certificates(self.folder, "localhost")
            self.restore_configuration()
            self.server.restart()
        super().restore()
        self.is_changed = False

    def silent_port(self):
        """A port that takes connections and says nothing."""
        listener = self.sockets.enter_context(socket.create_server(("127.0.0.1", 0)))
        return listener.getsockname()[1]

    def full_port(self):
        """A port of a machine that does not answer any more."""
        listener = self.sockets.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            waiting = self.sockets.enter_context(socket.socket())
            waiting.setblocking(False)
            with suppress(BlockingIOError):
                waiting.connect(listener.getsockname())
        return listener.getsockname()[1]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    made = SecuredPlace(tmp_path_factory.mktemp("secured"))
    yield made
    made.server.slapd.stop()


def servers(place):
    return check_servers(place.settings)


def secure(place):
    place.use(place.ldaps, start_tls=False)


def address(name, wrong, *, message, hint, fix=secure):
    """An address in directory.servers that is wrong; the fix is the right one."""
    return Mistake(
        name=name, plant=wrong, subject="ldap", message=message, hint=hint, fix=fix, check=servers
    )  # fmt: skip


def certificate(name, *, message, hint, level=Level.FAIL, subject="ldaps://localhost", **dates):
    """A certificate of slapd that is wrong; the fix is another one and a restart."""
    return Mistake(
        name=name,
        plant=lambda place: place.certify(**dates),
        level=level,
        subject=subject,
        message=message,
        hint=hint,
        fix=lambda place: place.certify(),
        check=servers,
    )


def tls(name, *, message, hint, fix=None, **configuration):
    """A value of cn=config about TLS that is wrong; the fix takes it out."""
    taken_out = dict.fromkeys(configuration)
    return Mistake(
        name=name,
        plant=lambda place: place.change(CONFIG, **configuration),
        subject="ldaps://localhost",
        message=message,
        hint=hint,
        fix=lambda place: place.change(CONFIG, **(fix or taken_out)),
        check=servers,
    )


def lock(place):
    place.change(SERVICE_POLICY, pwdLockout="TRUE", pwdMaxFailure="5")
    place.change(GATEWAY, pwdAccountLockedTime="000001010000Z")
    place.change(OVERLAY, olcPPolicyUseLockout="TRUE")


def expire(place):
    place.change(SERVICE_POLICY, pwdMaxAge="60")
    place.change(GATEWAY, pwdChangedTime="20200101080000Z")


def must_change(place):
    place.change(SERVICE_POLICY, pwdMustChange="TRUE")
    place.change(GATEWAY, pwdReset="TRUE")


def make_replica(place, update_ref=None):
    place.is_changed = True
    replica = (
        f'{{0}}rid=001 provider=ldap://provider.example searchbase="{SUFFIX}" type=refreshOnly '
        'interval=01:00:00:00 retry="3600 +"'
    )
    place.change(DATABASE, olcSyncrepl=replica)
    if update_ref:
        place.change(DATABASE, olcUpdateRef=update_ref)


def use_provider(place):
    """The provider is this server, once it is none's copy any more."""
    place.restore()


PASSWORD_WORDS = ["correct bind_dn, or its password in bind_password_file"]

MISTAKES = (
    address(
        "name does not resolve",
        lambda place: place.use("ldaps://annuaire.invalid"),
        message=["annuaire.invalid does not resolve"],
        hint=["directory.servers", "getent hosts annuaire.invalid"],
    ),
    address(
        "port where nothing listens",
        lambda place: place.use(f"ldaps://localhost:{free_port()}"),
        message=["nothing listens"],
        hint=["SLAPD_SERVICES"],
    ),
    address(
        "slapd is stopped",
        lambda place: place.server.slapd.stop(),
        message=["nothing listens"],
        hint=["start slapd"],
        fix=lambda place: place.server.slapd.start(),
    ),
    address(
        "ldaps on the plain port",
        lambda place: place.use(place.plain.replace("ldap://", "ldaps://")),
        message=["speaks LDAP without TLS"],
        hint=["ldaps:// with the port for TLS"],
    ),
    address(
        "ldap on the port for TLS",
        lambda place: place.use(place.ldaps.replace("ldaps://", "ldap://")),
        message=["speaks TLS, and the URL says ldap://"],
        hint=["ldaps://localhost:"],
    ),
    address(
        "a port that says nothing",
        lambda place: place.use(f"ldap://127.0.0.1:{place.silent_port()}"),
        message=["takes connections and does not answer"],
        hint=["slapd hangs"],
    ),
    address(
        "a port that says nothing, with TLS",
        lambda place: place.use(f"ldaps://localhost:{place.silent_port()}"),
        message=["takes connections and does not answer"],
        hint=["slapd hangs"],
    ),
    address(
        "a machine that does not answer",
        lambda place: place.use(f"ldap://127.0.0.1:{place.full_port()}"),
        message=["no answer from port"],
        hint=["firewall"],
    ),
    address(
        "slapd hangs",
        lambda place: place.server.pause(),
        message=["takes connections and does not answer"],
        hint=["restart it"],
        fix=lambda place: place.server.resume(),
    ),
    address(
        "ldapi without a socket",
        lambda place: place.use("ldapi://%2Fnowhere%2Fldapi"),
        message=["no slapd answers at /nowhere/ldapi"],
        hint=["correct the path in directory.servers"],
    ),
    address(
        "plain LDAP is refused",
        lambda place: (place.restrict(olcSecurity="simple_bind=128"), place.use(place.server.url)),
        message=["no password without TLS"],
        hint=["ldaps:// in directory.servers"],
    ),
    address(
        "no simple binds",
        lambda place: place.restrict(olcRestrict="bind"),
        message=["no simple binds"],
        hint=["take bind out of olcRestrict"],
        fix=lambda place: place.restrict(olcRestrict=None),
    ),
    address(
        "authority is not named",
        lambda place: place.set("directory", ca_file=None),
        message=["certificate is refused"],
        hint=["directory.ca_file must hold the authority"],
        fix=lambda place: place.set("directory", ca_file=place.server.authority),
    ),
    address(
        "another name than in the certificate",
        lambda place: place.use(place.ldaps.replace("localhost", "127.0.0.1")),
        message=["mismatch"],
        hint=["name that is in its certificate into directory.servers", "it is for localhost"],
    ),
    certificate("certificate is over", days=-1, message=["expired"], hint=["renew the certificate on that server"]),
    certificate(
        "authority is over",
        authority_days=-1,
        message=["expired"],
        hint=["directory.ca_file: an authority in it ended", "for -1 days"],
    ),
    certificate(
        "certificate has not begun", starts_in_days=2, message=["not yet valid"], hint=["synchronise the clocks"]
    ),
    certificate(
        "certificate ends soon",
        days=10,
        level=Level.WARN,
        subject="certificate",
        message=["valid for 9 more days"],
        hint=["renew it"],
    ),
    tls(
        "TLS 1.0 only",
        olcTLSCipherSuite="NORMAL:-VERS-ALL:+VERS-TLS1.0",
        message=["TLS 1.0 or 1.1 only"],
        hint=["take olcTLSCipherSuite out"],
    ),
    tls(
        "TLS 1.1 only",
        olcTLSCipherSuite="NORMAL:-VERS-ALL:+VERS-TLS1.1",
        message=["TLS 1.0 or 1.1 only"],
        hint=["olcTLSCipherSuite", "+VERS-TLS1.2"],
        fix={"olcTLSCipherSuite": "NORMAL:-VERS-ALL:+VERS-TLS1.2:+VERS-TLS1.3"},
    ),
    tls(
        "ciphers of the past",
        olcTLSCipherSuite="NORMAL:-VERS-TLS1.3:-CIPHER-ALL:+AES-256-CBC:-KX-ALL:+RSA:+ECDHE-ECDSA",
        message=["only ciphers that are refused"],
        hint=["take olcTLSCipherSuite out"],
    ),
    tls(
        "client certificate is demanded",
        olcTLSVerifyClient="demand",
        message=["ends the connection after the handshake"],
        hint=["olcTLSVerifyClient: never"],
        fix={"olcTLSVerifyClient": "never"},
    ),
    Mistake(
        name="wrong password",
        plant=lambda place: place.set("directory", bind_password=SecretStr("wrong")),
        subject="ldaps://localhost",
        message=["the password is wrong"],
        hint=PASSWORD_WORDS,
        fix=lambda place: place.set("directory", bind_password=place.server.slapd.password("gateway")),
        check=servers,
    ),
    Mistake(
        name="password with a blank",
        plant=lambda place: place.set("directory", bind_password=place.server.slapd.password("gateway") + " "),
        subject="ldaps://localhost",
        message=["begins or ends in a blank"],
        hint=PASSWORD_WORDS,
        fix=lambda place: place.set("directory", bind_password=place.server.slapd.password("gateway")),
        check=servers,
    ),
    Mistake(
        name="account does not exist",
        plant=lambda place: place.set("directory", bind_dn=f"cn=gatewy,{SERVICES}"),
        subject="ldaps://localhost",
        message=[f"there is no entry cn=gatewy,{SERVICES}"],
        hint=["correct bind_dn", "70-services.ldif"],
        fix=lambda place: place.set("directory", bind_dn=GATEWAY),
        check=servers,
    ),
    Mistake(
        name="account is locked",
        plant=lock,
        subject="ldaps://localhost",
        message=["the account is locked"],
        hint=[f"delete pwdAccountLockedTime of {GATEWAY}"],
        fix=lambda place: place.change(GATEWAY, pwdAccountLockedTime=None),
        check=servers,
    ),
    Mistake(
        name="account has expired",
        plant=expire,
        subject="ldaps://localhost",
        message=["has expired"],
        hint=["pwdPolicySubentry: cn=services", "neither pwdMaxAge nor pwdLockout"],
        fix=lambda place: place.change(SERVICE_POLICY, pwdMaxAge=None),
        check=servers,
    ),
    Mistake(
        name="account must change its password",
        plant=must_change,
        subject="ldaps://localhost",
        message=["pwdReset"],
        hint=[f"delete pwdReset of {GATEWAY}"],
        fix=lambda place: place.change(GATEWAY, pwdReset=None),
        check=servers,
    ),
    Mistake(
        name="read-only",
        plant=lambda place: place.change(DATABASE, olcReadOnly="TRUE"),
        subject=": writes",
        message=["read-only"],
        hint=["olcReadOnly: FALSE"],
        fix=lambda place: place.change(DATABASE, olcReadOnly="FALSE"),
        check=servers,
    ),
    Mistake(
        name="writes are restricted",
        plant=lambda place: place.restrict(olcRestrict="modify"),
        subject=": writes",
        message=["read-only"],
        hint=["no modify or write in olcRestrict"],
        fix=lambda place: place.restrict(olcRestrict=None),
        check=servers,
    ),
    Mistake(
        name="writes need TLS",
        plant=lambda place: (place.restrict(olcSecurity="update_ssf=128"), place.use(place.server.url)),
        subject=": writes",
        message=["over this connection"],
        hint=["ldaps:// in directory.servers"],
        fix=secure,
        check=servers,
    ),
    Mistake(
        name="a replica among the servers",
        plant=make_replica,
        subject=": writes",
        message=["copy (replica)", "shadow context"],
        hint=["directory.servers: name the server that takes writes (provider= in its olcSyncrepl)"],
        fix=use_provider,
        check=servers,
    ),
    Mistake(
        name="a replica among the servers, that refers to its provider",
        plant=lambda place: make_replica(place, "ldap://provider.example"),
        subject=": writes",
        message=["sends writes to ldap://provider.example"],
        hint=["directory.servers: name the server that takes writes, ldap://provider.example"],
        fix=use_provider,
        check=servers,
    ),
)


OF_GNUTLS = ("TLS 1.0 only", "TLS 1.1 only", "ciphers of the past")
"""Mistakes in a priority string. OpenSSL has none, and its own security level refuses what they allow."""


@cache
def has_gnutls():
    """Whether slapd is linked with GnuTLS, as Debian 12's is; Debian 13's is linked with OpenSSL."""
    slapd = shutil.which("slapd", path=f"{os.environ['PATH']}:/usr/sbin")
    assert slapd
    return "libgnutls" in subprocess.run(["ldd", slapd], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
def test_when_a_mistake_is_made_then_it_is_found_and_the_hint_names_the_fix(place, mistake):
    if mistake.name in OF_GNUTLS and not has_gnutls():
        pytest.skip("this slapd is not linked with GnuTLS")
    prove(mistake, place)
