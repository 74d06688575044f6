"""The host names of this site (RFC 9110, 7.2): no link or cookie is made for a name that a stranger sends as Host."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from flask import Flask, request
from werkzeug.exceptions import SecurityError

from gateway.settings.host_names import canonical


def init_allowed_hosts(app: Flask, names: Iterable[str], *, exempt: Collection[str] = ()) -> None:
    """Answer 400 to a request whose Host is none of `names`.

    `names` come from the settings; a name that begins with a dot permits all names that end in it. `exempt` are
    endpoints whose answers never have a link or a cookie. Werkzeug's TRUSTED_HOSTS compares without normalisation and
    does not support IPv6 addresses.
    """
    exact = {canonical(name) for name in names if not name.startswith(".")}
    suffixes = tuple(f".{canonical(name[1:])}" for name in names if name.startswith("."))

    @app.before_request
    def refuse_other_hosts() -> None:
        if request.endpoint in exempt:
            return
        host = request.environ.get("HTTP_HOST", "")
        if host in exact:
            return
        host = canonical(host)
        if not host or not (host in exact or host.endswith(suffixes)):
            # The error page for it has no links, because they would lead to that host.
            raise SecurityError
