"""What a sealed recovery method may hold: another version or program may have sealed anything with the right key."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gateway.cli.account_state import recovery_as_json
from gateway.protection import totp
from gateway.protection.passkeys import Passkeys
from gateway.protection.recovery_seal import RecoverySeals
from tests.support.odd_values import DEEP, SEALED, seal_text

KEY, UUID = "a key for tests that is long enough, 1", "0f0e0d0c-0000-1041-8000-000000000001"


class TestOpen:
    @pytest.mark.parametrize("content", [*SEALED, DEEP], ids=lambda value: repr(value)[:60])
    def test_when_the_content_is_odd_then_the_method_is_unreadable_or_can_be_used_and_shown(
        self, content: Any
    ) -> None:
        text = content if content is DEEP else json.dumps(content)

        method = RecoverySeals([KEY]).open(seal_text(KEY, UUID, text), UUID)

        if method is None:
            return
        for when in (method.added_at, method.used_at, method.ready_at(timedelta(hours=720))):
            assert when is None or when.astimezone(ZoneInfo("Pacific/Kiritimati"))
        assert json.dumps(recovery_as_json(method)).encode()
        assert f"{method.id} {method.name} {method.address}".encode()
        assert method.secret is None or totp.accepted_step(method.secret, "123456", time.time(), after=0) is None
        if method.credential:
            assert Passkeys("localhost", "Academy", "https://localhost").creation("AAAA", "login", UUID, [method])

    def test_when_nothing_is_odd_then_it_opens(self) -> None:
        content = {"id": "aa", "kind": "mail", "added": 1_700_000_000, "address": "moi@exemple.org"}

        method = RecoverySeals([KEY]).open(seal_text(KEY, UUID, json.dumps(content)), UUID)

        assert method
        assert method.address == "moi@exemple.org"
