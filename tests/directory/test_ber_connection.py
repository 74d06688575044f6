"""Connections with the directory's own codec return what ldap3's do, and end clearly whatever a server answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ldap3 import SAFE_SYNC, Connection
from ldap3.core.exceptions import (
    LDAPException,
    LDAPInvalidFilterError,
    LDAPPasswordIsMandatoryError,
    LDAPSessionTerminatedByServerError,
    LDAPSocketOpenError,
    LDAPSocketReceiveError,
)
from ldap3.strategy.base import BaseStrategy

from gateway.account.errors import WriteUnconfirmed
from gateway.demo.private_slapd import ADMIN
from gateway.directory import ber, ppolicy
from gateway.directory.assertion import assertion
from gateway.directory.ber import element, integer, octets
from gateway.directory.ber_connection import BerConnection
from gateway.directory.connection import connect
from gateway.directory.failover import LdapServers
from gateway.directory.ldap_messages import BOUND, COMPARED, ENTRY, MODIFIED, SEARCHED
from gateway.directory.pool import ConnectionPool
from gateway.directory.server_time import post_read
from gateway.ldap import ANYTHING, close, compare, modify, new_connection, open_connection, search_pages, try_search
from tests.support import ldap3_codec
from tests.support.gateway_settings import settings_for
from tests.support.scripted_ldap_server import ScriptedLdapServer
from tests.support.slapd_server import PASSWORD, PEOPLE, SUFFIX, SlapdServer

GATEWAY = f"cn=gateway,ou=services,{SUFFIX}"
POLICY = [ppolicy.REQUEST_CONTROL]


def opened(server: SlapdServer, kind: type[Connection], user: str = GATEWAY, password: str = "") -> Connection:
    connection = new_connection(
        server.url, user=user, password=password or server.slapd.password("gateway"), kind=kind
    )
    open_connection(connection)
    return connection


@pytest.fixture
def connections(directory: SlapdServer, by_ldap3: list[str]) -> Iterator[tuple[Connection, Connection]]:
    """Two connections of the service account: with ldap3's codec, and with the directory's own."""
    directory.add_person("fdurand4", sn=["Durand", "Dupont"], jpegPhoto="\x7f" * 3000)
    directory.add_person("eleonore", surname="Noël*(\\)", given_name="Éléonore")
    pair = opened(directory, Connection), opened(directory, BerConnection)
    for connection in pair:
        assert connection.bind(read_server_info=False)[0]
    by_ldap3.clear()
    yield pair
    for connection in pair:
        close(connection)


@pytest.fixture
def by_ldap3(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the requests that ldap3 writes; they are sent all the same."""
    seen: list[str] = []
    send = BaseStrategy.send

    def sent(strategy: BaseStrategy, name: str, *values: Any) -> Any:
        seen.append(name)
        return send(strategy, name, *values)

    monkeypatch.setattr(BaseStrategy, "send", sent)
    return seen


def searched(*arguments: Any, **options: Any) -> Callable[[Connection], Any]:
    def run(connection: Connection) -> Any:
        status, result, answers, _ = connection.search(*arguments, **options)
        entries = [
            {
                "dn": one["dn"],
                "raw_dn": one["raw_dn"],
                "raw_attributes": {name: values for name, values in one["raw_attributes"].items() if values},
            }
            for one in answers
            if one["type"] == "searchResEntry"
        ]
        return status, result, entries

    return run


