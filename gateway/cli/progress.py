"""The progress of long work, on a terminal only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NoReturn, TypeVar

from tqdm import tqdm

T = TypeVar("T")


def counted(
    items: Iterable[T], unit: str, *, total: int | None = None, hidden: bool = False, stays: bool = True
) -> Iterator[T]:
    """Yield the items, and count them in a bar on standard error; `unit` is in the plural.

    Nothing is shown where standard error is no terminal, or if `hidden`. `stays` keeps the bar after its end.
    """
    yield from tqdm(items, total=total, unit=f" {unit}", disable=True if hidden else None, leave=stays)


def bar(total: int, unit: str, *, hidden: bool = False) -> tqdm[NoReturn]:
    """Return a bar on standard error that counts the calls of its `update`, up to `total`."""
    return tqdm(total=total, unit=f" {unit}", disable=True if hidden else None)


def stage(text: str, *, hidden: bool = False) -> tqdm[NoReturn]:
    """Return a context in which a terminal shows what is going on; the line goes with its end."""
    return tqdm(desc=text, bar_format="{desc} …", disable=True if hidden else None, leave=False)
