"""Checks of the addresses of `mamia serve` before gunicorn opens them, because gunicorn ends with a traceback."""

from __future__ import annotations

import os
import socket

from gateway.settings import Web
from gateway.web.liveness import bind_liveness


class AddressUnusable(Exception):
    """The service cannot listen on the address of the settings; the text names the setting and the reason."""


def bind_option(web: Web) -> str:
    """Return the address of the pages in gunicorn's notation: unix:PATH, HOST:PORT or [IPv6]:PORT."""
    if web.socket:
        return f"unix:{web.socket}"
    host = f"[{web.listen_address}]" if ":" in web.listen_address else web.listen_address
    return f"{host}:{web.port}"


def open_liveness(web: Web) -> socket.socket | None:
    """Open the listening socket of `/health/live`; return None if web.health_port is 0. Raises AddressUnusable."""
    if not web.health_port:
        return None
    try:
        return bind_liveness(web.health_host, web.health_port)
    except OSError as error:
        address = f"{web.health_host}:{web.health_port}"
        reason = f"{address}: {error.strerror}; choose another port, or 0 for none"
        raise AddressUnusable(f"web.health_port: {reason}") from None


def check_socket(web: Web) -> None:
    """Check that `web.socket`, if it is set, can be created. Raises AddressUnusable."""
    if not web.socket:
        return
    if web.socket.exists() and not web.socket.is_socket():
        raise AddressUnusable(f"web.socket: {web.socket} is there already, and is no socket")
    if not os.access(web.socket.parent, os.W_OK | os.X_OK):
        raise AddressUnusable(f"web.socket: {web.socket.parent} is missing, or can't be written by this user")


def opens_another_port(old: Web, new: Web) -> bool:
    """Return whether the new settings need a port that this process has not opened yet."""
    if new.socket:
        return False
    return bool(old.socket) or new.port != old.port


def try_port(web: Web) -> None:
    """Open the port of the pages and close it again. Raises AddressUnusable."""
    family = socket.AF_INET6 if ":" in web.listen_address else socket.AF_INET
    try:
        socket.create_server((web.listen_address, web.port), family=family).close()
    except OSError as error:
        raise AddressUnusable(f"web.port: {web.listen_address}:{web.port}: {error.strerror}") from None
