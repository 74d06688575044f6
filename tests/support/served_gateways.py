"""Gateways that serve on loopback, for browsers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import ServiceUnavailable
from werkzeug.serving import make_server

from gateway.app import create_app
from gateway.composition.web import Gateway

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

POLL_SECONDS = 0.02
"""How long a server may take to notice that it is to stop."""
STOP_SECONDS = 60.0


@dataclass
class ServedGateways:
    """Call it with the settings of one more gateway; it returns the address: `serve(captcha={…})`."""

    build: Callable[..., Gateway]
    _stops: list[Callable[[], None]] = field(default_factory=list)

    def __call__(self, line: Callable[[WSGIApplication], WSGIApplication] = lambda app: app, **sections: Any) -> str:
        """`line` stands for a slow line, for instance. `port`: for settings that hold the address themselves."""
        port: int = sections.pop("port", 0)
        traffic = Traffic(whole(create_app(self.build(**sections))))
        server = make_server("127.0.0.1", port, line(traffic), threaded=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": POLL_SECONDS})
        thread.start()
        self._stops.extend((server.shutdown, thread.join, server.server_close, traffic.stop))
        return f"http://127.0.0.1:{server.server_port}"

    def stop(self) -> None:
        for stop in self._stops:
            stop()


class Traffic:
    """Knows which requests an application is answering.

    A browser's connections outlive the server, and a form that a test sent without waiting for its answer must not
    change the next test's people.
    """

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app
        self._running = 0
        self._is_stopped = False
        self._changed = threading.Condition()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        with self._changed:
            if self._is_stopped:
                return ServiceUnavailable()(environ, start_response)
            self._running += 1
        try:
            return self._app(environ, start_response)
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    def stop(self) -> None:
        """Let nothing in, and wait for what runs. Raises TimeoutError after STOP_SECONDS."""
        with self._changed:
            self._is_stopped = True
            if not self._changed.wait_for(lambda: self._running == 0, STOP_SECONDS):
                raise TimeoutError(f"{self._running} requests go on after their test")


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
