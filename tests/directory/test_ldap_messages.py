"""The directory's own codec writes and reads what ldap3 does, and whatever else it is given ends clearly."""

from __future__ import annotations

import tracemalloc
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ldap3.core.exceptions import LDAPInvalidFilterError
from ldap3.core.results import RESULT_CODES
from ldap3.operation.bind import bind_operation
from ldap3.operation.compare import compare_operation
from ldap3.operation.modify import modify_operation
from ldap3.operation.search import compile_filter, parse_filter, search_operation
from ldap3.protocol.rfc2696 import paged_search_control
from ldap3.protocol.rfc4527 import post_read_control
from ldap3.utils.asn1 import encode  # type: ignore[attr-defined]
from ldap3.utils.conv import escape_filter_chars

from gateway.directory import ber
from gateway.directory.assertion import assertion
from gateway.directory.ber import Malformed, element, integer, octets
from gateway.directory.ldap_messages import (
    COMPARED,
    ENDS,
    ENTRY,
    MAX_MESSAGE_BYTES,
    MODIFIED,
    SEARCHED,
    Unusual,
    bind_request,
    compare_request,
    encoded_filter,
    message,
    message_size,
    modify_request,
    page,
    read_answer,
    read_envelope,
    search_request,
)
from gateway.directory.ppolicy import CONTROL_OID, PolicyError, policy_error
from gateway.directory.server_time import post_read
from gateway.needs.server import POST_READ
from tests.support import ldap3_codec

PAGED = "1.2.840.113556.1.4.319"
MAX_ID = 2**31 - 1
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,20}(;x-[a-z]{1,5})?", fullmatch=True)
VALUES = st.one_of(TEXT, st.binary(max_size=300))
IDS = st.integers(0, MAX_ID)
OIDS = st.from_regex(r"[0-2](\.[1-9][0-9]{0,5}){2,6}", fullmatch=True)
CONTROLS = st.lists(st.tuples(OIDS, st.booleans(), st.none() | st.binary(max_size=200)), max_size=3)
EXAMPLES = settings(max_examples=150, deadline=None, derandomize=True, database=None)
"""The same sample in each run."""


def filters(depth: int = 3) -> st.SearchStrategy[str]:
    item = st.builds(
        lambda name, operator, value: f"({name}{operator}{escape_filter_chars(value)})",
        NAMES, st.sampled_from(["=", ">=", "<="]), TEXT,
    ) | NAMES.map(lambda name: f"({name}=*)")  # fmt: skip
    if not depth:
        return item
    inner = filters(depth - 1)
    several = st.lists(inner, min_size=1, max_size=4).map("".join)
    return st.one_of(
        item,
        several.map(lambda parts: f"(&{parts})"),
        several.map(lambda parts: f"(|{parts})"),
        inner.map("(!{})".format),
    )


def by_ldap3(filter_: str) -> bytes:
    return bytes(encode(compile_filter(parse_filter(filter_, None, True, True, None, False).elements[0])))