DURAND, NOBODY = f"uid=fdurand4,{PEOPLE}", f"uid=nobody,{PEOPLE}"
SAME = {
    "search: everybody": searched(PEOPLE, "(objectClass=mamiaPerson)", attributes=["uid", "sn", "jpegPhoto"]),
    "search: all attributes": searched(PEOPLE, "(uid=fdurand4)", attributes=["*", "+"]),
    "search: by case": searched(PEOPLE, "(UID=fdurand4)", attributes=["GIVENNAME", "sN"]),
    "search: without attributes": searched(PEOPLE, "(uid=*)", "LEVEL"),
    "search: escaped": searched(PEOPLE, "(sn=No\\c3\\abl\\2a\\28\\5c\\29)", attributes=["sn", "givenName"]),
    "search: combined": searched(
        PEOPLE, "(&(objectClass=mamiaPerson)(|(uid=fdurand4)(!(mail=*)))(sn>=D))", attributes=["uid"]
    ),
    "search: substrings": searched(PEOPLE, "(sn=Du*d)", attributes=["uid"]),
    "search: rule": searched(PEOPLE, "(sn:caseIgnoreMatch:=durand)", attributes=["uid"]),
    "search: nobody": searched(PEOPLE, "(uid=nobody)", attributes=["uid"]),
    "search: no base": searched(NOBODY, "(uid=*)", "BASE", attributes=["uid"]),
    "search: no DN": searched("no DN", "(uid=*)", attributes=["uid"]),
    "search: size": searched(PEOPLE, "(uid=*)", attributes=["uid"], size_limit=1),
    "search: time": searched(PEOPLE, "(uid=fdurand4)", attributes=["uid"], time_limit=5),
    "search: page": searched(PEOPLE, "(uid=*)", attributes=["uid"], paged_size=100),
    "search: root DSE": searched("", "(objectClass=*)", "BASE", attributes=["supportedControl", "namingContexts"]),
    "search: types only": searched(PEOPLE, "(uid=fdurand4)", attributes=["uid"], types_only=True),
    "search: aliases": searched(PEOPLE, "(uid=fdurand4)", dereference_aliases="NEVER", attributes=["uid"]),
    "search: assertion": searched(PEOPLE, "(uid=*)", controls=[assertion("(uid=nobody)")]),
    "search: one attribute": searched(PEOPLE, "(uid=fdurand4)", attributes="uid"),
    "compare: true": lambda connection: connection.compare(DURAND, "numen", "12E8534567ABC")[:2],
    "compare: false": lambda connection: connection.compare(DURAND, "numen", b"12E0000000ABC")[:2],
    "compare: nobody": lambda connection: connection.compare(NOBODY, "numen", "12E8534567ABC")[:2],
    "compare: no attribute": lambda connection: connection.compare(DURAND, "numenn", "x")[:2],
    "modify: no right": lambda connection: connection.modify(DURAND, {"sn": [("MODIFY_REPLACE", ["x"])]})[:2],
    "modify: nobody": lambda connection: connection.modify(NOBODY, {"sn": ("MODIFY_ADD", ["x"])})[:2],
    "modify: number": lambda connection: connection.modify(DURAND, {"sn": [(2, ["x"])]})[:2],
    "modify: assertion": lambda connection: connection.modify(
        DURAND, {"userPassword": [("MODIFY_REPLACE", [b"Nouveau-2025"])]}, [assertion("(uid=nobody)")]
    )[:2],
    "modify: too short": lambda connection: connection.modify(
        DURAND, {"userPassword": [("MODIFY_REPLACE", ["x"])]}, POLICY
    )[:2],
    "modify: unknown critical control": lambda connection: connection.modify(
        DURAND, {"userPassword": [("MODIFY_REPLACE", ["x"])]}, [("1.2.3.4", True, b"x")]
    )[:2],
    "modify: shown": lambda connection: ldap3_codec.plain(
        connection.modify(
            DURAND, {"pwdReset": [("MODIFY_REPLACE", [b"TRUE"])]}, [post_read(["uid", "pwdReset", "sn"])]
        )[1]
    ),
}  # fmt: skip


