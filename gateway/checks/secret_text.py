"""Check that a file with a secret has no invisible characters that editors add: they would be part of the secret."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gateway.checks.finding import Finding, fail, warn

SUBJECT = "files with secrets"
BYTE_ORDER_MARK, RETURN = b"\xef\xbb\xbf", b"\r\n"
LARGEST = 4096
"""Bytes of a file with passwords or keys; what is larger is something else, such as a keytab."""


def check_secret_text(file: Path) -> Iterator[Finding]:
    """Yield a finding about a byte order mark, line ends of Windows, or blanks around the first line."""
    try:
        content = file.read_bytes()
    except OSError:
        return
    if len(content) > LARGEST or b"\0" in content:
        return
    first = content.split(b"\n")[0].removesuffix(b"\r")
    if content.startswith(BYTE_ORDER_MARK):
        text = f"{file} begins with a byte order mark, as editors of Windows write it, and it is sent with the secret"
        yield fail(SUBJECT, text, rf"sed -i '1s/^\xef\xbb\xbf//' {file}")
    if RETURN in content:
        text = f"{file} has line ends of Windows, and a part of them is sent with the secret: it is refused"
        yield fail(SUBJECT, text, rf"sed -i 's/\r$//' {file}")
    if first != first.strip():
        text = f"the first line of {file} begins or ends in a blank, which is sent with the secret"
        yield warn(SUBJECT, text, f"sed -i '1s/^[ \\t]*//; 1s/[ \\t]*$//' {file}, if the secret has none there")
