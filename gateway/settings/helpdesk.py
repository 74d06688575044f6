"""Settings of the helpdesk: its agents, their session, and the codes that they give."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, IPvAnyNetwork, SecretStr, ValidationInfo, field_validator

from gateway.settings.types import Dn, Filter, Section


class Helpdesk(Section):
    """The pages of the helpdesk, and the codes that replace a NUMEN. Without `bind_dn` there are neither.

    `mamia account LOGIN give-code` needs `bind_dn` and its password alone.
    """

    bind_dn: Dn | None = None
    """DN of the helpdesk's own account in the directory, with the rights of ldif/44-helpdesk.ldif and no others."""
    bind_password: SecretStr | None = None
    """Password of `bind_dn`. Prefer `bind_password_file`."""
    bind_password_file: Path | None = None
    """File that contains the password of `bind_dn` and nothing else."""
    agents_group: Dn | None = None
    """DN of the group (groupOfNames, groupOfUniqueNames, posixGroup) whose members are agents of the helpdesk."""
    agents_filter: Filter | Literal[""] = ""
    """LDAP filter that selects the agents, instead of a group or in addition to it."""
    networks: list[IPvAnyNetwork] = []
    """Networks from which agents may sign in; from any other address the pages do not exist. Empty: from nowhere."""
    second_factor: Annotated[list[Literal["passkey", "code"]], Field(min_length=1)] = ["passkey", "code"]
    """What agents show after their password: a "passkey" that they added themselves (`recovery.methods`), or a "code"
    by mail, text message or app. With both, agents who have a passkey are asked for it first. With "passkey" alone,
    agents without one cannot sign in."""
    idle_minutes: Annotated[int, Field(ge=1, le=60)] = 15
    """Minutes without a request after which an agent must sign in again."""
    max_hours: Annotated[int, Field(ge=1, le=12)] = 8
    """Hours after which an agent must sign in again in any case."""
    code_minutes: Annotated[int, Field(ge=20, le=1440)] = 60
    """Minutes for which a code is valid that an agent gives: 20 if it is told by phone, up to 1440 (a day) if it is
    printed for a school's secretariat."""
    four_eyes_filter: Filter | Literal[""] = ""
    """LDAP filter of people for whom a second agent must approve a code. Empty: for nobody."""

    @field_validator("bind_password_file")
    @classmethod
    def _one_password(cls, file: Path | None, info: ValidationInfo) -> Path | None:
        if file is not None and not info.data.get("bind_dn"):
            raise ValueError("needs helpdesk.bind_dn, the account that it is for")
        return file

    @property
    def is_on(self) -> bool:
        """Return whether the settings name the helpdesk's account."""
        return self.bind_dn is not None

    @property
    def has_pages(self) -> bool:
        """Return whether the settings name agents, so that they have pages."""
        return self.is_on and bool(self.agents_group or self.agents_filter)

    @property
    def password(self) -> str:
        """Return the password of `bind_dn` in plain text; "" if none is set."""
        return self.bind_password.get_secret_value() if self.bind_password else ""
