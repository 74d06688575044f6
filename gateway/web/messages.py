"""The sentences that people read: one per refusal, failure, rule and state, translated when they are shown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo

from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString

from gateway.account.birth_date import BirthDateError
from gateway.account.outcomes import Refusal, Refused
from gateway.account.policy import PasswordRules, Rule
from gateway.settings import Lockout
from gateway.web.helpdesk import moment

MISSING = {
    "surname": _("Enter your surname."),
    "given_name": _("Enter your given name; a dash if you have none."),
    "birth_date": _("Enter your date of birth, for example 27/03/1985."),
    "login": _("Enter your login, for example fdurand4."),
    "proof": _("Enter your NUMEN or your temporary agent number."),
    "current_password": _("Enter your current password."),
    "new_password": _("Choose a new password."),
    "confirmation": _("Type the new password a second time."),
    "code": _("Type the code that you were sent."),
    "searched": _("Type a login, a mail address or a name."),
    "reason": _("Type why you ask, or the number of the ticket."),
}
PROOF_OR_CODE_MISSING = _("Enter your NUMEN, your temporary agent number or the code that the helpdesk gave you.")
CODE_NOT_PROVED = _(
    "A code of the helpdesk can be used once and for a limited time: if in doubt, ask the helpdesk for another one."
)
UNREADABLE_CHAR = _("This field contains an unreadable character. Clear the field and type it again.")
TOO_MANY_CHARS = _("That is too long: %(max)d characters at most.")
REPEATED = _("The form was not sent correctly. Reload the page and start again.")
NOT_THE_SAME = _("The confirmation is not the new password. Type it exactly the same.")
STALE_PAGE = _(
    "This page stayed open for too long, or your browser refuses cookies. Nothing was changed: check your answers "
    "and send the form again. If this message comes back, allow the cookies of this site."
)
STEP_GONE = _(
    "What you had entered is no longer available: it is kept for ten minutes, in a cookie of this site. If a page "
    "has confirmed your new password, it is active: use it. Otherwise start again. If you see this message again, "
    "allow this site to set cookies."
)
CAPTCHA_WRONG = _("The characters that you typed are not the right ones. Here is another check.")
CAPTCHA_EXPIRED = _("This check can no longer be used. Here is another one.")
CAPTCHA_REPEATED = _(
    "The automatic check has to be done again, because your connection changed or many forms are being sent. Nothing "
    "was changed: check your answers and send them again."
)
_CAPTCHA_MISSING = _("Type the characters that you see or hear.")
_CAPTCHA_NEEDS_SCRIPT = _("This check needs JavaScript. If you cannot switch it on, call the helpdesk.")
ALREADY_SENT = _(
    "This form was sent twice. The first one was dealt with: if it was to change your password, try the new one "
    "before you send the form again."
)
UNAVAILABLE = _(
    "The academy’s directory does not answer at the moment. Nothing was changed. Try again in a few minutes; if it "
    "lasts, call the helpdesk."
)
MISCONFIGURED = _(
    "This service has no permission to do this in the academy’s directory. Nothing was changed, and trying again "
    "will not help: call the helpdesk and give the reference %(request_id)s."
)
UNCONFIRMED = _(
    "The academy’s directory stopped answering while it saved: your password may have changed, or not. Try the new "
    "one, then the old one, before you start again."
)
BUSY = _("The service is very busy. Nothing was changed. Try again in %(seconds)s seconds.")
STORE_UNAVAILABLE = _(
    "The service cannot check requests at the moment. Nothing was changed. Try again in a few minutes; if it lasts, "
    "call the helpdesk."
)
TOO_OFTEN = _("To protect the accounts, the number of tries is limited. Nothing was changed. Try again later.")
CODE_WRONG = _("This code is not the right one. Tries left: %(left)s.")
CODE_TOO_OFTEN = _("Too many wrong codes. Nothing was changed. Start again from the beginning to get another code.")
CODE_NOT_SENT = _(
    "The code could not be sent. Nothing was changed. Try again in a few minutes; if it lasts, call the helpdesk."
)
CODE_NOT_SENT_THERE = _(
    "The code could not be sent to %(sent_to)s. Choose another way, or try again in a few minutes."
)
CODE_LIMITED = _(
    "So many codes were sent that no more are sent now. Try again in %(minutes)s minutes, or call the helpdesk: "
    "%(phone)s."
)
CHANNEL_MISSING = _("Choose where the code is to go.")
CODE_BY_PHONE = _("%(code)s: code for your academy password, valid for %(minutes)s minutes. Give it to nobody.")
CONFIRMATION_BY_PHONE = _(
    "%(code)s: code to add this phone to your academy account, valid for %(minutes)s minutes. Give it to nobody."
)
NOTICES_BY_PHONE = {
    "recovery_added": _(
        "Academy account: a recovery method was added. If it was not you, change your password on the academy's site "
        "and call the helpdesk."
    ),
    "recovery_removed": _(
        "Academy account: a recovery method was removed. If it was not you, change your password on the academy's "
        "site and call the helpdesk."
    ),
    "recovery_dropped": _(
        "Academy account: a new password was set, and a recent recovery method removed. If it was not you, call the "
        "helpdesk."
    ),
    "recovery_erased": _(
        "Academy account: all your recovery methods were erased. If you did not ask for it, call the helpdesk."
    ),
}
"""Mails that phones get too, each as one text message: 160 characters of GSM 03.38, and no link."""
NO_SECOND_FACTOR = _(
    "We have no private address or phone number for you to send a code to: call the helpdesk to reset your password. "
    "Nothing was changed."
)
AGENT_WITHOUT_CHANNEL = _(
    "The directory has no private address or phone number to which your code can be sent. Ask an administrator to "
    "add one: without it, nobody can sign in here."
)
AGENT_PASSWORD_TO_CHANGE = _("Your password has expired or is the initial one. Change it first, then sign in here.")
AGENT_WITHOUT_PASSKEY = _(
    "You have no passkey that can be used yet. Add one on the page “My recovery methods”; it can be used once it has "
    "rested."
)
AGENT_PASSKEY_REFUSED = _("This passkey does not open your account. Sign in again.")
AGENT_SESSION_OVER = _("Your session is over. Sign in again.")
SEARCH_TOO_SHORT = _("Type at least %(min)s characters.")
NO_ACTION_CHOSEN = _("Press the button of what is to be done.")
PERSON_GONE = _("Nobody has this login any more.")
NO_MAIL_ADDRESS = _("Enter a mail address, for example prenom.nom@exemple.org.")
NO_PHONE_NUMBER = _("Enter a mobile number with all its digits, for example 06 12 34 56 78.")
CONFIRMATION_WRONG = _("This code is not the right one. Tries left: %(left)s.")
RECOVERY_OVER = _(
    "The time for your recovery methods is over, or your password was changed meanwhile. Enter your login and your "
    "current password again."
)
PASSKEY_NOT_PROVED = _(
    "This passkey does not open this account: it may belong to another login, or have been added less than "
    "%(hours)s hours ago. Check your login, or answer the questions below."
)
PASSKEY_STALE = _("The question to your passkey is too old. Nothing was changed: press the button again.")
RECOVERY_NOTICES = {
    "added": _("The recovery method was added."),
    "removed": _("The recovery method was removed. We told you so by mail."),
    "renamed": _("The name was changed."),
    "unreadable_removed": _("What could no longer be read was removed. We told you so by mail."),
    "changed_meanwhile": _("This method was changed or removed meanwhile. Here is what your account has now."),
    "too_many": _("Your account has as many methods as it can have. Remove one before you add another one."),
    "known_already": _("Your account has this address or number already."),
    "not_private": _(
        "This is an address of the academy: without your password you could not read it. Enter a private address."
    ),
    "not_sent": _("The code could not be sent. Check the address or number, or try again in a few minutes."),
    "code_limited": _("So many codes were sent that no more are sent now. Try again later."),
    "wrong_too_often": _("Too many wrong codes. Nothing was added: begin again."),
    "passkey_refused": _("Your browser’s answer could not be used. Nothing was added: begin again."),
    "passkey_not_made": _(
        "Your browser made no passkey, for which it needs JavaScript. Nothing was added. Allow JavaScript for this "
        "site, or choose another method."
    ),
}
"""What happened at the recovery methods, by the value of `services.recovery_outcomes.Notice`."""
KINDS = {
    "mail": _("Private mail address"),
    "mobile": _("Mobile phone"),
    "passkey": _("Passkey"),
    "totp": _("Authenticator app"),
    "unreadable_removed": _("What could no longer be read"),
}
"""What the kinds of recovery methods are called."""
FOREIGN_HOST = _("This service does not answer at this address.")
TICKET_EXPIRED = _(
    "The time to choose a password is over. Nothing was changed. Start again from the beginning: your answers will "
    "be checked again, then you will have %(minutes)s minutes to choose."
)
TICKET_USED = _(
    "This form has been used already. If you have just chosen a password, it is active: try it. Otherwise start "
    "again from the beginning."
)

NUMEN_LOOKALIKES = _(
    "A NUMEN is 2 digits, 1 letter, 7 digits and 3 letters. Check whether you typed the letter O for the digit 0, or "
    "the letter I for the digit 1, or the other way round."
)
DATE_ERRORS = {
    BirthDateError.UNREADABLE: _("Enter the day, the month and the year with four digits: 27/03/1985."),
    BirthDateError.IMPOSSIBLE: _("There is no such date. Check the day and the month: 27/03/1985."),
    BirthDateError.UNLIKELY: _("Check the year of birth: it must be between 1900 and this year."),
}

CHARTER_ELSEWHERE = _(
    "The acceptable use policy of the academy must be accepted first. Read and accept it, and change the password, "
    "on this page: %(page)s"
)
"""For programs in which nobody can accept it: API clients and the webmail."""

_REFUSALS = {
    Refusal.NOT_FOUND: _(
        "No account has this surname, given name and date of birth. Check the spelling and the date; if your name "
        "has changed, try your name at birth."
    ),
    Refusal.NOT_PROVED: _(
        "These answers belong to no account. Check the login (“Find my account” gives it to you), the NUMEN or "
        "temporary agent number, and the date of birth."
    ),
    Refusal.GRANT_VOID: _(
        "Your password was changed in the meantime, or the account was closed. Start again from the beginning."
    ),
    Refusal.TOO_YOUNG: _("Your password was changed too recently. Try again tomorrow, or call the helpdesk."),
    Refusal.TOO_SHORT: _("The directory refuses this password: it is too short. Choose a longer one."),
    Refusal.TOO_LONG: _("The directory refuses this password: it is too long. Choose a shorter one."),
    Refusal.POOR_QUALITY: _("The directory refuses this password: it is too easy to guess. Choose another one."),
    Refusal.NOT_CHANGEABLE: _("The directory does not allow this password to be changed. Call the helpdesk."),
    Refusal.CHARTER: _(
        "You have not yet accepted the acceptable use policy that is in force. Read it, tick the box, then type your "
        "passwords again."
    ),
    Refusal.DIRECTORY_RULE: _(
        "The directory refuses this password without saying why. Choose another one, longer and unlike those "
        "that you had."
    ),
}
_TOO_YOUNG_UNTIL = _(
    "Your password was changed too recently. It can be changed again from %(when)s. If you need a new one "
    "sooner, call the helpdesk: %(phone)s."
)
_TOO_SHORT_FOR = _(
    "The directory refuses this password: it is too short. Choose one of at least %(min_length)s characters."
)
_LOCKED = _(
    "Wrong passwords were tried, and the directory locked this account until %(when)s: a new password would not open "
    "it before. Start again then, or call the helpdesk: %(phone)s."
)
_OR_CALL = _("If all of it is right, call the helpdesk: %(phone)s. Some accounts are managed by the helpdesk only.")
"""The same for everybody who is refused, so that it does not reveal that an account is protected."""
_POINT_TO_HELPDESK = frozenset({Refusal.NOT_FOUND, Refusal.NOT_PROVED, Refusal.CREDENTIALS, Refusal.GRANT_VOID})
_CREDENTIALS = _("Login or password incorrect. Check your login with “Find my account”.")
_IN_HISTORY = _("This password was used before: it is among your last %(history)s. Choose another one.")

REQUIRED: Mapping[Rule, LazyString] = {
    Rule.TOO_SHORT: _("contain at least %(min_length)s characters"),
    Rule.TOO_LONG: _("contain at most %(max_length)s characters"),
    Rule.NO_LOWER_CASE: _("contain at least one lower-case letter"),
    Rule.NO_UPPER_CASE: _("contain at least one capital letter"),
    Rule.NO_DIGIT: _("contain at least one digit"),
    Rule.NO_SPECIAL: _("contain at least one special character, neither a letter nor a digit (such as - ! ? @)"),
    Rule.SAME_AS_CURRENT: _("differ from the current one"),
    Rule.TOO_WEAK: _("be hard enough to guess: the bar must reach %(min_strength)s%%"),
}
"""What a new password must do: each phrase continues "The new password must"."""

FORBIDDEN: Mapping[Rule, LazyString] = {
    Rule.CONTAINS_LOGIN: _("contain your login"),
    Rule.CONTAINS_NAME: _("contain your surname or given name"),
    Rule.CONTAINS_MAIL: _("contain a part of your e-mail address"),
    Rule.CONTAINS_WORD: _("contain one of these words: %(forbidden_words)s"),
    Rule.INVISIBLE: _("contain an invisible character (it may have come with copy and paste: type it by hand)"),
    Rule.LOOKS_HASHED: _("begin with a word in braces, such as {SSHA}: the directory would take it for a hash"),
    Rule.COMMON: _("be a common password, even with digits or special characters after it (azerty123, Soleil-2026…)"),
    Rule.BREACHED: _("be among those that were stolen elsewhere"),
}
"""What it must not do: each phrase continues "The new password must not"."""

FIELD_OF = {
    Refusal.RULES: "new_password",
    Refusal.IN_HISTORY: "new_password",
    Refusal.TOO_YOUNG: "new_password",
    Refusal.TOO_SHORT: "new_password",
    Refusal.TOO_LONG: "new_password",
    Refusal.POOR_QUALITY: "new_password",
    Refusal.DIRECTORY_RULE: "new_password",
    Refusal.CHARTER: "charter",
}
"""The field beside which a refusal is shown; refusals that are not here concern the whole form."""


def refusal(
    refused: Refused, rules: PasswordRules, lockout: Lockout, history: int, phone: str, zone: tzinfo
) -> list[str]:
    """Return the sentences for `refused`: one per broken rule, else a single one.

    Numbers come from the person's own policy if the directory gave them, else from the settings. `history`: how many
    former passwords are refused. `phone`: the helpdesk's. `zone`: for the times in the sentences.
    """
    limits, or_call = refused.limits, filled(_OR_CALL, phone=phone)
    if refused.code is Refusal.RULES:
        rules = rules.at_least(limits.min_length)
        return [_broken(rule, rules) for rule in refused.violations]
    if refused.code is Refusal.CREDENTIALS:
        return [f"{_CREDENTIALS} {lockout_in_words(lockout)} {or_call}"]
    if refused.code is Refusal.IN_HISTORY:
        return [filled(_IN_HISTORY, history=history if limits.history is None else limits.history)]
    if refused.code is Refusal.TOO_YOUNG and limits.changeable_from:
        return [filled(_TOO_YOUNG_UNTIL, when=_minute(limits.changeable_from, zone), phone=phone)]
    if refused.code is Refusal.LOCKED and limits.locked_until:
        return [filled(_LOCKED, when=_minute(limits.locked_until, zone), phone=phone)]
    if refused.code is Refusal.TOO_SHORT and limits.min_length:
        return [filled(_TOO_SHORT_FOR, min_length=limits.min_length)]
    sentence = str(_REFUSALS[refused.code])
    return [f"{sentence} {or_call}" if refused.code in _POINT_TO_HELPDESK else sentence]


def _minute(when: datetime, zone: tzinfo) -> str:
    """Return day and time in the page's language, rounded up to a full minute so that it is never too early."""
    return moment((when + timedelta(seconds=59, microseconds=999_999)).astimezone(zone))


