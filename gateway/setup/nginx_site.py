"""The site of nginx that `mamia setup` writes from the settings, where this machine has nginx and a certificate.

The rules are those of deploy/nginx/mamia.conf. Everything is within its own servers, so that other sites of this
machine keep their limits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from gateway.settings import Settings
from gateway.setup.files import PlannedFile, public_access
from gateway.setup.paths import Paths

MARK = "# Written by `mamia setup` from mamia.toml"
"""How our file begins. A file that begins otherwise belongs to the administrator, and stays."""
UPSTREAM = "mamia"
LIMITS = """\
    # The service has no deadlines of its own: a client that is slower than these holds a connection of nginx alone.
    client_header_timeout     10s;
    client_body_timeout       10s;
    send_timeout              10s;
    reset_timedout_connection on;
    client_max_body_size      256k;
    proxy_request_buffering   on;
    proxy_buffering           on;
    proxy_buffers             8 16k;
    # The head of an answer: two cookies may have 4 kB each.
    proxy_buffer_size         16k;"""
TLS = """\
    ssl_certificate     {certificate};
    ssl_certificate_key {key};
    ssl_protocols       TLSv1.2 TLSv1.3;
    ssl_session_cache   shared:mamia:2m;
    ssl_session_tickets off;
    server_tokens       off;
    # Addresses of result pages hold tickets.
    access_log          off;"""
LOCATION = """\
        proxy_pass         http://{upstream};
        proxy_http_version 1.1;
        proxy_set_header   Connection "";
        proxy_set_header   Host $host;
        proxy_set_header   X-Forwarded-For $remote_addr;
        proxy_set_header   X-Forwarded-Proto https;
        # Certificates are public: whoever only writes one into a header has proved nothing.
{certificate_headers}
        # A change that was sent is never sent a second time.
        proxy_next_upstream error timeout;
        proxy_connect_timeout 2s;
        proxy_read_timeout 30s;"""
SITE = """\
{mark}: it does so again after a change there.
# Remove this line to keep the file as you edit it.
upstream {upstream} {{
    server {address};
    keepalive 16;
    # Shorter than the service keeps idle connections: nginx must be the one who closes.
    keepalive_timeout 2s;
}}

server {{
    listen 80;
    listen [::]:80;
    server_name {names};
    return 308 https://$host$request_uri;
}}

server {{
    listen 443 ssl http2;
    listen [::]:443 ssl http2;
    server_name {names};
{tls}
{limits}

    # Metrics are for whoever asks the service directly.
    location = /metrics {{
        return 404;
    }}

    location / {{
{pages}
    }}
}}
"""
API_CLIENTS = """
# For API clients that prove who they are by certificate, on a port of their own: browsers would ask people for one.
server {{
    listen 8444 ssl http2;
    listen [::]:8444 ssl http2;
    server_name {names};
{tls}
    ssl_verify_client   optional_no_ca;
{limits}

    location / {{
        return 404;
    }}

    location /api/ {{
{api}
    }}
}}
"""
CERTIFICATE_HEADERS = ("X-SSL-Client-Cert", "Client-Cert")


@dataclass(frozen=True, slots=True)
class Certificate:
    """Where the certificate of the site, with its chain, and its key are."""

    chain: Path
    key: Path


class NoCertificate(Exception):
    """The site has no certificate yet, so nginx would refuse its file, and every other site with it."""


def plan_site(paths: Paths, settings: Settings) -> PlannedFile | None:
    """Return nginx's file for the site; None without nginx, for another kind of proxy, or if the file is not ours.

    Raises NoCertificate, with a text that says where it is looked for.
    """
    file, web = paths.nginx_site, settings.web
    expects_it = web.trusted_proxies == 1 and web.forwarded_header == "X-Forwarded-For"
    if not expects_it or not file.parent.is_dir() or not _is_ours(file):
        return None
    text = site_text(settings, _certificate(paths, web.allowed_hosts[0]))
    return PlannedFile(file, text.encode(), public_access(), "nginx ends TLS and refuses slow clients")


def site_text(settings: Settings, certificate: Certificate) -> str:
    """Return the text of the site."""
    web = settings.web
    common = {
        "mark": MARK,
        "upstream": UPSTREAM,
        "address": _address(settings),
        "names": " ".join(web.allowed_hosts),
        "tls": TLS.format(certificate=certificate.chain, key=certificate.key),
        "limits": LIMITS,
    }
    site = SITE.format(**common, pages=_location(accepts=None))
    if header := settings.api.certificate_header:
        site += API_CLIENTS.format(**common, api=_location(accepts=header))
    return site


def certificate_places(paths: Paths, name: str) -> Iterator[Certificate]:
    """Yield where a certificate for the name is looked for: as certbot leaves it, and in Debian's folders."""
    live = paths.root / "etc/letsencrypt/live" / name
    yield Certificate(live / "fullchain.pem", live / "privkey.pem")
    folder = paths.root / "etc/ssl"
    yield Certificate(folder / "certs" / f"{name}.pem", folder / "private" / f"{name}.key")


def _certificate(paths: Paths, name: str) -> Certificate:
    places = list(certificate_places(paths, name))
    for one in places:
        if one.chain.is_file() and one.key.is_file():
            return one
    raise NoCertificate(" or ".join(f"{one.chain} with {one.key}" for one in places))


def _is_ours(file: Path) -> bool:
    """Return whether the file is ours to write: absent, or made by a former run."""
    try:
        return file.read_text(encoding="utf-8").startswith(MARK)
    except FileNotFoundError:
        return True
    except (OSError, UnicodeDecodeError):
        return False


def _address(settings: Settings) -> str:
    """Return the service's address as nginx writes it."""
    web = settings.web
    if web.socket:
        return f"unix:{web.socket}"
    host = web.listen_address
    try:
        address = ip_address(host)
    except ValueError:
        return f"{host}:{web.port}"
    host = f"[{address}]" if address.version == 6 else host
    return f"{host}:{web.port}"


def _location(*, accepts: str | None) -> str:
    """Return the directives of a location that passes requests on; `accepts`: header for the client's certificate."""
    headers = dict.fromkeys(CERTIFICATE_HEADERS, '""')
    if accepts:
        headers[accepts] = "$ssl_client_escaped_cert"
    lines = [f"        proxy_set_header   {name} {value};" for name, value in headers.items()]
    return LOCATION.format(upstream=UPSTREAM, certificate_headers="\n".join(lines))