class TestRequest:
    @EXAMPLES
    @given(IDS, TEXT.filter(bool), st.binary(min_size=1, max_size=300), CONTROLS)
    def test_when_it_is_a_bind_then_ldap3_writes_the_same(self, number, dn, password, controls):
        theirs = ldap3_codec.encoded(number, "bindRequest", bind_operation(3, "SIMPLE", dn, password), controls)

        assert message(number, bind_request(dn, password), controls) == theirs

    @pytest.mark.parametrize(("dn", "password"), [("uid=durand", b""), ("", b"secret"), ("", b"")])
    def test_when_a_bind_has_no_password_then_it_is_not_written(self, dn, password):
        """A server may accept it for anybody (RFC 4513, 5.1.2)."""
        with pytest.raises(Unusual):
            bind_request(dn, password)

    @EXAMPLES
    @given(
        TEXT, filters(), st.sampled_from(["BASE", "LEVEL", "SUBTREE"]), st.lists(NAMES, max_size=5),
        st.integers(0, MAX_ID), st.integers(0, MAX_ID), CONTROLS,
    )  # fmt: skip
    def test_when_it_is_a_search_then_ldap3_writes_the_same(self, base, filter_, scope, names, size, time, controls):
        request = search_operation(
            base, filter_, scope, "ALWAYS", names or ["1.1"], size, time, False, True, True, check_names=False
        )

        ours = message(7, search_request(base, filter_, scope, names, size, time), controls)

        assert ours == ldap3_codec.encoded(7, "searchRequest", request, controls)

    @EXAMPLES
    @given(
        TEXT,
        st.dictionaries(
            NAMES,
            st.lists(
                st.tuples(
                    st.sampled_from(["MODIFY_ADD", "MODIFY_DELETE", "MODIFY_REPLACE"]), st.lists(VALUES, max_size=4)
                ),
                min_size=1, max_size=3,
            ),
            min_size=1, max_size=4,
        ),
        CONTROLS,
    )  # fmt: skip
    def test_when_it_is_a_modify_then_ldap3_writes_the_same(self, dn, changes, controls):
        theirs = ldap3_codec.encoded(9, "modifyRequest", modify_operation(dn, changes, True), controls)

        assert message(9, modify_request(dn, changes), controls) == theirs

    @EXAMPLES
    @given(TEXT, NAMES, VALUES)
    def test_when_it_is_a_compare_then_ldap3_writes_the_same(self, dn, name, value):
        theirs = ldap3_codec.encoded(1, "compareRequest", compare_operation(dn, name, value, True))

        assert message(1, compare_request(dn, name, value), []) == theirs

    def test_when_a_value_is_more_than_64_kilobytes_then_ldap3_writes_the_same(self):
        changes = {"jpegPhoto": [("MODIFY_REPLACE", [b"\xff" * (1 << 18)])]}
        theirs = ldap3_codec.encoded(MAX_ID, "modifyRequest", modify_operation("cn=x", changes, True))

        assert message(MAX_ID, modify_request("cn=x", changes), []) == theirs

    def test_when_values_are_one_text_then_ldap3_has_to_write_it(self):
        with pytest.raises(Unusual):
            modify_request("cn=x", {"sn": [("MODIFY_REPLACE", "Durand")]})

    def test_when_a_control_is_ldap3s_own_object_then_ldap3_has_to_write_it(self):
        with pytest.raises(Unusual):
            message(1, compare_request("cn=x", "sn", "x"), [post_read_control(["sn"])])


class TestControl:
    @EXAMPLES
    @given(st.lists(NAMES, min_size=1, max_size=5))
    def test_when_a_write_shall_be_shown_then_ldap3_writes_the_same(self, names):
        request = modify_operation("cn=x", {"sn": [("MODIFY_REPLACE", [b"x"])]}, True)
        theirs = ldap3_codec.encoded(1, "modifyRequest", request, [post_read_control(names)])

        ours = message(1, modify_request("cn=x", {"sn": [("MODIFY_REPLACE", [b"x"])]}), [post_read(names)])

        assert ours == theirs

    @EXAMPLES
    @given(st.integers(0, MAX_ID), st.none() | st.binary(max_size=40))
    def test_when_a_page_is_asked_for_then_ldap3_writes_the_same(self, size, cookie):
        request = compare_operation("cn=x", "sn", "x", True)
        theirs = ldap3_codec.encoded(1, "compareRequest", request, [paged_search_control(False, size, cookie)])

        assert message(1, compare_request("cn=x", "sn", "x"), [page(size, cookie)]) == theirs

    @EXAMPLES
    @given(filters())
    def test_when_a_filter_is_asserted_then_it_is_critical(self, filter_):
        assert assertion(filter_) == ("1.3.6.1.1.12", True, by_ldap3(filter_))