def captcha_missing(takes_characters: bool) -> LazyString:
    """Return what to do if a form brings neither proof of work nor characters.

    `takes_characters`: whether the settings offer characters to copy; without them the check needs JavaScript.
    """
    return _CAPTCHA_MISSING if takes_characters else _CAPTCHA_NEEDS_SCRIPT


def lockout_in_words(lockout: Lockout) -> str:
    """Say after how many wrong passwords an account is locked, and how that ends; 0 minutes: by a reset only."""
    if not lockout.minutes:
        return str(
            gettext(
                "After %(failures)s wrong tries your account is locked; resetting the password unlocks it at once.",
                failures=lockout.failures,
            )
        )
    return str(
        ngettext(
            "After %(failures)s wrong tries your account is locked for a minute; resetting the password unlocks it "
            "at once.",
            "After %(failures)s wrong tries your account is locked for %(num)s minutes; resetting the password "
            "unlocks it at once.",
            lockout.minutes,
            failures=lockout.failures,
        )
    )


def rules_in_words(rules: PasswordRules) -> list[tuple[Rule, str]]:
    """Return the rules for the list beside the form, each with its phrase: those that the settings require."""
    wanted = {
        Rule.TOO_SHORT: True,
        Rule.NO_LOWER_CASE: rules.lower_case,
        Rule.NO_UPPER_CASE: rules.upper_case,
        Rule.NO_DIGIT: rules.digit,
        Rule.NO_SPECIAL: rules.special,
        Rule.SAME_AS_CURRENT: rules.forbid_current,
        Rule.CONTAINS_LOGIN: rules.forbid_login,
        Rule.CONTAINS_NAME: rules.forbid_names,
        Rule.CONTAINS_WORD: bool(rules.forbidden_words),
        Rule.COMMON: rules.forbids_common,
        Rule.TOO_WEAK: bool(rules.min_strength),
    }
    return [(rule, _rule(rule, rules)) for rule, is_wanted in wanted.items() if is_wanted]


def filled(sentence: LazyString, **values: object) -> str:
    """Return `sentence`, translated, with its placeholders (`%(name)s`) replaced by `values`."""
    return str(sentence) % values


def _rule(rule: Rule, rules: PasswordRules) -> str:
    """Return the phrase of the list under "The new password must:"."""
    if rule in FORBIDDEN:
        return str(gettext("not %(forbidden)s", forbidden=_phrase(FORBIDDEN[rule], rules)))
    return _phrase(REQUIRED[rule], rules)


def _broken(rule: Rule, rules: PasswordRules) -> str:
    if rule in FORBIDDEN:
        return str(gettext("The new password must not %(forbidden)s.", forbidden=_phrase(FORBIDDEN[rule], rules)))
    return str(gettext("The new password must %(rule)s.", rule=_phrase(REQUIRED[rule], rules)))


def _phrase(phrase: LazyString, rules: PasswordRules) -> str:
    return filled(
        phrase,
        min_length=rules.min_length,
        max_length=rules.max_length,
        min_strength=rules.min_strength,
        forbidden_words=", ".join(rules.forbidden_words),
    )
