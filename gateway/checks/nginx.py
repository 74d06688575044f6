"""Checks of the nginx on this machine, as far as its configuration can be read: key, certificate and headers.

Only files that pass requests on to this service are looked at. Nothing is run, because nginx -t writes files.
"""

from __future__ import annotations

import re
import ssl
import stat
from collections.abc import Iterator
from pathlib import Path

from gateway.checks.finding import Finding, fail, ok, warn
from gateway.settings import Settings, Web
from gateway.settings.types import is_loopback

FOLDERS = (Path("/etc/nginx/conf.d"), Path("/etc/nginx/sites-enabled"))
_CERTIFICATE = re.compile(r"^\s*ssl_certificate\s+([^\s;]+)\s*;", re.MULTILINE)
_KEY = re.compile(r"^\s*ssl_certificate_key\s+([^\s;]+)\s*;", re.MULTILINE)
_COMMENT = re.compile(r"(^|\s)#[^\n]*")
_SERVER_NAME = r"server_name\s[^;]*(?<![\w-]){host}(?![\w.-])"
_HEADER = r"proxy_set_header\s+{name}\s+([^;]+);"
RELOAD = "then nginx -t && systemctl reload nginx"
TOGETHER = "everybody counts as one address"


def check_nginx(settings: Settings) -> Iterator[Finding]:
    """Yield findings about each file of nginx's configuration that leads to this service."""
    files = _configurations(settings.web)
    if not files:
        yield from _leads_elsewhere(settings.web)
    for file in files:
        text = _read(file)
        found = [*_keys(file, text), *_headers(settings.web, file, text)]
        yield from found or [ok(f"nginx: {file}", "its key belongs to its certificate, and it says who asks")]


def _configurations(web: Web) -> list[Path]:
    wanted = str(web.socket) if web.socket else f":{web.port}"
    pattern = re.compile(rf"{re.escape(wanted)}(?!\d)")
    return [file for file in _files() if "proxy_pass" in (text := _read(file)) and pattern.search(text)]


def _files() -> list[Path]:
    return [file for folder in FOLDERS if folder.is_dir() for file in sorted(folder.iterdir())]


def _leads_elsewhere(web: Web) -> Iterator[Finding]:
    """Yield a finding per file that serves a name of the site and passes requests on to another address."""
    address = f"unix:{web.socket}" if web.socket else f"127.0.0.1:{web.port}"
    hosts = [host.lstrip(".") for host in web.allowed_hosts if not is_loopback(host)]
    for file in _files():
        text = _read(file)
        names = [host for host in hosts if re.search(_SERVER_NAME.format(host=re.escape(host)), text)]
        if names and "proxy_pass" in text:
            message = f"it serves {', '.join(names)} and leads to another address than {address}: people get 502"
            yield fail(
                f"nginx: {file}", message, f"server {address}; in its upstream, or web.port as it is there; {RELOAD}"
            )


def _read(file: Path) -> str:
    """Return the file without its comments; "" if it cannot be read."""
    try:
        return _COMMENT.sub(" ", file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return ""


def _keys(file: Path, text: str) -> Iterator[Finding]:
    subject = f"nginx: {file}"
    pairs = dict.fromkeys(zip(_CERTIFICATE.findall(text), _KEY.findall(text), strict=False))
    for certificate, key in ((Path(one), Path(two)) for one, two in pairs):
        for name, path in (("ssl_certificate", certificate), ("ssl_certificate_key", key)):
            if _is_missing(path):
                yield fail(
                    subject,
                    f"{path} does not exist: nginx does not start",
                    f"{name}: the path of your file; {RELOAD}",
                )
        if _can_be_read(certificate) and _can_be_read(key):
            yield from _pair(subject, certificate, key)


def _is_missing(path: Path) -> bool:
    try:
        return not path.exists()
    except OSError:
        return False


def _can_be_read(path: Path) -> bool:
    try:
        path.open("rb").close()
    except OSError:
        return False
    return True


def _pair(subject: str, certificate: Path, key: Path) -> Iterator[Finding]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key, password=lambda: "")
    except ssl.SSLError as error:
        yield _unusable(subject, certificate, key, str(error))
    if stat.S_IMODE(key.stat().st_mode) & stat.S_IRWXO:
        text = f"everybody on this machine may read {key}: with it, anybody can pretend to be the site"
        # nginx reads it as root, before it becomes another user.
        yield fail(subject, text, f"chown root:root {key} && chmod 600 {key}")


def _unusable(subject: str, certificate: Path, key: Path, text: str) -> Finding:
    if "KEY_VALUES_MISMATCH" in text or "key values mismatch" in text:
        message = f"{key} is not the key of {certificate}: nginx does not start"
        return fail(
            subject, message, f"ssl_certificate_key: the key with which this certificate was requested; {RELOAD}"
        )
    if b"ENCRYPTED" in key.read_bytes():
        message = f"{key} has a passphrase: nginx can't start without somebody who types it"
        return fail(
            subject,
            message,
            f"openssl pkey -in {key} -out {key}.open, mode 600, and ssl_certificate_key with that file; {RELOAD}",
        )
    message = f"{certificate} or {key} is no PEM file that can be used: nginx does not start"
    return fail(subject, message, f"openssl x509 -in {certificate} -noout; openssl pkey -in {key} -noout; {RELOAD}")


def _headers(web: Web, file: Path, text: str) -> Iterator[Finding]:
    """Yield findings about the headers that the service reads, compared with the settings."""
    subject, wanted = f"nginx: {file}", web.forwarded_header
    client = re.findall(_HEADER.format(name=re.escape(wanted)), text, re.IGNORECASE)
    value = "$remote_addr" if wanted == "X-Forwarded-For" else "for=$remote_addr;proto=https"
    if web.trusted_proxies and not client:
        text_ = f"it does not set {wanted}: {TOGETHER}, or whom a client names"
        yield fail(subject, text_, f"proxy_set_header {wanted} {value}; {RELOAD}")
    if web.trusted_proxies > 1 and client and all(one.strip() == "$remote_addr" for one in client):
        text_ = f"it passes on one address, and web.trusted_proxies is {web.trusted_proxies}: {TOGETHER}"
        yield fail(
            subject,
            text_,
            f"web.trusted_proxies = 1; with a load balancer before it: proxy_set_header {wanted} "
            f"$proxy_add_x_forwarded_for; {RELOAD}",
        )
    hosts = re.findall(_HEADER.format(name="Host"), text, re.IGNORECASE)
    if not hosts:
        yield fail(
            subject,
            "it does not pass on the name that people typed: everybody gets 400",
            f"proxy_set_header Host $host; {RELOAD}",
        )
    schemes = re.findall(_HEADER.format(name="X-Forwarded-Proto"), text, re.IGNORECASE)
    if web.trusted_proxies and wanted == "X-Forwarded-For" and not schemes:
        text_ = "it does not say that people come by https: links and cookies are made for http"
        yield warn(subject, text_, f"proxy_set_header X-Forwarded-Proto https; {RELOAD}")
