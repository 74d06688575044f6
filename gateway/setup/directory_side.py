"""The directory's server as setup sees it: connections of the administrator, its configuration, and some people."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from ldap3.core.exceptions import LDAPException

from gateway.account.errors import DirectoryMisconfigured, DirectoryUnavailable
from gateway.ldap import Entry, ServerUnavailable, error_text, read_entry
from gateway.setup.access import Access, Login, open_access
from gateway.setup.attempts import count_entries
from gateway.setup.people_look import PeopleLook, look_at_people
from gateway.setup.proposals import sample_people, suffix_of
from gateway.setup.survey import Survey, survey

UNREACHABLE = (LDAPException, OSError, DirectoryUnavailable, DirectoryMisconfigured, ServerUnavailable)


class NoDirectory(Exception):
    """The server's configuration cannot be read. The text says why."""


@dataclass(slots=True)
class DirectorySide:
    """Open connections to the server `url`, closed by `close`. Without logins: the local root user over ldapi."""

    url: str
    config_login: Login | None = None
    data_login: Login | None = None
    tls: ssl.SSLContext | None = None
    _stack: ExitStack = field(default_factory=ExitStack)
    _access: Access | None = None
    _survey: Survey | None = None

    def open(self) -> DirectorySide:
        """Connect and read the configuration. Raises NoDirectory."""
        try:
            opened = open_access(self.url, config_login=self.config_login, data_login=self.data_login, tls=self.tls)
            self._access = self._stack.enter_context(opened)
            self._survey = survey(self._access)
        except UNREACHABLE as error:
            self.close()
            is_ours = isinstance(error, DirectoryMisconfigured | DirectoryUnavailable)
            raise NoDirectory(str(error) if is_ours else error_text(error)) from None
        return self

    def log_in(self, login: Login) -> None:
        """Use an account of the data from now on, which may write entries. Raises NoDirectory if it is refused."""
        former = self.data_login
        self.close()
        self.data_login = login
        try:
            self.open()
        except NoDirectory:
            self.data_login = former
            self.open()
            raise

    def close(self) -> None:
        """Close the connections."""
        self._stack.close()
        self._access = self._survey = None

    @property
    def access(self) -> Access:
        """Return the open connections."""
        assert self._access is not None
        return self._access

    @property
    def survey(self) -> Survey:
        """Return what was read when the connections were opened."""
        assert self._survey is not None
        return self._survey

    def may_write(self, base: str) -> bool:
        """Return whether the account may write entries in the database that holds `base`."""
        return suffix_of(self.survey, base) in self.survey.writable

    def administrator(self, base: str) -> str:
        """Return the DN that may write everything in that database; "" if there is none."""
        database = self.survey.database_of(base)
        return database.root_dn if database else ""

    def people(self, base: str) -> Sequence[Entry]:
        """Return some people below `base`, with all their attributes."""
        return sample_people(self.access.data, base)

    def look(self, base: str) -> PeopleLook:
        """Return how people below `base` look."""
        return look_at_people(self.access.data, [base])

    def find(self, dn: str) -> Entry | None:
        """Return the entry `dn`; None if there is none, or if it is no DN."""
        try:
            return read_entry(self.access.data, dn, ["*"])
        except UNREACHABLE:
            return None

    def count(self, base: str, wanted: str) -> int | None:
        """Return how many entries fit; None if that may not be searched."""
        return count_entries(self.access.data, base, wanted)
