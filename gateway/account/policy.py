"""The academy's rules for a new password, checked before the directory's own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from gateway.account.invisible import holds_invisible_character
from gateway.account.model import Person, Secret
from gateway.account.name_matching import normalized, tokens

MIN_NAME_PART_CHARS = 3
"""Parts of a name that are shorter ("Le", "de") may are in a password; Windows draws the same line
([MS-SAMR] 3.1.1.7.2)."""
_LETTERS = re.compile(r"[a-z]+")
_SCHEME = re.compile(r"\{[A-Za-z0-9./_-]+\}")
"""The prefix by which a directory knows the scheme of a stored password (RFC 2307, 5.3): {SSHA}, {CLEARTEXT}."""


class Rule(StrEnum):
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    NO_LOWER_CASE = "no_lower_case"
    NO_UPPER_CASE = "no_upper_case"
    NO_DIGIT = "no_digit"
    NO_SPECIAL = "no_special"
    SAME_AS_CURRENT = "same_as_current"
    CONTAINS_LOGIN = "contains_login"
    CONTAINS_NAME = "contains_name"
    CONTAINS_MAIL = "contains_mail"
    """Holds a part of an address that is neither login nor name."""
    CONTAINS_WORD = "contains_word"
    """Words that the academy forbids: its own name, its applications'."""
    INVISIBLE = "invisible"
    """Holds a character that nobody sees and few can type."""
    LOOKS_HASHED = "looks_hashed"
    """Begins as a stored hash does, so that a directory may keep it as it is."""
    COMMON = "common"
    """Among the passwords that everybody tries first."""
    TOO_WEAK = "too_weak"
    """Too few guesses would find it."""
    BREACHED = "breached"
    """Found among passwords that were stolen somewhere."""


def _never(password: Secret) -> bool:
    return False


def _unknown_strength(password: Secret, login: str) -> int:
    return 100


@dataclass(frozen=True, slots=True)
class PasswordRules:
    """What a new password must have. Lengths are in characters, not bytes."""

    min_length: int = 8
    max_length: int = 128
    lower_case: bool = True
    upper_case: bool = True
    digit: bool = True
    special: bool = True
    """A character that is neither a letter nor a digit; a space is one."""
    forbid_current: bool = True
    forbid_login: bool = True
    """Neither a login of the person's nor a part of one of their addresses."""
    forbid_names: bool = True
    forbidden_words: tuple[str, ...] = ()
    min_strength: int = 0
    """Percent of the bar beside the field; 0 asks for none."""
    strength: Callable[[Secret, str], int] = _unknown_strength
    """How hard a password of this login is to guess, in percent. Takes some processor time."""
    is_common: Callable[[Secret], bool] = _never
    is_breached: Callable[[Secret], bool] = _never
    """May ask another server, so only those who proved who they are reach it."""

    @property
    def forbids_common(self) -> bool:
        return self.is_common is not _never

    def at_least(self, min_length: int) -> PasswordRules:
        """The same rules for somebody of whom the directory asks more characters."""
        return self if min_length <= self.min_length else replace(self, min_length=min_length)

    def violations(self, new: Secret, *, login: str = "", current: Secret | None = None) -> tuple[Rule, ...]:
        """The rules that can be judged from what was typed alone: the answer tells nothing about accounts."""
        text = new.reveal()
        verdicts = {
            Rule.TOO_SHORT: len(text) < self.min_length,
            Rule.TOO_LONG: len(text) > self.max_length,
            Rule.NO_LOWER_CASE: self.lower_case and not any(char.islower() for char in text),
            Rule.NO_UPPER_CASE: self.upper_case and not any(char.isupper() for char in text),
            Rule.NO_DIGIT: self.digit and not any(char in "0123456789" for char in text),
            Rule.NO_SPECIAL: self.special and all(char.isalnum() for char in text),
            Rule.SAME_AS_CURRENT: self.forbid_current and current is not None and new == current,
            Rule.CONTAINS_LOGIN: self.forbid_login and _contains(text, [login]),
            Rule.CONTAINS_WORD: _contains(text, self.forbidden_words),
            Rule.INVISIBLE: holds_invisible_character(text),
            Rule.LOOKS_HASHED: _SCHEME.match(text) is not None,
            Rule.COMMON: self.is_common(new),
        }
        return tuple(rule for rule, found in verdicts.items() if found)

    def personal_violations(self, new: Secret, person: Person) -> tuple[Rule, ...]:
        """The rules that need to know whose password it is. Ask only once the person has proved that."""
        text = new.reveal()
        name_parts = [part for name in person.names for part in (*tokens(name), name)]
        mail_parts = _other_parts(person.mails, (*person.logins, *name_parts))
        verdicts = {
            Rule.CONTAINS_LOGIN: self.forbid_login and _contains(text, person.logins),
            Rule.CONTAINS_NAME: self.forbid_names and _contains(text, name_parts),
            Rule.CONTAINS_MAIL: self.forbid_login and _contains(text, mail_parts),
        }
        broken_rules = tuple(rule for rule, found in verdicts.items() if found)
        if self.min_strength and self.strength(new, person.login) < self.min_strength:
            broken_rules += (Rule.TOO_WEAK,)
        return broken_rules or ((Rule.BREACHED,) if self.is_breached(new) else ())


def _other_parts(mails: Iterable[str], known: Iterable[str]) -> set[str]:
    """What stands before the @ of addresses, in parts, with and without digits; not what is `known` already."""
    parts = {part for mail in mails for part in tokens(mail.rpartition("@")[0])}
    parts |= {letters for part in parts for letters in _LETTERS.findall(part)}
    return parts - set(map(normalized, known))


def _contains(text: str, parts: Iterable[str]) -> bool:
    bare = normalized(text)
    return any(len(normalized(part)) >= MIN_NAME_PART_CHARS and normalized(part) in bare for part in parts)
