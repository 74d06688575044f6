"""Faults of pages against a criterion, each as one line with the page's name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tests.support.rgaa_walk import Visit


def faults(visits: Sequence[Visit], of_page: Callable[[dict[str, Any]], Iterable[object]]) -> list[str]:
    """What `of_page` finds in the facts of each page."""
    return [f"{visit}: {fault}" for visit in visits for fault in of_page(visit.facts)]


def faults_of(visits: Sequence[Visit], of_visit: Callable[[Visit], Iterable[object]]) -> list[str]:
    """What `of_visit` finds on each page."""
    return [f"{visit}: {fault}" for visit in visits for fault in of_visit(visit)]
