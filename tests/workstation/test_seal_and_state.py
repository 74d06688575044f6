"""Sealed passwords, key files, and the state as the directory keeps it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.account.model import Secret
from gateway.protection.seal import (
    KeyFileError,
    Sealer,
    Unsealer,
    make_key_pair,
    read_private_key,
    read_public_key,
)
from gateway.workstation.due import MAX_PAUSE, OPERATOR_PAUSE, pause
from gateway.workstation.model import Reason
from gateway.workstation.state import DeliveryStatus, is_stale, pending, read_state

NOW = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)


@pytest.fixture
def pair(tmp_path):
    make_key_pair(tmp_path / "worker.key", tmp_path / "worker.pub")
    return Sealer(read_public_key(tmp_path / "worker.pub")), Unsealer([read_private_key(tmp_path / "worker.key")])


class TestSeal:
    @pytest.mark.parametrize("password", ["Bienvenue-2026!", " é\"'\\🔑 ", "x" * 128])
    def test_when_opened_for_its_entry_and_change_then_every_byte_is_there(self, pair, password):
        seal, unseal = pair

        opened = unseal(seal.seal(Secret(password), uuid="uuid", change="c1"), uuid="uuid", change="c1")

        assert opened == Secret(password)

    @pytest.mark.parametrize("uuid, change", [("other", "c1"), ("uuid", "c2")])
    def test_when_it_was_made_for_another_entry_or_change_then_it_is_refused(self, pair, uuid, change):
        seal, unseal = pair

        sealed = seal.seal(Secret("x"), uuid="uuid", change="c1")

        assert unseal(sealed, uuid=uuid, change=change) is Reason.NOT_FOR_THIS_ENTRY

    def test_when_tampered_with_or_of_another_key_then_it_does_not_open(self, pair, tmp_path):
        seal, unseal = pair
        sealed = seal.seal(Secret("x"), uuid="uuid", change="c1")
        make_key_pair(tmp_path / "other.key", tmp_path / "other.pub")
        other = Unsealer([read_private_key(tmp_path / "other.key")])

        assert unseal(sealed[:-1] + b"\0", uuid="uuid", change="c1") is Reason.NOT_FOR_THIS_ENTRY
        assert other(sealed, uuid="uuid", change="c1") is Reason.UNREADABLE


class TestKeys:
    def test_when_made_then_the_private_one_is_for_its_owner_alone_and_is_never_overwritten(self, tmp_path):
        make_key_pair(tmp_path / "worker.key", tmp_path / "worker.pub")

        assert (tmp_path / "worker.key").stat().st_mode & 0o777 == 0o600
        with pytest.raises(KeyFileError, match="exists already"):
            make_key_pair(tmp_path / "worker.key", tmp_path / "another.pub")

    def test_when_the_services_group_reads_the_private_one_then_it_serves(self, tmp_path):
        make_key_pair(tmp_path / "worker.key", tmp_path / "worker.pub")
        (tmp_path / "worker.key").chmod(0o640)

        assert read_private_key(tmp_path / "worker.key")

    @pytest.mark.parametrize("mode", [0o644, 0o604, 0o660])
    def test_when_others_can_read_the_private_one_or_a_group_write_it_then_it_is_refused(self, tmp_path, mode):
        make_key_pair(tmp_path / "worker.key", tmp_path / "worker.pub")
        (tmp_path / "worker.key").chmod(mode)

        with pytest.raises(KeyFileError, match="chmod 600"):
            read_private_key(tmp_path / "worker.key")

    @pytest.mark.parametrize("content", ["", "not base64!", "AAAA", "é"])
    def test_when_a_file_holds_none_then_the_error_names_it(self, tmp_path, content):
        file = tmp_path / "worker.pub"
        file.write_text(content)

        with pytest.raises(KeyFileError, match=r"worker\.pub"):
            read_public_key(file)


class TestState:
    @given(reason=st.text(max_size=400), step=st.sampled_from(DeliveryStatus), slow=st.booleans())
    def test_when_written_and_read_then_it_is_the_same(self, reason, step, slow):
        state = pending("domain", "c1", NOW).to(
            step, at=NOW + timedelta(minutes=1), reason=reason, needs_operator=slow
        )

        assert str(state).isascii()
        assert read_state(str(state)) == state

    @pytest.mark.parametrize(
        "value", ["", "x", "a;b;c;d;e;f;g;h", "domain;pending;c;20260101T000000Z;x;20260101T000000Z;normal;"]
    )
    def test_when_a_value_is_not_ours_then_it_is_passed_over(self, value):
        assert read_state(value) is None

    @pytest.mark.parametrize(
        "minutes_later, is_shown_stale",
        [pytest.param(6, True, id="later than clocks differ"), pytest.param(4, False, id="within it"), (-60, False)],
    )
    def test_when_the_directory_took_a_password_after_the_last_one_sent_then_it_is_behind(
        self, minutes_later, is_shown_stale
    ):
        states = [pending("old", "1", NOW - timedelta(days=9)), pending("new", "2", NOW)]

        assert is_stale(states, NOW + timedelta(minutes=minutes_later)) is is_shown_stale

    def test_when_nothing_was_sent_or_the_change_is_not_seen_then_nobody_is_behind(self):
        assert not is_stale([], NOW)
        assert not is_stale([pending("domain", "1", NOW)], None)


class TestPause:
    def test_when_attempts_grow_then_it_grows_to_its_limit_and_differs_between_people(self):
        def after(attempts: int, change: str = "c1") -> timedelta:
            state = pending("domain", change, NOW)
            for _ in range(attempts):
                state = state.to(DeliveryStatus.PENDING, at=NOW)
            return pause(state)

        assert timedelta(seconds=2) <= after(1) <= timedelta(seconds=3)
        assert after(2) > after(1)
        assert MAX_PAUSE <= after(40) <= MAX_PAUSE * 1.5
        assert len({after(5, f"c{number}") for number in range(20)}) > 10

    def test_when_an_operator_is_needed_then_it_is_slow(self):
        assert (
            pause(pending("domain", "c1", NOW).to(DeliveryStatus.PENDING, at=NOW, needs_operator=True))
            == OPERATOR_PAUSE
        )
