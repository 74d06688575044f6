"""Program: change one password by MIT's administration protocol. `kerberos.py` starts it by its path.

It is a separate process, so that a time limit can end it, and so that the worker's threads never share a library's
global state. Therefore it imports nothing of this project. It reads one JSON object from standard input (`Request`)
and writes one to standard output (`Answer`). The password is only data: neither a command line nor a kadmin command
contains it.
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
    """The password to set, the principal, and the administrator's principal with its keytab (a path)."""

    realm: str
    admin_principal: str
    keytab: str
    principal: str
    password: str


class Answer(TypedDict, total=False):
    """The result of the change."""

    step: Literal["login", "change", "changed"]
    """The step that failed: our login to the administration server, or the change; "changed" if both succeeded."""
    code: int
    """The error code of libkadm5 or libkrb5 (<kadm5/kadm_err.h>, <krb5.h>); 0 for other errors."""
    message: str
    is_in_force: bool
    """Whether a password that the server refused because of its history is the present one."""


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
    """Return whether one login with the password succeeds. The server counts a failure like any wrong password."""
    try:
        KAdmin.with_password(KAdm5Variant.MitClient, request["principal"], request["password"], realm)
    except Exception:
        return False
    return True


def _failure(error: Exception) -> Answer:
    """Return code and text of an error of the libraries, and only the type of any other error.

    The text of another error might hold the password.
    """
    code = getattr(error, "code", None)
    if isinstance(code, int):
        return {"code": code, "message": str(getattr(error, "origin_message", ""))}
    return {"code": 0, "message": type(error).__name__}


def main() -> None:
    """Read a request from standard input, change the password, and write the answer to standard output."""
    request: Request = json.load(sys.stdin)
    # libkrb5 asks for a new password if one has expired: the question must not mix with our answer, nor get one.
    answer_stream, nothing = os.dup(sys.stdout.fileno()), os.open(os.devnull, os.O_RDWR)
    for stream in (sys.stdin, sys.stdout):
        os.dup2(nothing, stream.fileno())
    with open(answer_stream, "w", encoding="utf-8") as output:
        json.dump(change_password(request), output)


if __name__ == "__main__":
    main()
