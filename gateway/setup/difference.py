"""Show a plan: as text for people, and as one folder of LDIF made for this directory."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

from gateway.setup.changes import Change, Plan
from gateway.setup.files import SECRET_MODE, Access, FileUnwritable, PlannedFile, make_own_folder
from gateway.setup.records import Modification, Record
from gateway.setup.surveyed import in_order

OWN_FILE = re.compile(r"\d\d-[a-z-]+\.ldif")
"""Names of the files that `write_folder` writes, and removes if a later plan has none of them."""
WIDTH = 100
ORDERED = ("olcaccess", "olclimits")


def difference(plan: Plan) -> str:
    """Return what a plan would change, for a terminal: "+" adds, "-" removes, with a reason for each change."""
    parts = [
        "\n".join((f"{change.file}: {change.title}", *_reason(change), *_lines(change))) for change in plan.changes
    ]
    if plan.is_empty:
        parts.append("Nothing is missing in the directory.")
    parts += [f"Later: {later.what}\n  {later.why}: {later.how}" for later in plan.later]
    parts += [f"Note: {note}" for note in plan.notes]
    parts += [f"Problem: {problem}" for problem in plan.problems]
    return "\n\n".join(parts) + "\n"


def write_folder(plan: Plan, folder: Path) -> tuple[Path, ...]:
    """Write the plan's LDIF into `folder`, which is made (0700), and return the files in the order to load them.

    Passwords are not in them: @GATEWAY_PASSWORD@ and so on are in their places. Files of a former plan with our names
    are removed. Raises FileUnwritable.
    """
    try:
        make_own_folder(folder)
    except OSError as error:
        raise FileUnwritable(f"{folder}: {error.strerror or error}") from None
    for former in folder.iterdir():
        if OWN_FILE.fullmatch(former.name):
            former.unlink()
    files = []
    for name in dict.fromkeys(change.file for change in plan.changes):
        changes = [change for change in plan.changes if change.file == name]
        file = folder / f"{name}.ldif"
        text = _header(changes, file) + "\n".join(_ldif(change) for change in changes)
        PlannedFile(file, text.encode(), Access(SECRET_MODE), "changes of the directory").write()
        files.append(file)
    return tuple(files)


def comment(text: str) -> str:
    """Return `text` as lines of comment of an LDIF."""
    return textwrap.fill(text, WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False) + "\n"


def _header(changes: list[Change], file: Path) -> str:
    if changes[0].record.is_configuration:
        return comment(f"ldapmodify -Y EXTERNAL -H ldapi:/// -f {file.name}") + "\n"
    text = f"ldapmodify -x -D (administrator of the database) -W -f {file.name}"
    return comment(f"{text}, with passwords in the places of @…@") + "\n"


def _ldif(change: Change) -> str:
    if not change.page_filter:
        return comment(change.why) + change.record.to_ldif()
    (one,) = change.record.modifications
    search = (
        f"ldapsearch -x -D ADMINISTRATOR -W -LLL -o ldif-wrap=no -b '{change.record.dn}' '{change.page_filter}' 1.1"
    )
    value = f"{one.operation}: {one.attribute}\\n{one.attribute}: {one.values[0]}"
    edit = f"sed -n 's/^dn.*/&\\nchangetype: modify\\n{value}\\n/p'"
    return comment(change.why) + f"# {search} |\n#   {edit} |\n#   ldapmodify -x -D ADMINISTRATOR -W\n"


def _reason(change: Change) -> Iterator[str]:
    yield from textwrap.wrap(change.why, WIDTH, initial_indent="  ", subsequent_indent="  ")


def _lines(change: Change) -> Iterator[str]:
    record = change.record
    if record.kind == "delete":
        yield f"  - {record.dn}"
    for name, values in record.attributes:
        yield from (f"  + {name}: {_shown(name, value)}" for value in values)
    for one in record.modifications:
        yield from _of_modification(one, change.inverse)


def _of_modification(one: Modification, inverse: Record | None) -> Iterator[str]:
    new = _plain(one)
    if one.operation == "delete":
        yield from (f"  - {one.attribute}: {value}" for value in new or ("(all values)",))
        return
    held = _before(one, inverse) if one.operation == "replace" else ()
    yield from (f"  - {one.attribute}: {value}" for value in held if value not in new)
    yield from (f"  + {one.attribute}: {_shown(one.attribute, value)}" for value in new if value not in held)


def _before(one: Modification, inverse: Record | None) -> tuple[str, ...]:
    backs = inverse.modifications if inverse else ()
    return next(
        (_plain(back) for back in backs if back.attribute == one.attribute and back.operation != "delete"), ()
    )


def _plain(one: Modification) -> tuple[str, ...]:
    return in_order(one.values) if one.attribute.lower() in ORDERED else one.values


def _shown(name: str, value: str) -> str:
    return "(the password in its file)" if name.lower() == "userpassword" else " ".join(value.split())
