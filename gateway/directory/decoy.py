"""The entry at which unknown logins are tried, so that they cost the directory what known ones cost."""

from __future__ import annotations

SMOOTHING = 1 / 8
"""Weight of the newest answer in the average."""


class Decoy:
    """Its DN, and how long it takes at present to refuse a wrong password."""

    def __init__(self, dn: str) -> None:
        self.dn = dn
        self._usual_seconds: float | None = None

    def record(self, seconds: float) -> None:
        """Keep how long one wrong password took there."""
        usual = self._usual_seconds
        self._usual_seconds = seconds if usual is None else usual + SMOOTHING * (seconds - usual)

    def is_slower_than(self, seconds: float) -> bool:
        """Whether it takes more than twice as long; it counts as slower until it was tried once."""
        return self._usual_seconds is None or self._usual_seconds > 2 * seconds
