"""What a process tells the service manager that started it."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator

import pytest

from gateway.service_manager import sd_notify


@pytest.fixture
def manager(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Its socket, whose address the process gets; the kernel makes up the name (unix(7))."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind("")
        listening.settimeout(60)
        monkeypatch.setenv("NOTIFY_SOCKET", listening.getsockname().decode().replace("\0", "@"))
        yield listening


def test_when_it_listens_then_it_is_told(manager):
    sd_notify("READY=1")

    assert manager.recv(100) == b"READY=1"


def test_when_nobody_listens_then_the_process_goes_on_and_its_log_says_so(manager, caplog):
    manager.close()

    with caplog.at_level(logging.WARNING):
        sd_notify("WATCHDOG=1")

    assert "systemd was not told WATCHDOG=1: Connection refused" in caplog.text


def test_when_no_manager_started_it_then_nothing_is_sent(monkeypatch, caplog):
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)

    sd_notify("READY=1")

    assert caplog.text == ""
