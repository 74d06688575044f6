"""What the parser makes of a Password Modify request, whoever sends it."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ldap3.protocol.rfc3062 import PasswdModifyRequestValue
from pyasn1.codec.ber import encoder

from gateway.capture.sock_requests import PasswordModifyRequest, read_request

FIELDS = ("userIdentity", "oldPasswd", "newPasswd")
VALUES = st.dictionaries(st.sampled_from(FIELDS), st.binary(max_size=300))


def password_modify(value: bytes) -> bytes:
    """The operation as slapd reports it."""
    head = b"EXTENDED\nmsgid: 2\nconnid: 1\npeername: IP=127.0.0.1:1\noid: 1.3.6.1.4.1.4203.1.11.1\n"
    return head + b"value: " + base64.b64encode(value) + b"\n\n"


def encoded(fields: dict[str, bytes]) -> bytes:
    value = PasswdModifyRequestValue()
    for name, content in fields.items():
        value[name] = content
    written: bytes = encoder.encode(value)
    return written


def password_in(value: bytes) -> bytes | None:
    """The new password of a request with that value; None where it has none."""
    request = read_request(password_modify(value))
    assert isinstance(request, PasswordModifyRequest)
    return request.password.reveal().encode(errors="surrogateescape") if request.password is not None else None


class TestPasswordModify:
    @given(VALUES)
    def test_when_it_has_any_of_its_fields_then_the_new_password_is_read_byte_by_byte(self, fields):
        assert password_in(encoded(fields)) == fields.get("newPasswd")

    @given(st.binary(max_size=100))
    def test_when_its_value_is_any_bytes_then_it_raises_nothing(self, value):
        password_in(value)

    @pytest.mark.parametrize("cut", range(1, 12))
    def test_when_its_value_is_cut_off_then_no_password_is_read(self, cut):
        assert password_in(encoded({"newPasswd": b"Neuf-2026!"})[:-cut]) is None

    @pytest.mark.parametrize(
        ("value", "why"),
        [
            (b"", "nothing"),
            (b"\x04\x03abc", "a string in place of the sequence"),
            (b"\x30\x05\x83\x03abc", "a field that RFC 3062 does not have"),
            (b"\x30\x84\xff\xff\xff\xff\x82\x01a", "a length of four gigabytes"),
            (b"\x30\x80" * 500, "sequences in sequences"),
        ],
    )
    def test_when_its_value_is_hostile_then_no_password_is_read(self, value, why):
        assert password_in(value) is None, why
