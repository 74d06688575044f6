"""Two front ends with one directory: a code of an app, or a passkey's counter, is accepted by one of them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier

import pyotp
import pytest

from gateway.account.model import Grant, Secret
from gateway.account.recovery import RecoveryKind, RecoveryMethod
from gateway.composition.recovery import recovery_methods
from gateway.composition.web import Gateway
from gateway.services.recovery_factors import RecoveryFactors
from tests.support.slapd_server import SlapdServer

KEY = "the same for every front end of a test, 1234"
SECRET = Secret("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
APP = RecoveryMethod("aa", RecoveryKind.TOTP, "Téléphone", datetime(2026, 1, 1, tzinfo=UTC), secret=SECRET)
TWICE = 2


@pytest.fixture
def front_ends(directory: SlapdServer, build: Callable[..., Gateway]) -> list[RecoveryFactors]:
    directory.add_person("fdurand4")
    gateways = [build(recovery={"methods": ["totp"]}, web={"secret_keys": [KEY]}) for _ in range(TWICE)]
    return [RecoveryFactors(recovery_methods(one.settings, one.directory.recovery)) for one in gateways]


@pytest.fixture
def grant(front_ends: list[RecoveryFactors]) -> Grant:
    methods = front_ends[0].methods
    held = methods.with_login("fdurand4", lambda _: True)
    assert held
    account = held.held.account
    grant = Grant("fdurand4", account.uuid, account.password_stamp)
    assert methods.add(grant, APP)
    return grant


class TestOneCodeTwice:
    def test_when_both_get_it_at_once_then_one_accepts_it(
        self, front_ends: list[RecoveryFactors], grant: Grant
    ) -> None:
        code, start = pyotp.TOTP(SECRET.reveal()).now(), Barrier(TWICE)

        def use(factors: RecoveryFactors) -> bool:
            start.wait()
            return factors.accepts(grant, APP.id, code)

        with ThreadPoolExecutor(TWICE) as threads:
            accepted = list(threads.map(use, front_ends))

        assert sorted(accepted) == [False, True]

    def test_when_the_second_one_gets_it_later_then_it_is_refused(
        self, front_ends: list[RecoveryFactors], grant: Grant
    ) -> None:
        code = pyotp.TOTP(SECRET.reveal()).now()

        assert front_ends[0].accepts(grant, APP.id, code)
        assert not front_ends[1].accepts(grant, APP.id, code)

    def test_when_the_password_changed_meanwhile_then_the_grant_and_so_the_code_is_void(
        self, front_ends: list[RecoveryFactors], grant: Grant, directory: SlapdServer
    ) -> None:
        with directory.as_person("fdurand4") as line:
            line.passwd_s(directory.dn("fdurand4"), None, "Autre-Mot-2025")

        assert not front_ends[0].accepts(grant, APP.id, pyotp.TOTP(SECRET.reveal()).now())
