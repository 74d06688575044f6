"""Gateways that serve on loopback, for browsers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from werkzeug.serving import make_server

from gateway.app import create_app
from gateway.composition.web import Gateway

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

POLL_SECONDS = 0.02
"""How long a server may take to notice that it is to stop."""


@dataclass
class ServedGateways:
    """Call it with the settings of one more gateway; it returns the address: `serve(captcha={…})`."""

    build: Callable[..., Gateway]
    _stops: list[Callable[[], None]] = field(default_factory=list)

    def __call__(self, line: Callable[[WSGIApplication], WSGIApplication] = lambda app: app, **sections: Any) -> str:
        """`line` stands for a slow line, for instance."""
        server = make_server("127.0.0.1", 0, line(whole(create_app(self.build(**sections)))), threaded=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": POLL_SECONDS})
        thread.start()
        self._stops.extend((server.shutdown, thread.join, server.server_close))
        return f"http://127.0.0.1:{server.server_port}"

    def stop(self) -> None:
        for stop in self._stops:
            stop()


def whole(app: WSGIApplication) -> WSGIApplication:
    """Close each response before it is sent. Werkzeug's server leaves it open where the browser resets the line."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        response = app(environ, start_response)
        try:
            return list(response)
        finally:
            if hasattr(response, "close"):
                response.close()

    return answer
