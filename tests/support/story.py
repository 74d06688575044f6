"""What a person meets on the way through a service, as a screen reader says it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from playwright.sync_api import Page

from tests.support.accessibility_tree import Node, accessibility_tree
from tests.support.read_aloud import Voice

_END_OF_CHOICE = re.compile(r"(?<=vous avez jusqu’à )\d+\sh\s\d+|(?<=you have until )\d+:\d+")
"""It is counted from the proofs, which a real clock dates."""
_KEY_OF_APP = re.compile(r"\b(?:[A-Z2-7]{4} ){7}[A-Z2-7]{4}\b")
"""Another one for each person."""


@dataclass
class Story:
    """In the order in which it is told."""

    language: str
    headings: Mapping[str, str]
    """Scenes in that language, where it is not English."""
    _scenes: list[str] = field(default_factory=list)
    _former: Node | None = None

    def tell(self, scene: str, page: Page) -> None:
        """Add the page as it is now."""
        tree = accessibility_tree(page)
        heading = f"{len(self._scenes) + 1}. {self.headings.get(scene, scene)}"
        lines = Voice(self.language).page(tree, self._former)
        self._scenes.append("\n".join([heading, "=" * len(heading), *lines, ""]))
        self._former = tree

    @property
    def text(self) -> str:
        return _KEY_OF_APP.sub("(key)", _END_OF_CHOICE.sub("(time)", "\n".join(self._scenes)))
