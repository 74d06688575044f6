"""A search that finds nobody, on a day on which a thousand people were born: all who may be read are compared.

    python -m tests.bench.miss
Processor time of the web process alone, without HTTP.
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import date
from functools import partial
from pathlib import Path

from gateway.account.admission import Admission
from gateway.account.birth_date import BirthDate, read_birth_date
from gateway.account.find import find_account
from gateway.account.model import FindRequest
from gateway.account.uniform_time import UniformTime
from gateway.composition.people import people_mapping
from gateway.demo.sample_names import Names
from gateway.directory.failover import LdapServers
from gateway.directory.people import LdapPeople
from gateway.directory.pool import ConnectionPool
from tests.bench.figures import record
from tests.support.gateway_settings import settings_for
from tests.support.slapd_server import PEOPLE, SlapdServer

BORN_THAT_DAY = 1000
SEARCHES, ROUNDS = 20, 5
BORN = "27/03/1985"


class NoWait:
    """A clock on which every refusal is due: the wait of a refusal costs no processor time."""

    def monotonic(self) -> float:
        return 0.0

    def sleep_until(self, moment: float) -> None:
        pass


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="b-") as name:
        directory = SlapdServer(Path(name) / "slapd")
        try:
            directory.load(people_born_that_day())
            settings = settings_for(directory)
            servers = LdapServers(settings.directory)
            with closing(ConnectionPool(settings.directory, servers, as_service=True)) as pool:
                people = LdapPeople(pool, None, people_mapping(settings))
                uniform = UniformTime(
                    clock=NoWait(),
                    min_seconds=1,
                    admission=Admission(clock=NoWait(), max_at_once=1, max_wait_seconds=1),
                )
                search = partial(find_account, people=people, uniform=uniform)
                times = [median_milliseconds(search) for _ in range(ROUNDS)]
            record(f"lookup of nobody, {BORN_THAT_DAY} people born that day: processor time", times, "ms", at_most=15)
        finally:
            directory.slapd.stop()


def people_born_that_day() -> str:
    names = Names(random.Random(1))
    return "\n".join(
        f"dn: uid=p{number:06},{PEOPLE}\nobjectClass: inetOrgPerson\nobjectClass: mamiaPerson\nuid: p{number:06}\n"
        f"cn: P {number}\nsn: {names.surname()}\npatronymicName: {names.surname()}\n"
        f"givenName: {names.given_name(woman=number % 2 == 0)}\nmail: p{number:06}@ac-example.fr\n"
        f"birthDate: 19850327\nnumen: 12E{number:07}ABC\n"
        for number in range(BORN_THAT_DAY)
    )


def median_milliseconds(search: Callable[[FindRequest], object]) -> float:
    born = read_birth_date(BORN, date(2026, 11, 28))
    assert isinstance(born, BirthDate)
    times = []
    for number in range(SEARCHES):
        request = FindRequest(f"Inconnu{number}", "Sébastien", born)
        started = time.process_time()
        search(request)
        times.append(1000 * (time.process_time() - started))
    return statistics.median(times)


if __name__ == "__main__":
    main()