class TestFilter:
    @EXAMPLES
    @given(filters(depth=4))
    def test_when_it_is_escaped_then_ldap3_writes_the_same(self, filter_):
        assert encoded_filter(filter_) == by_ldap3(filter_)

    @settings(EXAMPLES, max_examples=1500)
    @given(st.text("()&|!=<>~:*\\ab05é \t\0;-.", max_size=24).map("({})".format))
    def test_when_it_is_any_text_then_ldap3_writes_or_refuses_the_same(self, filter_):
        theirs: Any = None
        with suppress(LDAPInvalidFilterError, AttributeError, IndexError):
            theirs = by_ldap3(filter_)

        if theirs is None:
            with pytest.raises((LDAPInvalidFilterError, AttributeError, IndexError)):
                encoded_filter(filter_)
        else:
            assert encoded_filter(filter_) == theirs

    @pytest.mark.parametrize(
        "filter_", ["(sn=Du*nd)", "(sn~=Durand)", "(ou:dn:=x)", "( sn = Durand )", "(&(a=b) (c=d))"]
    )
    def test_when_it_is_rare_then_ldap3_writes_it(self, filter_):
        assert encoded_filter(filter_) == by_ldap3(filter_)

    def test_when_it_is_nested_deeply_then_ldap3_writes_it(self):
        filter_ = "(!" * 40 + "(sn=x)" + ")" * 40

        assert encoded_filter(filter_) == by_ldap3(filter_)


def answer(operation: bytes, *controls: bytes, number: int = 5) -> bytes:
    wrapped = element(ber.CONSTRUCTED, *controls) if controls else b""
    return element(ber.SEQUENCE, integer(number), operation, wrapped)


def result(tag: int, code: int, dn: str = "", text: str = "", *more: bytes) -> bytes:
    return element(tag, integer(code, ber.ENUMERATED), octets(dn), octets(text), *more)


def attributes(held: dict[str, list[bytes]]) -> bytes:
    return element(
        ber.SEQUENCE,
        *(
            element(ber.SEQUENCE, octets(name), element(ber.SET, *map(octets, values)))
            for name, values in held.items()
        ),
    )


def control(oid: str, value: bytes) -> bytes:
    return element(ber.SEQUENCE, octets(oid), octets(value))


def read(data: bytes) -> dict[str, Any]:
    return ldap3_codec.plain(read_answer(data, *read_envelope(data)[1:]))


HELD = st.dictionaries(
    st.from_regex(r"[a-z]{1,12}", fullmatch=True),
    st.lists(st.binary(max_size=200), min_size=1, max_size=5),
    max_size=6,
)
CODES = st.sampled_from(sorted(RESULT_CODES))


