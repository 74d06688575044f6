"""Why no connection to a directory server can be used, and how to fix that."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from gateway.checks.certificates import refused_by_directory
from gateway.checks.finding import Finding, fail
from gateway.checks.refused_bind import is_refused, refused_bind
from gateway.checks.tls_handshake import Speaks, spoken_at
from gateway.directory.server_support import UnsupportedServer
from gateway.ldap import error_text
from gateway.settings import Directory

PORTS = {"ldap": 389, "ldaps": 636}
FIREWALL = "is that machine up, is the port right, and does a firewall let this machine through?"
CERTIFICATE = "olcTLSCertificateFile and olcTLSCertificateKeyFile in cn=config of that server"
PLAIN_PORT = "ldaps:// with the port for TLS (636) in directory.servers, or ldap:// with directory.start_tls = true"
OLD_TLS = (
    "TLS 1.2 or newer in slapd: olcTLSProtocolMin: 3.3 in cn=config; where slapd is linked with GnuTLS (Debian 12), "
    "take olcTLSCipherSuite out or let it allow +VERS-TLS1.2:+VERS-TLS1.3"
)
CIPHERS = "take olcTLSCipherSuite out of cn=config of that server, or let it allow the ciphers of today (NORMAL)"


def unreachable(directory: Directory, url: str, error: Exception, subject: str = "") -> Finding:
    """Return the finding about `error`, in which a connection to `url` as the account of `directory` ended.

    `subject` is the subject of the finding; "" for the URL.
    """
    subject, text = subject or url, error_text(error)
    if isinstance(error, UnsupportedServer):
        return fail(f"{url}: product", str(error), "name OpenLDAP servers in directory.servers and read_servers")
    if refused := refused_by_directory(subject, directory, [url], text):
        return refused
    if is_refused(text):
        return refused_bind(directory, url, subject, str(error))
    if "starttls" in text.lower():
        hint = f"{CERTIFICATE}; or ldaps:// in directory.servers with directory.start_tls = false"
        return fail(subject, f"it does not offer StartTLS: {text}", hint)
    if urlsplit(url).scheme == "ldapi":
        return _no_socket(url, subject, text)
    return _by_message(directory, url, subject, text)


def _no_socket(url: str, subject: str, text: str) -> Finding:
    socket = unquote(urlsplit(url).netloc) or "the default socket"
    if "Permission denied" in text:
        return fail(subject, f"this user may not connect to {socket}", "run it as the gateway's user or as root")
    hint = "start slapd on this machine with ldapi:/// in SLAPD_SERVICES, or correct the path in directory.servers"
    return fail(subject, f"no slapd answers at {socket}: {text}", hint)


def _by_message(directory: Directory, url: str, subject: str, text: str) -> Finding:
    host, port = _address(url)
    if "invalid server address" in text or "Name or service" in text:
        hint = f"correct the name in directory.servers, or make it known (DNS, /etc/hosts): getent hosts {host}"
        return fail(subject, f"the name {host} does not resolve to an address", hint)
    if "Connection refused" in text:
        hint = (
            f"start slapd there with that port in SLAPD_SERVICES, or correct {url} in directory.servers; if slapd "
            "listens there, a firewall refuses this machine"
        )
        return fail(subject, f"nothing listens at port {port} of {host}", hint)
    if "No route to host" in text or "unreachable" in text:
        return fail(
            subject, f"there is no route to {host}: {text}", f"the network of this machine: ip route get {host}"
        )
    if urlsplit(url).scheme == "ldaps" or directory.start_tls:
        return _without_handshake(host, port, subject, text)
    return _without_answer(host, port, subject, text)


def _without_handshake(host: str, port: int, subject: str, text: str) -> Finding:
    match spoken_at(host, port):
        case Speaks.LDAP:
            return fail(subject, f"port {port} of {host} speaks LDAP without TLS: {text}", PLAIN_PORT)
        case Speaks.OLD_TLS:
            message = "it offers TLS 1.0 or 1.1 only, which are broken and refused here"
            return fail(subject, f"{message}: {text}", OLD_TLS)
        case Speaks.OTHER_CIPHERS:
            return fail(subject, f"it offers only ciphers that are refused here: {text}", CIPHERS)
        case Speaks.TLS:
            hint = "olcTLSVerifyClient: never in cn=config of that server; the gateway has no certificate of its own"
            return fail(subject, f"it ends the connection after the handshake: {text}", hint)
    if "timed out" in text:
        return _silent(host, port, subject, text)
    return fail(
        subject, f"it ends the handshake, and speaks neither TLS nor LDAP at port {port}: {text}", CERTIFICATE
    )


def _without_answer(host: str, port: int, subject: str, text: str) -> Finding:
    if "timed out" not in text or "receiving" in text:
        if spoken_at(host, port) in (Speaks.TLS, Speaks.OLD_TLS, Speaks.OTHER_CIPHERS):
            message = f"port {port} of {host} speaks TLS, and the URL says ldap://"
            return fail(subject, message, f"ldaps://{host}:{port} in directory.servers")
        return _silent(host, port, subject, text)
    return fail(subject, f"no answer from port {port} of {host}: {text}", FIREWALL)


def _silent(host: str, port: int, subject: str, text: str) -> Finding:
    """Return the finding for a server whose machine takes the connection and which then says nothing."""
    hint = "slapd hangs or is overloaded: look at its log and load, and restart it; is it slapd that has the port?"
    return fail(subject, f"port {port} of {host} takes connections and does not answer: {text}", hint)


def _address(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or PORTS.get(parts.scheme, 389)
