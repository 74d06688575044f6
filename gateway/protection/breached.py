"""Passwords that others try first: a list that ships with a package, and the service of Pwned Passwords."""

from __future__ import annotations

import hashlib
import logging
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from http.client import HTTPException

from zxcvbn.frequency_lists import FREQUENCY_LISTS

from gateway.account.model import Secret
from gateway.http_client import open_request

log = logging.getLogger(__name__)

MAX_ANSWER_BYTES = 1 << 20
"""Bytes; a range has about 40 kB."""
_LOOKALIKES = str.maketrans("@4301!$57", "aaeoiisst")


def is_common(password: Secret) -> bool:
    """Whether it is one of the 30,000 most frequent ones, or one of them in disguise: Password-2026!, P@ssw0rd."""
    text = password.reveal().lower()
    plain, word = _without_outer(text, str.isalnum), _without_outer(text, _is_letter)
    variants = {text, plain, word}
    variants |= {guise.translate(_LOOKALIKES) for guise in variants}
    return not variants.isdisjoint(_frequent())


def _is_letter(char: str) -> bool:
    return char.isalnum() and not char.isdecimal()


def _without_outer(text: str, is_kept: Callable[[str], bool]) -> str:
    """`text` from its first character that is kept to its last one. A regular expression that is anchored at the end
    alone would try each run of other characters from every place in it."""
    kept = [place for place, char in enumerate(text) if is_kept(char)]
    return text[kept[0] : kept[-1] + 1] if kept else ""


@cache
def _frequent() -> frozenset[str]:
    return frozenset(FREQUENCY_LISTS["passwords"])


@dataclass(frozen=True, slots=True)
class PwnedPasswords:
    """The range protocol of Pwned Passwords: five digits of the hash leave this machine, and never the password.

    https://haveibeenpwned.com/API/v3#PwnedPasswords
    """

    url: str
    """Of the service or a mirror; the five digits are put behind it."""
    timeout_seconds: float
    tls: ssl.SSLContext

    def holds(self, password: Secret) -> bool:
        """False as well where the service does not answer in time: people must not wait for a third party."""
        digest = hashlib.sha1(password.reveal().encode(), usedforsecurity=False).hexdigest().upper()
        request = urllib.request.Request(  # noqa: S310 - https://, or http:// on this machine, say the settings
            self.url.rstrip("/") + "/" + digest[:5], headers={"Add-Padding": "true", "User-Agent": "mamia"}
        )
        try:
            with open_request(request, tls=self.tls, timeout_seconds=self.timeout_seconds) as answer:
                lines = answer.read(MAX_ANSWER_BYTES).decode("ascii", "replace").splitlines()
        except (urllib.error.URLError, OSError, HTTPException, ValueError) as error:
            log.warning("the service for stolen passwords does not answer: %s", type(error).__name__)
            return False
        # Padding comes as suffixes that were found 0 times.
        return any(suffix == digest[5:] and count.strip() != "0" for suffix, _, count in map(_split, lines))


def _split(line: str) -> tuple[str, str, str]:
    return line.partition(":")
