"""A site's line that keeps what was asked for, and what its pages break of their Content-Security-Policy."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.support.engines.page import EnginePage
from tests.support.polling import wait_until

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

REPORTS, PROBE = "/policy-report", "/policy-probe"
POLICY = "Content-Security-Policy"
BREACH = "https://elsewhere.invalid/breach.png"
"""Of a name that never exists (RFC 6761), and that the policy forbids."""
PROBE_PAGE = f'<!doctype html><html><body><main><img src="{BREACH}"></main></body></html>'.encode()


@dataclass
class RecordedSite:
    """Give `line` to `serve`. Engines report a breach themselves, also where no script runs (CSP, report-uri)."""

    requests: list[tuple[str, str]] = field(default_factory=list)
    """Methods and paths."""
    page: str = ""
    """The newest HTML page that it sent."""
    address: str = ""
    _policy: str = ""
    _reports: list[dict[str, Any]] = field(default_factory=list)

    @property
    def sent_forms(self) -> list[str]:
        """The paths of the forms that were sent; what scripts fetch is not one."""
        return [path for method, path in self.requests if method == "POST" and not path.startswith("/captcha/")]

    def breaches(self, page: EnginePage) -> list[dict[str, Any]]:
        """What the browser of `page` reported so far.

        Reports come in their order. One more breach, made on purpose, says that all have come; and that they come.
        """
        page.open(self.address + PROBE)
        wait_until(lambda: any(report["blocked-uri"].startswith(BREACH[:25]) for report in self._reports))
        return [report for report in self._reports if not report["document-uri"].endswith(PROBE)]

    def line(self, app: WSGIApplication) -> WSGIApplication:
        def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
            if path == REPORTS:
                length = int(environ.get("CONTENT_LENGTH") or 0)
                self._reports.append(json.loads(environ["wsgi.input"].read(length))["csp-report"])
                start_response("204 No Content", [])
                return []
            if path == PROBE:
                start_response("200 OK", [("Content-Type", "text/html"), (POLICY, self._policy)])
                return [PROBE_PAGE]
            self.requests.append((method, path))
            return self._kept(app, environ, start_response)

        return answer

    def _kept(self, app: WSGIApplication, environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        started: list[tuple[Any, ...]] = []

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Callable[[bytes], object]:
            started.append((status, headers, *more))
            return lambda body: None

        body = app(environ, start)
        pieces = list(body)
        if hasattr(body, "close"):
            body.close()
        status, headers, *more = started[0]
        reported = [(name, self._reporting(value) if name == POLICY else value) for name, value in headers]
        if dict(headers).get("Content-Type", "").startswith("text/html"):
            self.page = b"".join(pieces).decode()
        start_response(status, reported, *more)
        return pieces

    def _reporting(self, policy: str) -> str:
        self._policy = f"{policy}; report-uri {REPORTS}"
        return self._policy
