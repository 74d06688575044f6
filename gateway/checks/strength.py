"""Check that this process can judge how strong a password is, as each change and reset does with a minimum.

The engine runs scripts, so a sandbox can stop it or the whole process: only a try in the process itself shows that.
"""

from __future__ import annotations

from collections.abc import Callable

from gateway.account.model import Secret
from gateway.checks.finding import Finding, fail, ok

SUBJECT = "password.min_strength"
TRIED = Secret("a password of nobody")
FULL = 100


def check_strength(strength: Callable[[Secret, str], int]) -> Finding:
    """Judge a password of nobody. A process that cannot stand it ends here, and its supervisor sees no answer."""
    try:
        found = strength(TRIED, "")
    except Exception as error:
        text = f"passwords cannot be judged, so every change and reset fails: {error}"
        return fail(SUBJECT, text, "password.min_strength = 0, and report it with the log")
    if not 0 <= found <= FULL:
        return fail(SUBJECT, f"a password was judged at {found} %", "password.min_strength = 0, and report it")
    return ok(SUBJECT, "passwords can be judged")
