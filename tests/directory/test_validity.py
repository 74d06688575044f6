"""pwdStartTime and pwdEndTime mean to us what they mean to slapd."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gateway.directory.ppolicy import read_validity
from tests.support.slapd_server import PASSWORD

SPELLINGS = [
    "20200101000000Z", "20990101000000Z", "2020010100Z", "209901010000Z", "20200101000000.5Z", "20990101000000,5Z",
    "20200101010000+0100", "20990101010000-0100", "19700101000001Z", "20240229000000Z", "20271231235960Z",
    "20991231235959Z",
]  # fmt: skip
ODD = ["99991231235959Z", "30000101000000Z", "00010101000000Z", "19691231235959Z", "000001010000Z", "19700101000000Z"]


class TestValidity:
    @pytest.mark.parametrize("value", SPELLINGS)
    @pytest.mark.parametrize("attribute", ["pwdStartTime", "pwdEndTime"])
    def test_when_slapd_judges_a_time_then_so_do_we(self, directory, attribute, value):
        directory.add_person("fdurand4")
        directory.set("fdurand4", attribute, value)

        values = {"pwdStartTime": "", "pwdEndTime": "", attribute: value}
        validity = read_validity(values["pwdStartTime"], values["pwdEndTime"])

        assert validity.is_certain
        assert validity.holds(datetime.now(UTC)) == directory.binds("fdurand4", PASSWORD)

    @pytest.mark.parametrize("value", ODD)
    def test_when_slapd_takes_a_time_for_another_one_then_it_does_not_hold(self, value):
        now = datetime.now(UTC)

        assert not read_validity(value, "").holds(now)
        assert not read_validity("", value).holds(now)
