"""Settings of the capture: passwords that another LDAP client changes in the directory."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from gateway.settings.types import Dn, Section, check_server


class Capture(Section):
    """Capture of passwords that any LDAP client changes.

    `mamia capture` runs on the machine of each slapd; see docs/capture.md.
    """

    socket: Path | None = None
    """Path of the Unix socket at which slapd's overlay connects: olcDbSocketPath of ldif/45-password-oracle.ldif and
    93-capture.ldif. Without it nothing is captured."""
    answer_only: bool = False
    """Answer slapd and capture nothing. Set it where 45-password-oracle.ldif is loaded and 93-capture.ldif is not;
    the listener then needs neither an account nor targets."""
    server: str = ""
    """URL of the slapd that reports changes, such as ldapi://%2Frun%2Fslapd%2Fldapi. The default is the first of
    `directory.servers`."""
    bind_dn: Annotated[Dn | None, Field(validate_default=True)] = None
    """DN of the account of `mamia capture`, with the rights of ldif/93-capture.ldif. Required with `socket`, unless
    `answer_only` is true."""
    bind_password_file: Annotated[Path | None, Field(validate_default=True)] = None
    """File with the password of `bind_dn`; its first line is read. Only the user of `mamia capture` should be able to
    read it."""

    @field_validator("server")
    @classmethod
    def _is_reachable(cls, server: str) -> str:
        if server:
            check_server(server, may_be_clear=False)
        return server

    @field_validator("bind_dn", "bind_password_file")
    @classmethod
    def _needed_with_socket(cls, value: object, info: ValidationInfo) -> object:
        if value is None and info.data.get("socket") and not info.data.get("answer_only"):
            raise ValueError("is missing, and capture.socket needs it: the account that writes what was captured")
        return value
