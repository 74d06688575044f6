"""The academy's rules for a new password, checked before those of the directory."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from gateway.account.invisible import holds_invisible_character
from gateway.account.model import Person, Secret
from gateway.account.name_matching import normalized, tokens

MIN_NAME_PART_CHARS = 3
"""Shorter parts of a name ("Le", "de") may be in a password; Windows has the same limit ([MS-SAMR] 3.1.1.7.2)."""
_LETTERS = re.compile(r"[a-z]+")
_SCHEME = re.compile(r"\{[A-Za-z0-9./_-]+\}")
"""Prefix by which a directory knows the scheme of a stored password (RFC 2307, 5.3): {SSHA}, {CLEARTEXT}."""


class Rule(StrEnum):
    """A rule that a new password can violate. The values are stable: pages, API and logs use them."""

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
    """It contains a part of an address that is neither login nor name."""
    CONTAINS_WORD = "contains_word"
    """It contains a word that the academy forbids, such as its own name."""
    INVISIBLE = "invisible"
    """It contains a character that nobody sees and few can type."""
    LOOKS_HASHED = "looks_hashed"
    """It begins like a stored hash, so a directory might store it without hashing it."""
    COMMON = "common"
    """It is among the passwords that attackers try first."""
    TOO_WEAK = "too_weak"
    """Too few guesses would find it."""
    BREACHED = "breached"
    """It was found among stolen passwords."""


@dataclass(frozen=True, slots=True)
class NewPassword:
    """A new password, and what it is compared with: what was typed beside it, or the person once that is proved."""

    secret: Secret
    login: str = ""
    current: Secret | None = None
    person: Person | None = None

    @property
    def text(self) -> str:
        """The password itself, for comparing."""
        return self.secret.reveal()


@dataclass(frozen=True, slots=True)
class Validator:
    """One rule, and whether a new password breaks it."""

    rule: Rule
    is_broken_by: Callable[[NewPassword], bool]


@dataclass(frozen=True, slots=True)
class PasswordRules:
    """The academy's requirements for a new password. Lengths are in characters, not bytes."""

    min_length: int = 8
    max_length: int = 128
    lower_case: bool = True
    upper_case: bool = True
    digit: bool = True
    special: bool = True
    """A character that is neither a letter nor a digit; a space is one."""
    forbid_current: bool = True
    forbid_login: bool = True
    """Refuse every login of the person, and every part of their addresses."""
    forbid_names: bool = True
    forbidden_words: tuple[str, ...] = ()
    min_strength: int = 0
    """Minimum of the bar beside the field, in percent; 0: no minimum."""
    strength: Callable[[Secret, str], int] = _unknown_strength
    """Returns how hard a password is to guess, in percent, given the login. It takes some processor time."""
    is_common: Callable[[Secret], bool] = _never
    is_breached: Callable[[Secret], bool] = _never
    """Returns whether the password was stolen somewhere. It may ask another server, so it is called only for
    verified people."""

    @property
    def forbids_common(self) -> bool:
        """Return whether a list of common passwords is checked."""
        return self.is_common is not _never

    def at_least(self, min_length: int) -> PasswordRules:
        """Return the same rules for a person of whom the directory requires `min_length` characters."""
        return self if min_length <= self.min_length else replace(self, min_length=min_length)

    def violations(self, new: Secret, *, login: str = "", current: Secret | None = None) -> tuple[Rule, ...]:
        """Return the violated rules that depend only on what was typed. The answer reveals nothing about accounts."""
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
        """Return the violated rules that depend on the person. Call it only after the person proved who they are."""
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
    """Return the parts of addresses before the @, with and without digits, except those in `known`."""
    parts = {part for mail in mails for part in tokens(mail.rpartition("@")[0])}
    parts |= {letters for part in parts for letters in _LETTERS.findall(part)}
    return parts - set(map(normalized, known))


def _contains(text: str, parts: Iterable[str]) -> bool:
    bare = normalized(text)
    return any(len(normalized(part)) >= MIN_NAME_PART_CHARS and normalized(part) in bare for part in parts)


_LOWER_CASE = Validator(Rule.NO_LOWER_CASE, lambda new: not any(char.islower() for char in new.text))
_UPPER_CASE = Validator(Rule.NO_UPPER_CASE, lambda new: not any(char.isupper() for char in new.text))
_DIGIT = Validator(Rule.NO_DIGIT, lambda new: not any(char in "0123456789" for char in new.text))
_SPECIAL = Validator(Rule.NO_SPECIAL, lambda new: all(char.isalnum() for char in new.text))
_CURRENT = Validator(Rule.SAME_AS_CURRENT, lambda new: new.current is not None and new.secret == new.current)
_TYPED_LOGIN = Validator(Rule.CONTAINS_LOGIN, lambda new: _contains(new.text, [new.login]))
_VISIBLE = Validator(Rule.INVISIBLE, lambda new: holds_invisible_character(new.text))
_NOT_HASHED = Validator(Rule.LOOKS_HASHED, lambda new: _SCHEME.match(new.text) is not None)
_LOGINS = Validator(
    Rule.CONTAINS_LOGIN, lambda new: new.person is not None and _contains(new.text, new.person.logins)
)
_NAMES = Validator(Rule.CONTAINS_NAME, _contains_name)
_MAILS = Validator(Rule.CONTAINS_MAIL, _contains_mail)
