"""Passwords that attackers try first: the list of a package, and the service Pwned Passwords."""

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
"""Maximum bytes of an answer; a range has about 40 kB."""
_LOOKALIKES = str.maketrans("@4301!$57", "aaeoiisst")


def is_common(password: Secret) -> bool:
    """Return whether it is one of the 30,000 most frequent passwords, or a variant of one.

    Variants are Password-2026! and P@ssw0rd, for example.
    """
    text = password.reveal().lower()
    plain, word = _without_outer(text, str.isalnum), _without_outer(text, _is_letter)
    variants = {text, plain, word}
    variants |= {variant.translate(_LOOKALIKES) for variant in variants}
    return not variants.isdisjoint(_frequent())


def _is_letter(char: str) -> bool:
    return char.isalnum() and not char.isdecimal()


def _without_outer(text: str, is_kept: Callable[[str], bool]) -> str:
    """Return `text` from its first to its last kept character.

    A regular expression anchored only at the end would try each run of other characters from every position in it.
    """
    kept = [place for place, char in enumerate(text) if is_kept(char)]
    return text[kept[0] : kept[-1] + 1] if kept else ""


@cache
def _frequent() -> frozenset[str]:
    return frozenset(FREQUENCY_LISTS["passwords"])


@dataclass(frozen=True, slots=True)
class PwnedPasswords:
    """The range protocol of Pwned Passwords: five digits of a SHA-1 hash leave this machine, and never the password.

    https://haveibeenpwned.com/API/v3#PwnedPasswords
    """

    url: str
    """URL of the service or a mirror; the five digits are appended."""
    timeout_seconds: float
    tls: ssl.SSLContext

    def holds(self, password: Secret) -> bool:
        """Return whether the service knows the password.

        Returns False if it does not answer in time, so that people need not wait.
        """
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
        # Padding consists of suffixes with the count 0.
        return any(suffix == digest[5:] and count.strip() != "0" for suffix, _, count in map(_split, lines))


def _split(line: str) -> tuple[str, str, str]:
    return line.partition(":")
