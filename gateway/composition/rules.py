"""The rules for new passwords, built from the settings."""

from __future__ import annotations

from dataclasses import fields, replace

from gateway.account.policy import PasswordRules
from gateway.protection.breached import PwnedPasswords, is_common
from gateway.protection.strength import Strength
from gateway.settings import SambaNtTarget, Settings
from gateway.tls import verifying_context


def password_rules(settings: Settings) -> PasswordRules:
    """Return the academy's rules, made as strict as the `rules` of each workstation target in the settings."""
    password = settings.password
    rules = PasswordRules(**password.model_dump(include={rule.name for rule in fields(PasswordRules)}))
    if not password.allow_common:
        rules = replace(rules, is_common=is_common)
    if password.min_strength:
        rules = replace(rules, strength=Strength())
    if password.pwned_url:
        tls = verifying_context(strict=password.pwned_tls_strict)
        pwned = PwnedPasswords(password.pwned_url, password.pwned_timeout_seconds, tls)
        rules = replace(rules, is_breached=pwned.holds)
    for target in settings.workstation.targets.values():
        if isinstance(target, SambaNtTarget):
            continue
        rules = replace(rules, min_length=max(rules.min_length, target.rules.min_length))
        if target.rules.complexity:
            rules = replace(rules, lower_case=True, upper_case=True, digit=True)
    return rules
