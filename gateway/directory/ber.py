"""Elements of BER (X.690) as LDAP uses them (RFC 4511, 5.1): a tag of one byte, a definite length, a value."""

from __future__ import annotations

from collections.abc import Iterator

BOOLEAN, INTEGER, OCTETS, ENUMERATED, SEQUENCE, SET = 0x01, 0x02, 0x04, 0x0A, 0x30, 0x31
CONTEXT, CONSTRUCTED = 0x80, 0xA0
"""The tag of an element that a message numbers itself is one of these plus the number."""
MAX_LENGTH_BYTES, MAX_INTEGER_BYTES = 4, 4


class Malformed(ValueError):
    """Bytes that are no element, or not the expected one."""


def element(tag: int, *values: bytes) -> bytes:
    """Return the element with these values, one after the other."""
    value = b"".join(values)
    size = len(value)
    if size < 128:
        return bytes((tag, size)) + value
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 128 + len(length))) + length + value


def octets(value: str | bytes) -> bytes:
    """Return an OCTET STRING; text is written in UTF-8."""
    return element(OCTETS, value.encode() if isinstance(value, str) else value)


def integer(number: int, tag: int = INTEGER) -> bytes:
    """Return an INTEGER in as few bytes as possible (X.690, 8.3.2)."""
    return element(tag, number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True))


def header(data: bytes | bytearray, at: int, end: int) -> tuple[int, int, int]:
    """Return the tag of the element at `at`, and where its value starts and ends. Raises Malformed.

    It must end at `end` or before, so that no length makes anybody read on or reserve memory.
    """
    if at + 2 > end:
        raise Malformed("an element is cut off")
    length, start = data[at + 1], at + 2
    if length > 127:
        if not 0 < (size := length - 128) <= MAX_LENGTH_BYTES:
            raise Malformed("a length is indefinite or too long")
        length = int.from_bytes(data[start : start + size], "big")
        start += size
    if start + length > end:
        raise Malformed("an element is longer than what contains it")
    return data[at], start, start + length


def expect(tag: int, data: bytes | bytearray, at: int, end: int) -> tuple[int, int]:
    """Return where the value of the element at `at` starts and ends. Raises Malformed if it has another tag."""
    # Nearly all lengths are of one byte.
    start = at + 2
    if start <= end and data[at] == tag and data[at + 1] < 128 and (stop := start + data[at + 1]) <= end:
        return start, stop
    found, start, stop = header(data, at, end)
    if found != tag:
        raise Malformed(f"tag {found:#x} instead of {tag:#x}")
    return start, stop


def elements(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield what `header` returns for each element between `at` and `end`. Raises Malformed."""
    while at < end:
        yield (found := header(data, at, end))
        at = found[2]


def number_in(data: bytes, start: int, stop: int) -> int:
    """Return the number in the value of an INTEGER or ENUMERATED. Raises Malformed."""
    if not 0 < stop - start <= MAX_INTEGER_BYTES:
        raise Malformed("a number is empty or too long")
    return int.from_bytes(data[start:stop], "big", signed=True)