class TestOperation:
    @pytest.mark.parametrize("name", SAME)
    def test_when_slapd_answers_then_it_returns_what_ldap3_does(self, connections, name):
        with_ldap3, with_own = connections

        assert SAME[name](with_own) == SAME[name](with_ldap3)

    @pytest.mark.parametrize("name", [name for name in SAME if name.startswith("compare")] + [
        "search: everybody", "search: escaped", "search: combined", "search: size", "search: page", "modify: shown",
        "search: assertion", "modify: assertion", "modify: too short",
    ])  # fmt: skip
    def test_when_it_is_usual_then_ldap3_writes_nothing(self, connections, by_ldap3, name):
        SAME[name](connections[1])

        assert by_ldap3 == []

    @pytest.mark.parametrize(
        "name", ["search: types only", "search: aliases", "search: one attribute", "modify: number"]
    )
    def test_when_it_is_rare_then_ldap3_writes_it(self, connections, by_ldap3, name):
        SAME[name](connections[1])

        assert len(by_ldap3) == 1

    def test_when_people_fill_several_pages_then_everybody_is_read_once(self, directory, by_ldap3):
        for number in range(7):
            directory.add_person(f"person{number}")
        connection = opened(directory, BerConnection, ADMIN, directory.slapd.password("admin"))

        connection.bind(read_server_info=False)
        read = [one["raw_attributes"]["uid"] for one in search_pages(connection, PEOPLE, "(uid=*)", ["uid"], 2)]

        assert read == [[f"person{number}".encode()] for number in range(7)]
        assert by_ldap3 == []
        close(connection)

    @pytest.mark.parametrize("filter_", ["", "(", "(sn)", "(&)", "(sn=x", "(!(a=b)(c=d))", "(sn=x)(uid=y)"])
    def test_when_a_filter_is_none_then_it_raises_what_ldap3_does(self, connections, filter_):
        for connection in connections:
            with pytest.raises(LDAPInvalidFilterError):
                try_search(connection, PEOPLE, filter_, ["uid"])

    @pytest.mark.parametrize("value", ["\ud800", None, ["a", "b"]])
    def test_when_a_value_cannot_be_written_then_it_raises_what_ldap3_does(self, connections, value):
        raised = []
        for connection in connections:
            with pytest.raises(Exception) as caught:  # noqa: PT011
                compare(connection, DURAND, "numen", value)
            raised.append(caught.type)

        assert raised[0] is raised[1]

    def test_when_it_is_closed_then_it_raises_what_ldap3_does(self, connections):
        for connection in connections:
            close(connection)
            with pytest.raises(LDAPSocketOpenError):
                compare(connection, DURAND, "numen", "x")


class TestBind:
    @pytest.mark.parametrize(
        ("login", "password"),
        [("fdurand4", PASSWORD), ("fdurand4", "wrong"), ("nobody", PASSWORD), ("fdurand4", "é\u00a0\x01")],
    )
    def test_when_a_person_binds_then_it_returns_what_ldap3_does(self, directory, by_ldap3, login, password):
        directory.add_person("fdurand4")
        results = []
        for kind in (Connection, BerConnection):
            connection = opened(directory, kind, directory.dn(login), password)
            by_ldap3.clear()
            results.append((connection.bind(read_server_info=False, controls=POLICY)[:2], connection.bound))
            written = list(by_ldap3)
            close(connection)

        assert results[0] == results[1]
        assert written == []

    def test_when_the_password_must_be_changed_then_the_control_says_so(self, directory):
        directory.add_person("fdurand4")
        directory.set("fdurand4", "pwdReset", "TRUE")
        connection = opened(directory, BerConnection, directory.dn("fdurand4"), PASSWORD)

        result = connection.bind(read_server_info=False, controls=POLICY)[1]

        assert ppolicy.policy_error(result) is ppolicy.PolicyError.CHANGE_AFTER_RESET
        close(connection)

    def test_when_there_is_no_password_then_nothing_is_sent(self, directory, by_ldap3):
        """A server may accept a bind without a password for anybody (RFC 4513, 5.1.2)."""
        connection = opened(directory, BerConnection)
        connection.password = b""

        with pytest.raises(LDAPPasswordIsMandatoryError):
            connection.bind(read_server_info=False)

        assert by_ldap3 == []
        close(connection)

    def test_when_it_is_anonymous_then_ldap3_does_it(self, directory, by_ldap3):
        connection = new_connection(directory.url, kind=BerConnection)
        open_connection(connection)

        assert connection.bind(read_server_info=False)[0]

        assert by_ldap3 == ["bindRequest"]
        close(connection)


class TestService:
    def test_when_people_use_it_then_the_own_codec_writes_every_request(self, directory, browser, by_ldap3):
        directory.add_person("fdurand4")
        browser.find("Durand", "François")
        by_ldap3.clear()

        browser.find("Durand", "François")
        browser.change("fdurand4", PASSWORD, "Nouveau-2025")
        browser.choose(browser.prove("fdurand4"), "Encore-Un-2026")

        assert directory.binds("fdurand4", "Encore-Un-2026")
        # A connection that nobody needs any more is closed by ldap3.
        assert set(by_ldap3) <= {"unbindRequest"}


def answer(number: int, operation: bytes) -> bytes:
    return element(ber.SEQUENCE, integer(number), operation)


def result(tag: int, code: int = 0, text: str = "") -> bytes:
    return element(tag, integer(code, ber.ENUMERATED), octets(""), octets(text))


