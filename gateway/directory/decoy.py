"""The decoy: the entry used for unknown logins, so that they cost the directory as much as known ones."""

from __future__ import annotations

SMOOTHING = 1 / 8
"""Weight of the newest answer in the moving average."""


class Decoy:
    """The decoy's DN, and how long it takes at present to refuse a wrong password."""

    def __init__(self, dn: str) -> None:
        self.dn = dn
        self._usual_seconds: float | None = None

    def record(self, seconds: float) -> None:
        """Record how long one wrong password took at the decoy."""
        usual = self._usual_seconds
        self._usual_seconds = seconds if usual is None else usual + SMOOTHING * (seconds - usual)

    def is_slower_than(self, seconds: float) -> bool:
        """Return whether the decoy takes more than twice as long as `seconds`; True until it was tried once."""
        return self._usual_seconds is None or self._usual_seconds > 2 * seconds
