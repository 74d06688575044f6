"""Settings of the challenge that keeps scripts away from the forms."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from gateway.settings.types import Section


class Captcha(Section):
    """The challenge that a form asks for, so that scripts cannot use it."""

    required: list[Literal["find", "reset", "change"]] = ["reset", "change"]
    """Forms that ask for the challenge. "find" asks for it anyway after several accounts were not found."""
    lifetime_minutes: Annotated[int, Field(ge=1, le=60)] = 10
    """Minutes in which a challenge can be answered."""
    methods: Annotated[list[Literal["picture", "sound", "automatic"]], Field(min_length=1)] = [
        "picture",
        "sound",
        "automatic",
    ]
    """Kinds of challenge that a person may choose from. Without "automatic" (proof of work) the pages fail WCAG 2.2,
    3.3.8."""
