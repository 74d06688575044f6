"""Passwords that change at the directory itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from gateway.settings.types import Dn, Section, check_server


class Capture(Section):
    """Passwords changed by any LDAP client, for `mamia capture` on the machine of each slapd; see docs/capture.md."""

    socket: Path | None = None
    """Where slapd's overlay asks: olcDbSocketPath of ldif/45-password-oracle.ldif and 93-capture.ldif. None: nothing
    is captured."""
    answer_only: bool = False
    """Answer slapd and capture nothing, where 45-password-oracle.ldif is loaded and 93-capture.ldif is not. It needs
    neither account nor targets."""
    server: str = ""
    """The slapd that announces: ldapi://%2Frun%2Fslapd%2Fldapi; by default the first of `directory.servers`."""
    bind_dn: Annotated[Dn | None, Field(validate_default=True)] = None
    """The account of `mamia capture`, with the rights of ldif/93-capture.ldif."""
    bind_password_file: Annotated[Path | None, Field(validate_default=True)] = None

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
