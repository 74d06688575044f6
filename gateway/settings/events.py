"""Settings of the event store: what people tried at this service, for the helpdesk and for the figures by day."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from gateway.settings.types import Section

OFF = 0


class Events(Section):
    """The event store: the last tries of each person, for the helpdesk's pages, and counts by day, for `mamia stats`.

    Without this section nothing is stored. The events are in `rate_limits.store`; for memory:// they are in one
    process, and a restart loses them.
    """

    keep_days: Annotated[int, Field(ge=OFF, le=365)] = 30
    """Days for which events and counts are kept; 0: nothing is stored. The page about personal data tells people."""

    @property
    def is_on(self) -> bool:
        """Return whether anything is stored."""
        return self.keep_days > OFF
