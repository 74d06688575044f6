"""Program: change one password by MIT's administration protocol. `kerberos.py` starts it by its path.

It runs as a process of its own: a time limit can end it, and no library's global state meets the worker's threads.
Therefore it imports nothing of this project. It reads one JSON object on standard input (`Request`) and writes one on
standard output (`Answer`). The password is data all the way: no command line and no line of input is built from it.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Literal, TypedDict

from kadmin import KAdm5Variant, KAdmin, Params
from kadmin import sys as kadm5_constants

IN_HISTORY = kadm5_constants.mit_client.KADM5_PASS_REUSE  # type: ignore[attr-defined]


class Request(TypedDict):
    """Which password to set, where, and as whom."""

    realm: str
    admin_principal: str
    keytab: str
    principal: str
    password: str


class Answer(TypedDict, total=False):
    """How it ended."""

    step: Literal["login", "change", "changed"]
    """How far it came: before the administration server took our login, before it took the password, or both."""
    code: int
    """Of libkadm5 or libkrb5, as <kadm5/kadm_err.h> and <krb5.h> have it; 0 for failures of neither."""
    message: str
    is_in_force: bool
    """The server refused a password of its history, and this one opens the account all the same."""


def change_password(request: Request) -> Answer:
    """Log in to the administration server and set the password. Raises nothing."""
    realm = Params(realm=request["realm"])
    variant = KAdm5Variant.MitClient
    try:
        server = KAdmin.with_keytab(variant, request["admin_principal"], request["keytab"], realm)
    except Exception as error:
        return {"step": "login", **_failure(error)}
    try:
        server.principal_change_password(request["principal"], request["password"])
    except Exception as error:
        answer: Answer = {"step": "change", **_failure(error)}
        if answer["code"] == IN_HISTORY:
            answer["is_in_force"] = _bind_succeeds(request, realm)
        return answer
    return {"step": "changed"}


def _bind_succeeds(request: Request, realm: Params) -> bool:
    """Return whether one login with the password succeeds. The server counts a wrong one as any other failure."""
    try:
        KAdmin.with_password(KAdm5Variant.MitClient, request["principal"], request["password"], realm)
    except Exception:
        return False
    return True


def _failure(error: Exception) -> Answer:
    """Return the code and text of the libraries' own errors alone: another text might hold the password."""
    code = getattr(error, "code", None)
    if isinstance(code, int):
        return {"code": code, "message": str(getattr(error, "origin_message", ""))}
    return {"code": 0, "message": type(error).__name__}


def main() -> None:
    """Read a request, do it, write the answer."""
    request: Request = json.load(sys.stdin)
    # libkrb5 asks for a new password where one has expired: its question must not mix with our answer, nor find one.
    answer_stream, nothing = os.dup(sys.stdout.fileno()), os.open(os.devnull, os.O_RDWR)
    for stream in (sys.stdin, sys.stdout):
        os.dup2(nothing, stream.fileno())
    with open(answer_stream, "w", encoding="utf-8") as output:
        json.dump(change_password(request), output)


if __name__ == "__main__":
    main()