FOUND = element(ENTRY, octets("cn=x"), element(ber.SEQUENCE))
GOODBYE = answer(
    0, element(0x78, integer(52, ber.ENUMERATED), octets(""), octets(""), element(0x8A, b"1.3.6.1.4.1.1466.20036"))
)
"""Notice of disconnection (RFC 4511, 4.4.1)."""


@pytest.fixture
def scripted() -> Iterator[Callable[..., Connection]]:
    """Opens a connection to a server that answers as a test says."""
    made: list[tuple[ScriptedLdapServer, Connection]] = []

    def build(script: Callable[[int], bytes], **options: Any) -> Connection:
        server = ScriptedLdapServer(script, **options)
        connection = new_connection(
            server.url, user="cn=x", password="secret", receive_timeout_seconds=20, kind=BerConnection
        )
        open_connection(connection)
        made.append((server, connection))
        return connection

    yield build
    for server, connection in made:
        close(connection)
        server.close()


def nested(depth: int) -> bytes:
    """Sequences, each in the one before."""
    value = b""
    for _ in range(depth):
        value = element(ber.SEQUENCE, value)
    return value


def compare_x(connection: Connection) -> Any:
    return compare(connection, "cn=x", "sn", "x")["result"]


HOSTILE: dict[str, Callable[[int], bytes]] = {
    "nothing": lambda number: b"",
    "half": lambda number: answer(number, result(COMPARED))[:-1],
    "one byte": lambda number: b"\x30",
    "endless": lambda number: b"\x30\x84\xff\xff\xff\xff" + b"x" * 1000,
    "indefinite": lambda number: b"\x30\x80" + b"\0" * 20,
    "other protocol": lambda number: b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "other id": lambda number: answer(number + 1, result(COMPARED)),
    "no code": lambda number: answer(number, element(COMPARED)),
    "no operation": lambda number: element(ber.SEQUENCE, integer(number)),
    "disconnected": lambda number: GOODBYE,
    "only another answer": lambda number: answer(number, result(SEARCHED)),
    "no text": lambda number: answer(number, element(COMPARED, integer(0, ber.ENUMERATED), element(0x24, b"\xff"))),
    "nested": lambda number: answer(
        number, element(COMPARED, integer(0, ber.ENUMERATED), octets(b""), octets(b""), nested(5000))
    ),
    "long and unusual": lambda number: answer(
        number, element(COMPARED, integer(10, ber.ENUMERATED), b"\4\0" * 2, element(0xA3, b"\4\0" * (1 << 19)))
    ),
}  # fmt: skip