class TestAnswer:
    @EXAMPLES
    @given(TEXT, HELD)
    def test_when_it_is_an_entry_then_ldap3_reads_the_same(self, dn, held):
        data = answer(element(ENTRY, octets(dn), attributes(held)))

        assert read(data) == ldap3_codec.decoded(data)
        assert read(data)["raw_attributes"] == held

    @EXAMPLES
    @given(st.sampled_from(sorted(ENDS)), CODES, TEXT, TEXT)
    def test_when_it_is_a_result_then_ldap3_reads_the_same(self, tag, code, dn, text):
        data = answer(result(tag, code, dn, text))

        assert read(data) == ldap3_codec.decoded(data)

    @EXAMPLES
    @given(TEXT, st.dictionaries(NAMES.map(str.lower), st.lists(TEXT.map(str.encode), min_size=1), max_size=3))
    def test_when_it_shows_the_entry_then_ldap3_reads_the_same(self, dn, held):
        shown = element(ENTRY, octets(dn), attributes(held))
        data = answer(result(MODIFIED, 0), control(POST_READ, shown))

        assert read(data) == ldap3_codec.decoded(data)

    @EXAMPLES
    @given(st.integers(0, MAX_ID), st.binary(max_size=300))
    def test_when_it_ends_a_page_then_ldap3_reads_the_same(self, size, cookie):
        value = element(ber.SEQUENCE, integer(size), octets(cookie))
        data = answer(result(SEARCHED, 0), control(PAGED, value))

        assert read(data) == ldap3_codec.decoded(data)

    @EXAMPLES
    @given(st.binary(max_size=40))
    def test_when_it_has_the_policys_answer_then_ldap3_reads_the_same(self, value):
        data = answer(result(MODIFIED, 19), control(CONTROL_OID, value))

        assert read(data) == ldap3_codec.decoded(data)
        assert read(data)["controls"][CONTROL_OID]["value"] == value

    def test_when_lengths_are_longer_than_needed_then_it_is_read_as_well(self):
        def long(tag: int, *values: bytes) -> bytes:
            value = b"".join(values)
            return bytes((tag, 0x84)) + len(value).to_bytes(4, "big") + value

        data = long(
            ber.SEQUENCE, integer(5), long(SEARCHED, integer(0, ber.ENUMERATED), octets(b""), long(ber.OCTETS))
        )

        assert read(data) == ldap3_codec.decoded(data) == read(answer(result(SEARCHED, 0)))

    def test_when_the_code_is_unknown_then_the_description_is_its_number(self):
        assert read(answer(result(MODIFIED, 16654)))["description"] == "16654"

    def test_when_an_attribute_has_no_values_then_it_has_none(self):
        assert read(answer(element(ENTRY, octets("cn=x"), attributes({"sn": []}))))["raw_attributes"] == {"sn": []}

    @pytest.mark.parametrize(
        "data",
        [
            answer(result(SEARCHED, 10, "", "", element(0xA3, octets("ldap://elsewhere/")))),
            answer(result(0x61, 14, "", "", element(0x87, b"challenge"))),
            answer(result(0x78, 0, "", "", element(0x8A, b"1.3.6.1.4.1.1466.20037"))),
            answer(result(COMPARED, 6), control("1.2.3.4", b"unknown")),
            answer(result(COMPARED, 6), element(ber.SEQUENCE, octets(CONTROL_OID))),
            answer(result(MODIFIED, 80, "", "x").replace(b"\x04\x01x", b"\x04\x01\xe9")),
            answer(element(ENTRY, octets(b"cn=\xe9"), attributes({}))),
        ],
        ids=["referral", "SASL", "extended", "control", "control without value", "Latin-1 text", "Latin-1 DN"],
    )
    def test_when_it_is_unusual_then_ldap3_has_to_read_it(self, data):
        with pytest.raises(Unusual):
            read(data)
        assert ldap3_codec.decoded(data)


class TestPolicyError:
    @pytest.mark.parametrize(
        ("value", "error"),
        [
            ("3003810100", PolicyError.PASSWORD_EXPIRED),
            ("3003810108", PolicyError.IN_HISTORY),
            ("3006a00480020e10", None),
            ("3009a00480020e10810101", PolicyError.ACCOUNT_LOCKED),
            ("3000", None),
            ("30038101ff", None),
            ("3003810163", None),
            ("300381", None),
            ("", None),
            ("04", None),
        ],
    )
    def test_when_the_control_has_this_value_then_it_is_that_error(self, value, error):
        assert policy_error({"controls": {CONTROL_OID: {"value": bytes.fromhex(value)}}}) is error

    def test_when_the_control_has_no_value_then_it_has_no_error(self):
        assert policy_error({"controls": {CONTROL_OID: {"value": None}}}) is None


WHOLE = [
    answer(element(ENTRY, octets("uid=durand,dc=fr"), attributes({"sn": [b"Durand", b"x" * 300], "mail": [b"a@b"]}))),
    answer(
        result(MODIFIED, 0),
        control(
            POST_READ, element(ENTRY, octets("uid=durand"), attributes({"pwdChangedTime": [b"20261128191404Z"]}))
        ),
    ),
    answer(result(SEARCHED, 0), control(PAGED, element(ber.SEQUENCE, integer(3), octets(b"cookie")))),
]


