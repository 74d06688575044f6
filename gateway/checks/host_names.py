"""Checks of the names under which people reach the site, and of the proxies in front of it."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from gateway.checks.finding import Finding, fail, ok, warn
from gateway.protection.rate_limiting.addresses import is_within
from gateway.settings import Settings, Web
from gateway.settings.host_names import canonical
from gateway.settings.types import is_loopback

HOSTS, PROXIES, NETWORKS = "web.allowed_hosts", "web.trusted_proxies", "web.proxy_networks"
MAX_SHARED = 1 << 24
"""Addresses in a network that may read /metrics, above which it is too wide: more than 10.0.0.0/8 has."""


def check_host_names(settings: Settings) -> Iterator[Finding]:
    """Yield findings about allowed_hosts, trusted_proxies, proxy_networks and cookies, which need each other."""
    web = settings.web
    found = [*_hosts(web), *_proxies(settings), *_networks(web), *_metrics(settings)]
    yield from found or [ok(HOSTS, f"the site is reached under {', '.join(web.allowed_hosts)}")]


def public_names(web: Web) -> list[str]:
    """Return the names in web.allowed_hosts that are names of the site: no address, no loopback, no suffix."""
    names = [canonical(host) for host in web.allowed_hosts if not host.startswith(".")]
    return [name for name in dict.fromkeys(names) if name and not is_loopback(name) and not _is_address(name)]


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _hosts(web: Web) -> Iterator[Finding]:
    for host in web.allowed_hosts:
        if not canonical(host.removeprefix(".")):
            text = f"{host} is no host name, so it is never equal to what browsers send: people get 400"
            yield fail(HOSTS, text, f'allowed_hosts: "{_meant(host)}" in the place of "{host}"')
    if web.trusted_proxies and all(is_loopback(canonical(host)) for host in web.allowed_hosts):
        text = "it names only this machine, and a proxy passes on the name in people's browsers: everybody gets 400"
        yield fail(HOSTS, text, 'allowed_hosts = ["mon-compte.ac-example.fr"], the name of your site')
    if "." in web.allowed_hosts:
        yield fail(HOSTS, '"." is no suffix of a name', "the name of your site")


def _meant(host: str) -> str:
    """Return the host name in what looks like a URL, a path or a pattern."""
    text = urlsplit(host).netloc if "://" in host else host.partition("/")[0]
    text = text.rpartition("@")[2].strip().replace("*.", ".").replace(" ", "")
    return text if canonical(text.removeprefix(".")) else "mon-compte.ac-example.fr"


def _proxies(settings: Settings) -> Iterator[Finding]:
    web = settings.web
    # Only a proxy can reach a loopback address or a socket from outside.
    if not web.trusted_proxies and public_names(web):
        text = (
            "it is 0, and people come through a proxy: all of them count as one address, so the rate limit of one "
            "address soon refuses everybody"
        )
        yield fail(
            PROXIES,
            text,
            "trusted_proxies = 1 for one proxy, such as deploy/nginx/mamia.conf; 2 with a load balancer before it",
        )
    if not web.secure_cookies and public_names(web):
        text = "it is false, and the site has a public name: cookies may travel in plain text"
        yield fail("web.secure_cookies", text, "secure_cookies = true, or no such line")


def _networks(web: Web) -> Iterator[Finding]:
    if not web.trusted_proxies or web.socket:
        return
    if not web.proxy_networks:
        text = "it is empty: no proxy is believed, and all people count as one address"
        yield fail(NETWORKS, text, 'proxy_networks = ["127.0.0.0/8", "::1/128"] for a proxy on this machine')
    elif is_loopback(web.listen_address) and not is_within(_own_address(web), web.proxy_networks):
        text = (
            f"the proxy connects to {web.listen_address} from this machine, which is not in {_listed(web)}: its "
            "headers are ignored, and all people count as one address"
        )
        yield fail(NETWORKS, text, 'proxy_networks = ["127.0.0.0/8", "::1/128"], or no such line')
    wide = [str(network) for network in web.proxy_networks if network.prefixlen == 0]
    if wide:
        text = f"{', '.join(wide)} lets every machine say whose address a request has"
        yield fail(NETWORKS, text, "proxy_networks: the addresses of your proxies only")


def _own_address(web: Web) -> str:
    return "127.0.0.1" if web.listen_address == "localhost" else web.listen_address.strip("[]")


def _listed(web: Web) -> str:
    return ", ".join(map(str, web.proxy_networks))


def _metrics(settings: Settings) -> Iterator[Finding]:
    wide = [str(one) for one in settings.metrics.allowed_networks if one.num_addresses > MAX_SHARED]
    if wide:
        text = f"{', '.join(wide)} may read /metrics: how many people log in, fail and are refused"
        yield warn(
            "metrics.allowed_networks", text, "allowed_networks: the address of your Prometheus, such as 10.1.2.3/32"
        )