class TestHostileServer:
    @pytest.mark.parametrize("name", HOSTILE)
    def test_when_it_answers_that_then_the_connection_is_closed_with_an_ldap_exception(self, scripted, name):
        connection = scripted(HOSTILE[name])

        with pytest.raises(LDAPException):
            compare_x(connection)

        assert connection.closed

    @pytest.mark.parametrize("name", HOSTILE)
    def test_when_it_answers_a_write_with_that_then_it_is_unconfirmed(self, directory, scripted, name):
        settings = settings_for(directory).directory
        pool = ConnectionPool(settings, LdapServers(settings), as_service=True)
        hostile = scripted(HOSTILE[name])

        with pytest.raises(WriteUnconfirmed):
            pool.run_once(lambda connection: modify(hostile, "cn=x", {"sn": [("MODIFY_ADD", [b"x"])]}))

        pool.close()

    def test_when_it_says_goodbye_behind_the_answer_then_the_answer_counts_and_the_connection_is_closed(
        self, scripted
    ):
        connection = scripted(lambda number: answer(number, result(COMPARED, 6)) + GOODBYE)

        assert compare_x(connection) == 6
        assert connection.closed

    def test_when_it_sends_more_than_the_answer_then_the_rest_is_never_an_answer(self, scripted):
        connection = scripted(
            lambda number: answer(number, result(COMPARED, 5)) + answer(number + 1, result(COMPARED, 6)),
            hangs_up=False,
        )

        assert compare_x(connection) == 5
        with pytest.raises(LDAPSocketOpenError):
            compare_x(connection)

    def test_when_the_answer_to_a_bind_comes_second_then_it_is_taken(self, scripted):
        """slapd 2.5 sends the error of a write that ppolicy made, with the message id of the bind."""
        connection = scripted(lambda number: answer(number, result(MODIFIED, 80)) + answer(number, result(BOUND, 49)))

        assert connection.bind(read_server_info=False)[1]["result"] == 49
        assert not connection.bound

    def test_when_the_answer_to_a_bind_comes_first_then_it_is_taken(self, scripted):
        connection = scripted(lambda number: answer(number, result(BOUND)) + answer(number, result(MODIFIED, 80)))

        assert connection.bind(read_server_info=False)[0]
        assert connection.closed

    @pytest.mark.parametrize("other", [FOUND, result(0x78)], ids=["an entry", "an extended answer"])
    def test_when_a_compare_is_answered_by_something_else_then_the_connection_is_closed(self, scripted, other):
        connection = scripted(lambda number: answer(number, other), hangs_up=False)

        with pytest.raises(LDAPSocketReceiveError):
            compare_x(connection)
        assert connection.closed

    def test_when_the_connection_was_closed_then_a_bind_opens_no_other_one(self, scripted):
        """ldap3 would open it without StartTLS, and send the password over it."""
        connection = scripted(lambda number: answer(number, result(COMPARED, 6)) + GOODBYE)
        compare_x(connection)

        with pytest.raises(LDAPSocketOpenError):
            connection.bind(read_server_info=False)

    def test_when_an_attribute_comes_twice_then_no_value_is_lost(self, scripted):
        uids = [
            element(ber.SEQUENCE, octets("uid"), element(ber.SET, octets(login))) for login in ("first", "second")
        ]
        entry = element(ENTRY, octets("cn=x"), element(ber.SEQUENCE, *uids))
        connection = scripted(lambda number: answer(number, entry) + answer(number, result(SEARCHED)))

        [found] = try_search(connection, "cn=x", "(sn=x)", ["uid"]).entries

        assert found.all("uid") == ("first", "second")

    def test_when_references_are_among_the_entries_then_they_are_left_out(self, scripted):
        reference = element(0x73, octets("ldap://elsewhere/"))
        connection = scripted(
            lambda number: b"".join(answer(number, one) for one in (reference, FOUND, reference, result(SEARCHED)))
        )

        found = try_search(connection, "cn=x", "(sn=x)", ["sn"])

        assert found.code == 0
        assert found.dns == ["cn=x"]

    def test_when_it_refers_to_another_server_then_ldap3_reads_the_answer(self, scripted):
        referral = element(0xA3, octets("ldap://elsewhere/"))
        refers = element(MODIFIED, integer(10, ber.ENUMERATED), octets(""), octets(""), referral)
        connection = scripted(lambda number: answer(number, refers))

        answered = modify(connection, "cn=x", {"sn": [("MODIFY_ADD", [b"x"])]})

        assert (answered["result"], answered["referrals"]) == (10, ["ldap://elsewhere/"])

    def test_when_the_answer_comes_byte_by_byte_then_it_is_read(self, directory):
        connection = connect(directory.url, settings_for(directory).directory, as_service=True)
        received = connection.socket
        connection.socket = _ByteByByte(received)

        assert try_search(connection, "", ANYTHING, ["objectClass"], "BASE").code == 0
        connection.socket = received
        close(connection)

    def test_when_it_does_not_answer_then_the_time_limit_ends_it(self, scripted):
        connection = scripted(lambda number: b"", hangs_up=False)
        connection.socket.settimeout(0.2)

        with pytest.raises(LDAPSocketReceiveError):
            compare_x(connection)

    def test_when_it_is_gone_then_the_exception_says_so(self, scripted):
        connection = scripted(lambda number: b"")

        with pytest.raises(LDAPSessionTerminatedByServerError):
            compare_x(connection)


class _ByteByByte:
    """A socket that receives one byte at a time."""

    def __init__(self, received: Any) -> None:
        self._socket = received

    def recv(self, size: int) -> bytes:
        data: bytes = self._socket.recv(1)
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)


class TestStrategy:
    def test_when_it_is_made_then_it_returns_results_as_ldap3s_thread_safe_one(self, directory):
        connection = connect(directory.url, settings_for(directory).directory, as_service=True)

        assert isinstance(connection, BerConnection)
        assert connection.strategy_type == SAFE_SYNC
        assert not connection.check_names
        close(connection)
