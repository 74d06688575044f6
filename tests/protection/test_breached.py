"""Passwords that others try first."""

from __future__ import annotations

import hashlib
import threading
import time

import pytest

from gateway.account.model import Secret
from gateway.protection.breached import PwnedPasswords, is_common
from gateway.tls import verifying_context
from tests.support.http_server import QuietHandler, serving
from tests.support.polling import AT_ONCE_SECONDS
from tests.support.ports import free_port

STOLEN = "Correct-Horse-9!"


@pytest.fixture
def mirror():
    """A range service: its address, and what it was asked."""
    asked, over = [], threading.Event()
    digest = hashlib.sha1(STOLEN.encode()).hexdigest().upper()

    class Range(QuietHandler):
        def do_GET(self):
            asked.append(self.path)
            if "slow" in self.path:
                over.wait(60)
            lines = [f"{digest[5:]}:42", "0" * 35 + ":3", hashlib.sha1(b"Padding-1!").hexdigest().upper()[5:] + ":0"]
            self.send_response(200)
            self.end_headers()
            self.wfile.write("\r\n".join(lines).encode())

    with serving(Range) as address:
        yield f"{address}/range/", asked
        over.set()


class TestService:
    @pytest.mark.parametrize("status", [301, 302, 307, 308])
    def test_when_it_redirects_then_nothing_of_the_password_goes_there(self, mirror, status):
        address, asked = mirror

        class Redirecting(QuietHandler):
            def do_GET(self):
                self.send_response(status)
                self.send_header("Location", address + self.path.rpartition("/")[2])
                self.end_headers()

        with serving(Redirecting) as elsewhere:
            service(elsewhere).holds(Secret(STOLEN))

        assert asked == []


def service(address: str, seconds: float = 60) -> PwnedPasswords:
    return PwnedPasswords(address, seconds, verifying_context())


class TestPassword:
    @pytest.mark.parametrize(
        "password", ["azerty", "AZERTY123", "Password1!", "P@ssw0rd", "Soleil-2026", "!!Marseille!!", "motdepasse"]
    )
    def test_when_everybody_tries_it_first_then_it_is_common(self, password):
        assert is_common(Secret(password))

    @pytest.mark.parametrize("password", ["Tulipe-Vélo-31", "Nouveau-2025", "kX9$wq!Lz2", "", "2026", "----"])
    def test_when_it_is_one_of_its_own_then_it_is_not_common(self, password):
        assert not is_common(Secret(password))

    def test_when_it_was_stolen_somewhere_then_the_service_knows_it_from_five_digits(self, mirror):
        address, asked = mirror

        assert service(address).holds(Secret(STOLEN))
        assert asked == ["/range/" + hashlib.sha1(STOLEN.encode()).hexdigest().upper()[:5]]

    @pytest.mark.parametrize("password", ["Tulipe-Vélo-31", "Padding-1!"])
    def test_when_the_range_lacks_it_or_pads_with_it_then_it_is_free(self, mirror, password):
        assert not service(mirror[0]).holds(Secret(password))

    def test_when_the_service_is_down_or_slow_then_nobody_waits(self, mirror, caplog):
        started = time.monotonic()

        assert not service(f"http://127.0.0.1:{free_port()}/", seconds=0.3).holds(Secret(STOLEN))
        assert not service(mirror[0] + "slow/", seconds=0.3).holds(Secret(STOLEN))
        assert time.monotonic() - started < AT_ONCE_SECONDS
        assert "does not answer" in caplog.text
        assert STOLEN not in caplog.text
