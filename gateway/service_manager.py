"""What a process tells systemd about itself."""

from __future__ import annotations

import logging
import os
import socket

log = logging.getLogger(__name__)


def sd_notify(state: str) -> None:
    """Send `state`, such as READY=1, to systemd like sd_notify(3); do nothing if NOTIFY_SOCKET is not set.

    Never raises: a process that cannot be supervised still serves.
    """
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            line.sendto(state.encode(), "\0" + address[1:] if address.startswith("@") else address)
    except OSError as error:
        log.warning("systemd was not told %s: %s", state, error.strerror or error)
