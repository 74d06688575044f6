"""Which change an announced operation belongs to, and which phase it brings that change to."""

from __future__ import annotations

import asyncio

import pytest

from gateway.account.model import Secret
from gateway.capture import open_changes
from gateway.capture.open_changes import Change, OpenChanges, Phase
from gateway.capture.sock_requests import ModifyRequest, OperationId, PasswordModifyRequest
from tests.support.event_loop import run

CALL, OTHER_CALL = OperationId("IP=127.0.0.1:1", "1", "2"), OperationId("IP=127.0.0.1:1", "1", "3")
NEW, HASHED = "Neuf-Pässe-2026!", "{ARGON2}$argon2id$x"


def requested(password: str | None = NEW, operation: OperationId = CALL) -> PasswordModifyRequest:
    return PasswordModifyRequest(operation, None if password is None else Secret(password))


def written(value: str, operation: OperationId = CALL, *, passed: bool = False) -> ModifyRequest:
    return ModifyRequest(operation, "uid=x", author_dn="uid=x", value=Secret(value), passed_policy=passed)


def followed(*operations: PasswordModifyRequest | ModifyRequest) -> tuple[OpenChanges, list[Change]]:
    """The change of each operation, as the last operation left it."""

    async def follow() -> tuple[OpenChanges, list[Change]]:
        changes = OpenChanges()
        return changes, [changes.change_for(operation) for operation in operations]

    return run(follow())


def described(change: Change) -> tuple[Phase, str | None]:
    return change.phase, change.password.reveal() if change.password else None


class TestChange:
    @pytest.mark.parametrize(
        ("operations", "phase", "password"),
        [
            ([requested()], Phase.REQUESTED, NEW),
            ([requested(None)], Phase.REQUESTED, None),
            ([requested("\udcff")], Phase.REQUESTED, None),
            ([requested(), written(HASHED)], Phase.SEALING, NEW),
            ([requested(), written(HASHED), written(HASHED, passed=True)], Phase.PASSED_POLICY, NEW),
            ([requested(), written("other")], Phase.SEALING, "other"),
            ([requested(), written(HASHED, passed=True)], Phase.PASSED_POLICY, NEW),
            ([written(NEW)], Phase.SEALING, NEW),
            ([written("\udcff")], Phase.SEALING, None),
            ([written(NEW), written(HASHED, passed=True)], Phase.PASSED_POLICY, NEW),
            ([written(HASHED)], Phase.LOOKS_HASHED, HASHED),
            ([written(HASHED), written(HASHED, passed=True)], Phase.PASSED_POLICY, HASHED),
            ([written(HASHED, passed=True)], Phase.PASSED_POLICY, None),
            ([requested(), written(HASHED, OTHER_CALL)], Phase.LOOKS_HASHED, HASHED),
            ([requested(), written(HASHED, OTHER_CALL, passed=True)], Phase.PASSED_POLICY, None),
            ([requested(), written(HASHED), written(HASHED)], Phase.LOOKS_HASHED, HASHED),
            ([written(NEW), requested("newer"), written(HASHED)], Phase.SEALING, "newer"),
        ],
    )
    def test_when_operations_are_announced_then_the_last_one_brings_it_to_a_phase(self, operations, phase, password):
        _, changes = followed(*operations)

        assert described(changes[-1]) == (phase, password)

    @pytest.mark.parametrize("latest", [requested(), written(NEW), written(HASHED)])
    def test_when_another_operation_has_its_number_then_it_ends_and_keeps_no_password(self, latest):
        changes, (former, now) = followed(written("former"), latest)

        assert described(former) == (Phase.ENDED, None)
        assert now is not former
        assert len(changes) == 1

    def test_when_the_policy_let_it_pass_then_it_is_open_no_longer(self):
        changes, (opened, passed) = followed(written(NEW), written(HASHED, passed=True))

        assert passed is opened
        assert len(changes) == 0

    def test_when_the_policy_does_not_let_it_pass_in_time_then_it_ends(self, monkeypatch):
        monkeypatch.setattr(open_changes, "MAX_POLICY_SECONDS", 0.01)

        async def forgotten() -> Change:
            changes = OpenChanges()
            change = changes.change_for(written(NEW))
            while len(changes):
                await asyncio.sleep(0.01)
            return change

        assert described(run(forgotten())) == (Phase.ENDED, None)


class TestChanges:
    def test_when_there_are_too_many_then_the_oldest_one_ends(self, monkeypatch):
        monkeypatch.setattr(open_changes, "MAX_HELD", 2)

        changes, opened = followed(
            *(written(NEW, OperationId("IP=127.0.0.1:1", "1", str(number))) for number in range(3))
        )

        assert [change.phase for change in opened] == [Phase.ENDED, Phase.SEALING, Phase.SEALING]
        assert len(changes) == 2
