"""Give people our object class, page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ldap3 import Connection
from ldap3.core.results import RESULT_ATTRIBUTE_OR_VALUE_EXISTS, RESULT_NO_SUCH_OBJECT, RESULT_SUCCESS

from gateway.ldap import result_text, search_pages, try_search
from gateway.setup.changes import Change
from gateway.setup.journal import Journal
from gateway.setup.records import Record
from gateway.setup.writing import write

PAGE_SIZE = 500
DONE = (RESULT_SUCCESS, RESULT_ATTRIBUTE_OR_VALUE_EXISTS, RESULT_NO_SUCH_OBJECT)


def give_class(
    change: Change, connection: Connection, journal: Journal, progress: Callable[[int], None] | None = None
) -> str:
    """Do the change's Modify on everybody whom its filter selects. Return why it failed; "" if nobody is left."""
    done = 0
    for dns in _pages(connection, change.record.dn, change.page_filter):
        journal.add_people(dns)
        for dn in dns:
            result = write(connection, Record("modify", dn, modifications=change.record.modifications))
            if result["result"] not in DONE:
                return f"{dn}: {result_text(result)}"
        done += len(dns)
        if progress:
            progress(done)
    left = try_search(connection, change.record.dn, change.page_filter, ["1.1"], size_limit=1).dns
    return f"{left[0]} still lacks it" if left else ""


def _pages(connection: Connection, base: str, filter_: str) -> Iterator[list[str]]:
    """Yield the DNs of who is found, PAGE_SIZE at a time."""
    page: list[str] = []
    for answer in search_pages(connection, base, filter_, ["1.1"], PAGE_SIZE):
        page.append(str(answer["dn"]))
        if len(page) == PAGE_SIZE:
            yield page
            page = []
    if page:
        yield page
