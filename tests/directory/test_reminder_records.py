"""The record of a reminder while the network loses answers, and when others write the same entry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.support.faulty_network import FaultyNetwork
from tests.support.reminding import Reminding


def records(packet: bytes) -> bool:
    """Whether it is the Modify that records a reminder."""
    return b"mamiaReminded" in packet and b"expires-7;" in packet


@pytest.fixture
def network(directory) -> Iterator[FaultyNetwork]:
    network = FaultyNetwork(directory.slapd.port)
    yield network
    network.close()


@pytest.fixture
def reminding(directory, tmp_path, network) -> Reminding:
    reminding = Reminding(tmp_path, directory)
    reminding.configure(servers=[network.url])
    text = reminding.config.read_text()
    reminding.config.write_text(text.replace("receive_timeout_seconds = 30", "receive_timeout_seconds = 2"))
    return reminding


class TestLostAnswer:
    def test_when_it_is_not_known_whether_it_was_recorded_then_no_mail_is_sent_now_nor_later(
        self, reminding, network
    ):
        reminding.add("fdurand4", 5)
        network.lose_answer(records)

        assert reminding.outcomes() == {"fdurand4": ("expires-7", "unconfirmed")}
        assert reminding.outcomes() == {}
        assert reminding.mails() == []
        assert len(reminding.records("fdurand4")) == 1
        assert [line["outcome"] for line in reminding.audit()] == ["unconfirmed"]

    def test_when_the_write_itself_was_lost_then_the_next_run_sends_the_mail(self, reminding, network):
        reminding.add("fdurand4", 5)
        network.delay(records)
        assert reminding.outcomes() == {"fdurand4": ("expires-7", "unconfirmed")}
        network.close()

        reminding.configure()

        assert reminding.reminded() == {"fdurand4": "expires-7"}


class TestOthersWrite:
    @pytest.mark.parametrize("former", [(), ("expires-14;20260101000000Z;20260102080000Z",)])
    def test_when_another_run_recorded_one_since_the_entry_was_read_then_it_is_refused(
        self, directory, tmp_path, former
    ):
        reminding = Reminding(tmp_path, directory)
        classes = ["inetOrgPerson", "mamiaPerson", "mamiaRecoverable"]
        reminding.add("fdurand4", 5, objectClass=classes, **({"mamiaReminded": list(former)} if former else {}))
        with reminding.built() as built:
            [due] = built.service.find_due()
            other = replace(due.standing)
            first = built.records.record(due.standing, "expires-7;20260101000000Z;20260102080001Z")
            second = built.records.record(other, "expires-7;20260101000000Z;20260102080002Z")

        assert (first, second) == (True, False)
        assert reminding.records("fdurand4") == ["expires-7;20260101000000Z;20260102080001Z"]

    def test_when_the_entry_was_deleted_meanwhile_then_it_is_no_error(self, directory, tmp_path):
        reminding = Reminding(tmp_path, directory)
        reminding.add("fdurand4", 5)
        with reminding.built() as built:
            [due] = built.service.find_due()
            directory.remove_everybody()

            assert built.records.record(due.standing, "expires-7;20260101000000Z;20260102080001Z") is False
