"""Check from where the service accounts are connected, because a stolen password is used from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ldap3 import Connection

from gateway.account.errors import DirectoryMisconfigured
from gateway.checks.account import at_each_server
from gateway.checks.finding import Finding, fail, ok, warn
from gateway.directory.monitor import read_activity
from gateway.protection.rate_limiting.addresses import is_within
from gateway.settings import Directory, Settings

CHECKED = "service connections"


def check_service_connections(settings: Settings) -> Iterator[Finding]:
    """Yield findings at each writable server, as the gateway's account."""
    if not settings.directory.monitor:
        text = "not watched: other uses of a service account's password are not noticed"
        yield ok(CHECKED, f"{text}; with directory.monitor and 46-monitor.ldif of ldif/ an alert reports them")
        return

    def check(url: str, connection: Connection) -> Iterator[Finding]:
        yield _judged(settings, url, connection)

    yield from at_each_server(settings.directory, CHECKED, check)


def _judged(settings: Settings, url: str, connection: Connection) -> Finding:
    subject, accounts = f"{url}: {CHECKED}", service_accounts(settings)
    try:
        peers = read_activity(connection, accounts).peers
    except DirectoryMisconfigured as error:
        return fail(subject, str(error), "46-monitor.ldif of ldif/, or directory.monitor = false")
    count = sum(map(len, peers.values()))
    if not settings.directory.expected_addresses:
        text = (
            f"{count}, from {', '.join(sorted({peer for found in peers.values() for peer in found}))}: not compared"
        )
        hint = (
            f"directory.expected_addresses = [{', '.join(_as_setting(settings, peers))}], if these are your machines"
        )
        return warn(subject, text, hint)
    foreign = sorted(
        f"{accounts[dn]} from {peer}"
        for dn, found in peers.items()
        for peer in set(found)
        if expectation(settings.directory, peer) == "no"
    )
    if foreign:
        hint = (
            "if it is none of your machines: set a new password for that account at once, and read slapd's log; "
            f"else: directory.expected_addresses = [{', '.join(_as_setting(settings, peers))}]"
        )
        return warn(subject, f"not in directory.expected_addresses: {', '.join(foreign)}", hint)
    return ok(subject, f"{count}, all of them from directory.expected_addresses")


def _as_setting(settings: Settings, peers: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the networks of the setting and the addresses from which our accounts are connected, as in TOML."""
    found = {peer for held in peers.values() for peer in held if not peer.startswith("/")}
    return [f'"{one}"' for one in dict.fromkeys((*map(str, settings.directory.expected_addresses), *sorted(found)))]


def service_accounts(settings: Settings) -> dict[str, str]:
    """Return DN → role of each service account in the settings."""
    named = {
        settings.directory.bind_dn: "gateway",
        settings.workstation.bind_dn: "worker",
        settings.capture.bind_dn: "listener",
    }
    return {dn: account for dn, account in named.items() if dn}


def expectation(settings: Directory, peer: str) -> str:
    """Return whether a service account may be connected from `peer`: "yes", "no" or "unknown".

    A path is a connection on the directory's own machine, such as the listener's; it counts as expected.
    """
    if not settings.expected_addresses:
        return "unknown"
    return "yes" if peer.startswith("/") or is_within(peer, settings.expected_addresses) else "no"
