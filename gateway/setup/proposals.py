"""What a directory suggests for the settings: where people are, and which attributes say who they are.

Numbers and birth dates are recognised by their form; their values are never shown.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ldap3 import Connection

from gateway.ldap import Entry, is_below, try_search
from gateway.settings import Lockout, Password
from gateway.setup.layout import parent_of
from gateway.setup.people_look import PERSON, PeopleLook
from gateway.setup.survey import Survey, normal_dn

SAMPLE = 200
NUMEN = re.compile(r"(?P<prefix>\{[^}]*\})?[0-9]{2}[A-Z][0-9]{7}[A-Z]{3}", re.IGNORECASE)
"""A staff number of the ministry, with the label that SupAnn puts before it."""
DATES = {
    "%Y-%m-%d": re.compile(r"[12][0-9]{3}-[0-9]{2}-[0-9]{2}"),
    "%Y%m%d000000Z": re.compile(r"[12][0-9]{3}[01][0-9][0-3][0-9]000000Z"),
    "%Y%m%d": re.compile(r"[12][0-9]{3}[01][0-9][0-3][0-9]"),
    "%d/%m/%Y": re.compile(r"[0-3][0-9]/[01][0-9]/[12][0-9]{3}"),
}
"""Format of a birth date → its form."""
BIRTH = re.compile(r"birth|naiss|dob$", re.IGNORECASE)
"""Names of attributes that may be a birth date."""
LOGINS = ("supannAliasLogin", "uid")
BIRTH_NAMES = ("supannNomDeNaissance", "patronymicName")
STAFF = ("(eduPersonAffiliation=staff)", "(eduPersonPrimaryAffiliation=staff)", "(employeeType=staff)")
OURS = "(objectClass=mamiaPerson)"
OUR_CLASS, SUPANN_CLASS = "mamiaPerson", "supannPerson"

_COPIED = ("pwdMaxFailure", "pwdLockoutDuration", "pwdInHistory", "pwdMinLength")
_DEFINED = re.compile(r"NAME (?:'([^']+)'|\(([^)]*)\))")


class Kind(StrEnum):
    """Whose attributes say who people are."""

    OURS = "our schema"
    SUPANN = "SupAnn"
    INETORGPERSON = "inetOrgPerson and attributes of your own"


@dataclass(frozen=True, slots=True)
class Proposal:
    """Attributes for `[people]`, and why."""

    kind: Kind
    reasons: tuple[str, ...]
    people: Mapping[str, Any]
    """Keys of `[people]` that differ from their defaults, and `filter`."""
    class_for: str
    """Filter of the people who need our class for this proposal."""


@dataclass(frozen=True, slots=True)
class FoundAttribute:
    """An attribute whose values have a known form."""

    name: str
    form: str
    """Format of the date, or the prefix of the number."""
    count: int


def sample_people(connection: Connection, base: str) -> list[Entry]:
    """Read some people below `base`, with all their attributes."""
    return try_search(connection, base, PERSON, ["*"], size_limit=SAMPLE).entries


def likely_base(survey: Survey) -> str:
    """Return the entry that has the most people directly below it; "" if there is nobody."""
    return next(iter(survey.people.parents), "") if survey.people else ""


def mail_domain(people: Iterable[Entry]) -> str:
    """Return the domain that most mail addresses have; "" if there is none."""
    domains = Counter(
        value.rpartition("@")[2].lower() for entry in people for value in entry.all("mail") if "@" in value
    )
    return domains.most_common(1)[0][0] if domains else ""


def find_birth_date(people: Sequence[Entry]) -> FoundAttribute | None:
    """Return the attribute that has most birth dates, with their format."""
    counts = Counter(
        (name, form)
        for entry in people
        for name in _names(entry)
        if BIRTH.search(name)
        for form in [_date_format(entry.all(name))]
        if form
    )
    return _most(counts)


def find_number(people: Sequence[Entry]) -> FoundAttribute | None:
    """Return the attribute that has most NUMENs, with the prefix before them."""
    counts: Counter[tuple[str, str]] = Counter()
    for entry in people:
        for name in _names(entry):
            match = next(filter(None, map(NUMEN.fullmatch, entry.all(name))), None)
            if match:
                counts[name, match["prefix"] or ""] += 1
    return _most(counts)


def propose(look: PeopleLook, people: Sequence[Entry], schema: Mapping[str, str]) -> tuple[Proposal, ...]:
    """Return the proposals, the best first. `schema`: see `spelled`."""
    born, number = find_birth_date(people), find_number(people)
    supann, ours = look.classes.get(SUPANN_CLASS, 0), look.classes.get(OUR_CLASS, 0)
    own = _own(look, people, born, number, schema)
    if ours and ours >= supann:
        return (_ours(look, ours), own)
    if supann:
        return (own, _ours(look, ours))
    return (own, _ours(look, ours)) if born and number else (_ours(look, ours), own)


def _ours(look: PeopleLook, ours: int) -> Proposal:
    lacking = look.count - ours
    reasons = [f"{ours} of {look.count} people have the class {OUR_CLASS}"]
    if lacking:
        reasons.append("it adds places for birth date and number; mamia people import fills them")
    general = next((text for text, _ in look.filters if text == "(objectClass=inetOrgPerson)"), "")
    return Proposal(
        Kind.OURS,
        tuple(reasons),
        {"filter": OURS},
        general or "(objectClass=person)" if lacking else "",
    )


def _own(
    look: PeopleLook,
    people: Sequence[Entry],
    born: FoundAttribute | None,
    number: FoundAttribute | None,
    schema: Mapping[str, str],
) -> Proposal:
    """Return the proposal to take the attributes that people have."""
    is_supann = look.classes.get(SUPANN_CLASS, 0) > 0
    values: dict[str, Any] = {"filter": _staff_filter(look)}
    reasons = [f"{look.classes[SUPANN_CLASS]} of {look.count} people are supannPerson"] if is_supann else []
    if login := next((name for name in LOGINS if _share(look, name) > 0.5), ""):
        values["login"] = login
        reasons.append(f"{login} is the login of {look.attributes.get(login.lower(), 0)} people")
    if birth_name := next((name for name in BIRTH_NAMES if name.lower() in look.attributes), ""):
        values["birth_name"] = birth_name
    elif is_supann and BIRTH_NAMES[0].lower() in schema:
        values["birth_name"] = BIRTH_NAMES[0]
    if born:
        values |= {"birth_date": schema.get(born.name, born.name), "birth_date_format": born.form}
        reasons.append(f"{values['birth_date']} has the birth date of {born.count} people ({born.form})")
    else:
        reasons.append("no attribute with birth dates was found")
    found = number or (FoundAttribute("supannRefId", "{NUMEN}", 0) if is_supann and "supannrefid" in schema else None)
    if found:
        name = schema.get(found.name, found.name)
        values["proofs"] = {"numen": {"attribute": name, **({"prefix": found.form} if found.form else {})}}
        seen = f"has the NUMEN of {found.count} people" if found.count else "may have it: this account cannot read it"
        reasons.append(f"{name} {seen}")
    else:
        reasons.append("no attribute with NUMENs was found")
    kind = Kind.SUPANN if is_supann else Kind.INETORGPERSON
    lacks = look.classes.get(OUR_CLASS, 0) < look.count
    return Proposal(kind, tuple(reasons), values, values["filter"] if lacks else "")


def _staff_filter(look: PeopleLook) -> str:
    """Return the filter of staff, where people say that they are; else the class that most of them have."""
    known = [text for text, _ in look.filters]
    if staff := next((text for text in STAFF if text in known), ""):
        return staff
    classes = ("inetOrgPerson", "person")
    return next((f"(objectClass={name})" for name in classes if look.classes.get(name)), "(objectClass=person)")


def _share(look: PeopleLook, attribute: str) -> float:
    return look.attributes.get(attribute.lower(), 0) / look.count if look.count else 0.0


def _names(entry: Entry) -> Iterable[str]:
    return (name for name in entry.by_type if name not in ("objectclass", "userpassword", "jpegphoto"))


def _date_format(values: Iterable[str]) -> str:
    return next((form for value in values for form, shape in DATES.items() if shape.fullmatch(value)), "")


def _most(counts: Counter[tuple[str, str]]) -> FoundAttribute | None:
    if not counts:
        return None
    (name, form), count = counts.most_common(1)[0]
    return FoundAttribute(name, form, count)


def spelled(survey: Survey) -> dict[str, str]:
    """Return the attribute types of the schema: in lower case → as the directory spells them."""
    names: list[str] = []
    for definition in (one for entry in survey.schemas for one in entry.attribute_types):
        if match := _DEFINED.search(definition):
            names += [match[1]] if match[1] else re.findall(r"'([^']+)'", match[2])
    return {name.lower(): name for name in names}


def suffix_of(survey: Survey, base: str) -> str:
    """Return the suffix of the database that holds `base`; "" if none does."""
    database = survey.database_of(base)
    return next((one for one in database.suffixes if is_below(base, one)), "") if database else ""


def groups_base(connection: Connection, suffix: str) -> str:
    """Return the entry below which most groups of the directory are, or where groups usually are."""
    found = try_search(connection, suffix, "(objectClass=groupOfNames)", ["1.1"], size_limit=SAMPLE).dns
    parents = Counter(parent_of(dn) for dn in found)
    return parents.most_common(1)[0][0] if parents else f"ou=groups,{suffix}"


def of_policy(survey: Survey, base: str) -> dict[str, Any]:
    """Return settings that repeat the default policy for people below `base`, where it differs from ours."""
    database = survey.database_of(base)
    dn = survey.default_policy(database) if database else ""
    policy = next((one for one in survey.policies if dn and normal_dn(one.dn) == normal_dn(dn)), None)
    found: dict[str, Any] = {"directory.default_policy": dn} if dn else {}
    held = {name: int(text) for name in _COPIED if policy and (text := policy.first(name)).isdecimal()}
    minutes = -(-held["pwdLockoutDuration"] // 60) if "pwdLockoutDuration" in held else Lockout().minutes
    if held.get("pwdMaxFailure", 0) not in (0, Lockout().failures):
        found["lockout.failures"] = held["pwdMaxFailure"]
    if minutes != Lockout().minutes:
        found["lockout.minutes"] = minutes
    if held.get("pwdInHistory", Password().history) != Password().history:
        found["password.history"] = held["pwdInHistory"]
    if held.get("pwdMinLength", 0) > Password().min_length:
        found["password.min_length"] = held["pwdMinLength"]
    return found
