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
    """Names a rule for new passwords. The values are stable: the API, the audit and scripts rely on them."""

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
    """Percent of the bar beside the field; 0 asks for none."""
    strength: Callable[[Secret, str], int] | None = None
    """How hard a password of this login is to guess, in percent. Takes some processor time."""
    is_common: Callable[[Secret], bool] | None = None
    is_breached: Callable[[Secret], bool] | None = None
    """May ask another server, so only those who proved who they are reach it."""

    @property
    def forbids_common(self) -> bool:
        """Whether passwords that everybody tries first are refused."""
        return self.is_common is not None

    def at_least(self, min_length: int) -> PasswordRules:
        """Return the same rules for a person of whom the directory requires `min_length` characters."""
        return self if min_length <= self.min_length else replace(self, min_length=min_length)

    def violations(self, new: Secret, *, login: str = "", current: Secret | None = None) -> tuple[Rule, ...]:
        """The rules that can be judged from what was typed alone: the answer tells nothing about accounts."""
        return _broken(self._typed_validators(), NewPassword(new, login, current))

    def personal_violations(self, new: Secret, person: Person, typed_login: str) -> tuple[Rule, ...]:
        """The rules that need to know whose password it is. Ask only once the person has proved that.

        The strength is judged with `typed_login`, as by the bar, which knows no other login of the person.
        """
        password = NewPassword(new, typed_login, person=person)
        return _broken(self._personal_validators(), password) or _broken((self._breached_validator(),), password)

    def _typed_validators(self) -> tuple[Validator | None, ...]:
        """In the order in which people read them; None for a rule that the academy switched off."""
        common = self.is_common
        return (
            Validator(Rule.TOO_SHORT, lambda new: len(new.text) < self.min_length),
            Validator(Rule.TOO_LONG, lambda new: len(new.text) > self.max_length),
            _LOWER_CASE if self.lower_case else None,
            _UPPER_CASE if self.upper_case else None,
            _DIGIT if self.digit else None,
            _SPECIAL if self.special else None,
            _CURRENT if self.forbid_current else None,
            _TYPED_LOGIN if self.forbid_login else None,
            Validator(Rule.CONTAINS_WORD, lambda new: _contains(new.text, self.forbidden_words)),
            _VISIBLE,
            _NOT_HASHED,
            Validator(Rule.COMMON, lambda new: common(new.secret)) if common else None,
        )

    def _personal_validators(self) -> tuple[Validator | None, ...]:
        strength = self.strength if self.min_strength else None
        return (
            _LOGINS if self.forbid_login else None,
            _NAMES if self.forbid_names else None,
            _MAILS if self.forbid_login else None,
            Validator(Rule.TOO_WEAK, lambda new: strength(new.secret, new.login) < self.min_strength)
            if strength
            else None,
        )

    def _breached_validator(self) -> Validator | None:
        """The last one: another server is asked only about a password that keeps all the others."""
        breached = self.is_breached
        return Validator(Rule.BREACHED, lambda new: breached(new.secret)) if breached else None


def _broken(validators: Iterable[Validator | None], new: NewPassword) -> tuple[Rule, ...]:
    return tuple(one.rule for one in validators if one is not None and one.is_broken_by(new))


def _contains_name(new: NewPassword) -> bool:
    return new.person is not None and _contains(new.text, _name_parts(new.person))


def _contains_mail(new: NewPassword) -> bool:
    if new.person is None:
        return False
    return _contains(new.text, _other_parts(new.person.mails, (*new.person.logins, *_name_parts(new.person))))


def _name_parts(person: Person) -> list[str]:
    return [part for name in person.names for part in (*tokens(name), name)]


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