def clear_end(data: bytes) -> bool:
    """Whether the bytes are read, or refused as no answer, or left to ldap3; anything else fails."""
    try:
        read(data)
    except (Malformed, Unusual):
        return False
    return True


class TestHostileBytes:
    @pytest.mark.parametrize("data", WHOLE, ids=["entry", "result", "page"])
    def test_when_it_is_cut_off_anywhere_then_it_is_refused(self, data):
        assert clear_end(data)
        assert not any(clear_end(data[:size]) for size in range(len(data)))

    @settings(EXAMPLES, max_examples=1500)
    @given(st.sampled_from(WHOLE), st.data())
    def test_when_bytes_are_replaced_then_it_ends_clearly(self, data, draw):
        changed = bytearray(data)
        for _ in range(draw.draw(st.integers(1, 4))):
            changed[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))

        clear_end(bytes(changed))

    @settings(EXAMPLES, max_examples=1500)
    @given(st.binary(max_size=400))
    def test_when_they_are_random_then_they_end_clearly(self, data):
        clear_end(data)
        clear_end(element(ber.SEQUENCE, integer(5), element(ENTRY, data)))
        clear_end(element(ber.SEQUENCE, integer(5), element(MODIFIED, data)))
        clear_end(answer(result(MODIFIED, 0), data))
        clear_end(answer(result(MODIFIED, 0), control(POST_READ, data), control(PAGED, data)))

    @pytest.mark.parametrize(
        "length",
        [
            b"\x84\xff\xff\xff\xff",
            b"\x84\x7f\xff\xff\xff",
            b"\x80",
            b"\x85\0\0\0\0\1",
            b"\xff",
            b"\xfe" + b"\xff" * 126,
        ],
    )
    def test_when_a_length_is_huge_or_indefinite_then_it_is_refused_without_memory(self, length):
        values = [
            element(ber.SEQUENCE, integer(5), bytes((ENTRY,)) + length + b"x" * 8),
            element(ber.SEQUENCE, integer(5), element(ENTRY, b"\x04" + length + b"x" * 8)),
            element(ber.SEQUENCE, b"\x02" + length),
        ]
        tracemalloc.start()
        try:
            assert not any(map(clear_end, values))
            assert tracemalloc.get_traced_memory()[1] < 100_000
        finally:
            tracemalloc.stop()
        with pytest.raises(Malformed):
            message_size(bytearray(b"\x30" + length + b"x" * 8))

    def test_when_it_is_larger_than_any_answer_then_it_is_not_waited_for(self):
        assert message_size(bytearray(b"\x30\x84\x03\xff\xff\xfaxx")) == MAX_MESSAGE_BYTES
        with pytest.raises(Malformed):
            message_size(bytearray(b"\x30\x84\x03\xff\xff\xfbxx"))

    def test_when_it_is_nested_deeply_then_it_is_refused(self):
        nested = b""
        for _ in range(100_000 // 4):
            nested = element(ber.SEQUENCE, nested)
            if len(nested) > 50_000:
                break

        assert not clear_end(element(ber.SEQUENCE, integer(5), element(ENTRY, octets("cn=x"), nested)))
        assert not clear_end(nested)

    def test_when_it_is_full_of_tiny_values_then_memory_grows_with_it_only(self):
        data = answer(element(ENTRY, octets("cn=x"), attributes({"sn": [b""] * 200_000})))
        tracemalloc.start()
        try:
            assert clear_end(data)
            assert tracemalloc.get_traced_memory()[1] < 10 * len(data)
        finally:
            tracemalloc.stop()

    @pytest.mark.parametrize("data", [b"HTTP/1.1 400 Bad Request\r\n", b"\x15\x03\x03\0\x02\x02\x28", b"\0" * 6])
    def test_when_it_is_another_protocol_then_it_is_refused(self, data):
        with pytest.raises(Malformed):
            message_size(bytearray(data))
