"""Former names of settings (before version 1.0): each is refused with a message that gives the present name."""

from __future__ import annotations

from collections.abc import Mapping

SECTIONS: Mapping[str, str] = {
    "throttle": "rate_limits",
    "notices": "notifications",
    "second_proof": "second_factor",
}
KEYS: Mapping[str, str] = {
    "audit.to": "audit.destination",
    "captcha.minutes": "captcha.lifetime_minutes",
    "captcha.ways": "captcha.methods",
    "directory.allow_passwords_in_clear_over_the_network": "directory.allow_plain_text_passwords_over_the_network",
    "metrics.allowed": "metrics.allowed_networks",
    "notifications.give_up_hours": "notifications.retry_hours",
    "password.common": "password.allow_common",
    "password.differs_from_current": "password.forbid_current",
    "password.sign": "password.special",
    "password.without_login": "password.forbid_login",
    "password.without_names": "password.forbid_names",
    "second_factor.hook_timeout_seconds": "second_factor.sms_gateway_timeout_seconds",
    "second_factor.hook_tls_strict": "second_factor.sms_gateway_tls_strict",
    "second_factor.hook_token": "second_factor.sms_gateway_token",
    "second_factor.hook_token_file": "second_factor.sms_gateway_token_file",
    "second_factor.hook_url": "second_factor.sms_gateway_url",
    "second_factor.tries": "second_factor.max_attempts",
    "second_factor.ways": "second_factor.methods",
    "second_factor.without": "second_factor.if_none_known",
    "web.host": "web.listen_address",
    "web.hosts": "web.allowed_hosts",
    "workstation.give_up_hours": "workstation.retry_hours",
}
"""From the former to the present name; sections have their present names on both sides."""


def present_name(former: str) -> str:
    """Return the present name of the setting or section `former` ("section.key" or "section"); "" if it has none.

    >>> present_name("throttle.store"), present_name("second_proof.ways"), present_name("notices")
    ('rate_limits.store', 'second_factor.methods', 'notifications')
    """
    section, _, key = former.partition(".")
    moved = ".".join(filter(None, (SECTIONS.get(section, section), key)))
    present = KEYS.get(moved, moved)
    return present if present != former else ""


def former_keys(section: str) -> dict[str, str]:
    """Return the keys that the former `section` had under other names, and their present ones."""
    present = SECTIONS[section]
    return {
        old.partition(".")[2]: new.partition(".")[2] for old, new in KEYS.items() if old.startswith(f"{present}.")
    }
