"""Settings of the recovery methods that people add to their accounts."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from gateway.settings.types import Section, can_be_split, shaped

Kind = Literal["mail", "mobile", "passkey", "totp"]


class Recovery(Section):
    """The page on which people add what lets them reset their password later. Without `methods` there is none.

    The methods are sealed in the directory with `web.secret_keys`: a key that is removed there makes the methods
    useless which it sealed. They are sealed anew with the newest key when their owner opens the page or uses them.
    """

    methods: list[Kind] = []
    """What can be added: a private mail address ("mail"), a phone number for text messages ("mobile"), a "passkey",
    an authenticator app ("totp"). "mobile" needs `second_factor.sms_gateway_url`."""
    rest_hours: Annotated[int, Field(ge=0, le=720)] = 48
    """Hours after which a new method can serve a reset. Every address of the person is told at once, and with
    `second_factor.sms_gateway_url` every phone, so they have this time to remove what somebody else added. 0 only for
    a demo."""
    rp_id: Annotated[str, Field(pattern=r"^[a-z0-9.-]*$")] = ""
    """Host name of the site, or a domain above it, for which browsers make passkeys. When it changes, all passkeys
    are lost."""
    origin: Annotated[
        str,
        shaped(
            r"(|https://[^/\s]+|http://localhost(:[0-9]+)?)",
            "https:// and a host, without a path, such as https://moncompte.ac-example.fr",
        ),
        AfterValidator(can_be_split),
    ] = ""
    """Address of the site as browsers see it, without a path: https://moncompte.ac-example.fr."""

    @property
    def is_on(self) -> bool:
        """Return whether people can add methods."""
        return bool(self.methods)

    @property
    def rest(self) -> timedelta:
        """Return how long a new method rests."""
        return timedelta(hours=self.rest_hours)
