"""Asks for the password of the account that may write entries, where root of this machine may not."""

from __future__ import annotations

from gateway.checks.finding import ok
from gateway.setup.access import Login
from gateway.setup.changes import Plan, Subject
from gateway.setup.console import Console
from gateway.setup.directory_side import DirectorySide, NoDirectory


def log_in(side: DirectorySide, base: str, console: Console) -> bool:
    """Ask until the directory accepts the password or none is typed. Returns whether entries can be written."""
    if side.may_write(base):
        return True
    dn = side.administrator(base)
    if not dn:
        return False
    console.say(f"Entries there are written by {dn}; root of this machine may not. Its password is kept nowhere.")
    while True:
        password = console.ask_secret(f"Password of {dn} (Enter: look only)")
        if not password.get_secret_value():
            return False
        try:
            side.log_in(Login(dn, password))
        except NoDirectory as error:
            console.say(str(error), indent="  ")
            continue
        console.show(ok("directory", f"{dn} may write entries"))
        return True


def needs_administrator(plan: Plan) -> bool:
    """Return whether a plan writes entries, or an overlay that is tried by a write on an entry."""
    asks = (Subject.ORACLE, Subject.CAPTURE)
    return any(not one.record.is_configuration or one.subject in asks for one in plan.changes)
