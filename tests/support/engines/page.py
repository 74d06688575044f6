"""A page in some browser engine: it is used by keys and clicks, and asked about its document."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any, ClassVar

from tests.support.polling import wait_until

ENTER, SPACE = "\ue007", " "
"""Keys, in WebDriver."""
SUBMIT = "main form button:not([name]):not([type=button]):not(.first)"
"""What sends a form, whatever it is called."""
_IS_ANOTHER = "mark => document.readyState === 'complete' && document.documentElement.dataset.mark !== mark"
_BRING_INTO_VIEW = """selector => {
  document.querySelector(selector).scrollIntoView({ block: "center", behavior: "instant" });
}"""
_MARK = "mark => { document.documentElement.dataset.mark = mark }"


class EnginePage(ABC):
    """One tab with cookies of its own. A document can be asked also where its own scripts do not run."""

    passing: ClassVar[tuple[type[Exception], ...]] = ()
    """What the engine's library raises while one document replaces the other."""
    _marks = count()

    @abstractmethod
    def open(self, address: str) -> None:
        """As typed into the address bar."""

    @abstractmethod
    def ask(self, question: str, *facts: str) -> Any:
        """What the JavaScript function `question` returns for the facts."""

    @abstractmethod
    def type_into(self, selector: str, text: str) -> None:
        """In place of what the field has."""

    @abstractmethod
    def press_key(self, selector: str, key: str) -> None:
        """ENTER or SPACE, without waiting for what follows."""

    @abstractmethod
    def travel(self, steps: int) -> None:
        """In the history: -1 is the button Back."""

    @abstractmethod
    def load_again(self) -> None:
        """The button Reload."""

    @abstractmethod
    def faults(self) -> list[str]:
        """Errors of scripts, and what the engine refused, since the page was opened."""

    @abstractmethod
    def close(self) -> None:
        """The tab, with its cookies."""

    def press_enter(self, selector: str) -> None:
        """At a button or a link, without waiting for what follows."""
        self.press_key(selector, ENTER)

    def tick(self, selector: str) -> None:
        """A box, or one of several choices, by the keyboard."""
        self.press_key(selector, SPACE)
        wait_until(lambda: self.ask("selector => document.querySelector(selector).checked", selector))

    def unfold(self, selector: str) -> None:
        """What a summary hides, if it is not shown already."""
        if not self.has(f"{selector}[open]"):
            self.press_enter(f"{selector} > summary")
            wait_until(lambda: self.has(f"{selector}[open]"))

    def fill(self, **typed: str) -> None:
        """By the names of the fields."""
        for name, text in typed.items():
            self.type_into(f"[name={name}]", text)

    def send(self) -> None:
        """Press the form's button by the keyboard, as no layout moves it away, and wait for the page that follows."""
        self.press(SUBMIT)

    def press(self, selector: str) -> None:
        """Press a button that leads to another page, by the keyboard, and wait for that page."""
        with self._leaving():
            self.press_enter(selector)

    def go_back(self) -> None:
        with self._leaving():
            self.travel(-1)

    def go_forward(self) -> None:
        with self._leaving():
            self.travel(1)

    def reload(self) -> None:
        with self._leaving():
            self.load_again()

    def value(self, name: str) -> str:
        """What the field holds."""
        return str(self.ask("name => document.querySelector(`[name=${name}]`).value", name))

    def is_shown(self, selector: str) -> bool:
        """Whether there is one, and people see it."""
        return bool(self.ask("selector => !!document.querySelector(selector)?.getClientRects().length", selector))

    def has(self, selector: str) -> bool:
        return bool(self.ask("selector => document.querySelector(selector) !== null", selector))

    @property
    def text(self) -> str:
        """What is seen of the page's main part, blanks folded (also those that do not break)."""
        return " ".join(str(self.ask("() => document.querySelector('main').innerText")).split())

    @property
    def path(self) -> str:
        return str(self.ask("() => location.pathname"))

    def bring_into_view(self, selector: str) -> None:
        """At once: the pages scroll smoothly, and some drivers do not wait for that."""
        self.ask(_BRING_INTO_VIEW, selector)

    @contextmanager
    def _leaving(self) -> Iterator[None]:
        """Wait until another document is there. A page of the history may come back with an older mark."""
        mark = str(next(self._marks))
        self.ask(_MARK, mark)
        yield
        wait_until(lambda: self._is_another(mark))

    def _is_another(self, mark: str) -> bool:
        try:
            return bool(self.ask(_IS_ANOTHER, mark))
        except self.passing:
            return False
