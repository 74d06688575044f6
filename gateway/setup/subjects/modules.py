"""Modules of slapd, and in which form it stores new passwords."""

from __future__ import annotations

from gateway.setup.changes import Change, PlanParts, Subject
from gateway.setup.places import Places
from gateway.setup.records import Modification, add_entry, modify_entry
from gateway.setup.surveyed import Survey

FILE, HASH_FILE = "10-modules", "40-password-policy"
ARGON2_SCHEME = "{ARGON2}"
STRONG = (ARGON2_SCHEME, "{PBKDF2-SHA256}", "{PBKDF2-SHA512}")
"""Schemes that are slow on purpose; {CRYPT} is one with a salt format of SHA-512 or yescrypt."""
STRONG_CRYPT = ("$6$", "$y$", "$2b$", "$2y$")
USES = {
    "ppolicy": "ppolicy judges passwords and locks after too many failures",
    "argon2": "argon2 hashes passwords in a form that is slow on purpose",
    "back_sock": "back_sock asks mamia capture",
}
MODULE_PATH = "/usr/lib/ldap"
"""Where Debian has slapd's modules."""


def plan_modules(survey: Survey, places: Places, parts: PlanParts, *, argon2: str, sock: bool) -> None:
    """Load the modules that are missing, in the list of modules that is there."""
    missing = []
    if "ppolicy" not in survey.module_names and not places.database.overlays_of("ppolicy"):
        missing.append("ppolicy")
    if "argon2" not in survey.module_names and not has_strong_hash(survey):
        missing.append(f"argon2 {argon2}")
    if sock and "back_sock" not in survey.module_names:
        missing.append("back_sock")
    if not missing:
        return
    why = f"{'; '.join(USES[one.split()[0]] for one in missing)}."
    values = tuple(missing)
    if survey.modules:
        # slapd accepts a module for any list, and puts it into the last one.
        record = modify_entry(survey.modules[-1].dn, Modification("add", "olcModuleLoad", values))
    else:
        record = add_entry(
            "cn=module,cn=config",
            objectClass="olcModuleList",
            cn="module",
            olcModulePath=MODULE_PATH,
            olcModuleLoad=values,
        )
    parts.add([Change(Subject.MODULES, FILE, why, record)])


def plan_hash(survey: Survey, places: Places, parts: PlanParts) -> None:
    """Let slapd store new passwords as Argon2, unless it does so in another form that is slow on purpose."""
    if has_strong_hash(survey):
        return
    dn, present = survey.frontend.dn, survey.password_hashes
    why = "New passwords are stored as Argon2; the hashes that are there stay valid until each person's next change."
    before = Modification("replace" if present else "delete", "olcPasswordHash", present)
    record = modify_entry(dn, Modification("replace", "olcPasswordHash", (ARGON2_SCHEME,)))
    parts.add([Change(Subject.HASH, HASH_FILE, why, record, modify_entry(dn, before))])
    if others := [suffix for suffix in survey.suffixes if suffix not in places.database.suffixes]:
        parts.notes.append(
            f"slapd has one form of new hashes for all its databases: Argon2 is for {', '.join(others)} too, of "
            "which setup changes nothing else"
        )


def has_strong_hash(survey: Survey) -> bool:
    """Return whether slapd stores new passwords in a form that is slow on purpose."""
    schemes = survey.password_hashes[:1]
    if any(scheme.upper() in STRONG for scheme in schemes):
        return True
    salt = next((one.entry.first("olcPasswordCryptSaltFormat") for one in survey.databases), "")
    return bool(schemes) and schemes[0].upper() == "{CRYPT}" and salt.startswith(STRONG_CRYPT)
