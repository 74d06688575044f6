"""ldap3's connection, with a codec of its own for the operations that the service does all the time.

ldap3 opens and closes the connection, does TLS, and all that is rare: SASL, Add, Delete, extended operations, and
whatever `ldap_messages.py` does not know.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from ldap3 import SIMPLE, Connection
from ldap3.core.exceptions import (
    LDAPSessionTerminatedByServerError,
    LDAPSocketOpenError,
    LDAPSocketReceiveError,
    LDAPSocketSendError,
    communication_exception_factory,
)
from ldap3.core.results import RESULT_COMPARE_TRUE, RESULT_SUCCESS
from ldap3.utils.asn1 import decode_message_fast

from gateway.directory.ber import Malformed
from gateway.directory.ldap_messages import (
    BOUND,
    COMPARED,
    ENTRY,
    MODIFIED,
    SEARCHED,
    Unusual,
    bind_request,
    compare_request,
    message,
    message_size,
    modify_request,
    page,
    read_answer,
    read_envelope,
    search_request,
)
from gateway.ldap import Control

READ_BYTES = 1 << 16
PASSED_OVER = (0x73, 0x79)
"""Tags of a reference to another server, and of an intermediate answer (RFC 4511, 4.5.2 and 4.13)."""
MAX_RARE_BYTES = 1 << 20
"""Size of an answer up to which ldap3 decodes it: its decoder takes about a hundred times as much memory."""
Answered = tuple[bool, dict[str, Any], list[dict[str, Any]] | None, None]
"""What ldap3's strategy SAFE_SYNC returns: whether it succeeded, result, entries; the request is not kept."""


class BerConnection(Connection):
    """A connection with the strategy SAFE_SYNC, which must have `check_names` and `raise_exceptions` off."""

    def bind(self, read_server_info: bool = True, controls: Sequence[Control] | None = None) -> Any:
        """Bind as `user`. Another message than its answer is ignored. Raises LDAPException on a closed connection.

        ppolicy writes a failure, or the end of failures, into the entry. If the overlay sock cannot connect to its
        listener, slapd 2.5 also sends the client the error of that write, with the message id of the bind.
        """
        if self.closed:
            # ldap3 would open another socket, without the StartTLS of the first, and send the password over it.
            raise LDAPSocketOpenError("the connection was closed")
        user, password = self.user, self.password
        answered = None
        # ldap3 normalises a str (RFC 4013), and asks for the server's schema.
        if self.authentication == SIMPLE and isinstance(password, bytes) and not read_server_info:
            answered = self._try(BOUND, partial(bind_request, user, password), controls)
        if answered is None:
            return super().bind(read_server_info, controls)
        self.bound = answered[0]
        return answered

    def search(  # type: ignore[override]
        self, search_base: str, search_filter: str, search_scope: str = "SUBTREE", **options: Any
    ) -> Any:
        """Return the entries without references to other servers."""
        rare = dict(options)
        attributes, controls = rare.pop("attributes", None) or (), rare.pop("controls", None) or ()
        limits = rare.pop("size_limit", 0), rare.pop("time_limit", 0)
        size, cookie = rare.pop("paged_size", None), rare.pop("paged_cookie", None)
        answered = None
        if not rare and not isinstance(attributes, str):
            controls = [*controls, page(size, cookie)] if size is not None else controls
            request = partial(search_request, search_base, search_filter, search_scope, attributes, *limits)
            answered = self._try(SEARCHED, request, controls)
        return answered or super().search(search_base, search_filter, search_scope, **options)  # type: ignore[arg-type]

    def modify(self, dn: str, changes: Mapping[str, Any], controls: Sequence[Control] | None = None) -> Any:
        """Do a Modify, of which each attribute has a list of changes."""
        answered = self._try(MODIFIED, partial(modify_request, dn, changes), controls) if changes else None
        return answered or super().modify(dn, changes, controls)  # type: ignore[no-untyped-call]

    def compare(self, dn: str, attribute: str, value: str | bytes, controls: Sequence[Control] | None = None) -> Any:
        """Compare one value."""
        answered = self._try(COMPARED, partial(compare_request, dn, attribute, value), controls)
        return answered or super().compare(dn, attribute, value, controls)  # type: ignore[no-untyped-call]

    def _try(self, end: int, request: Callable[[], bytes], controls: Sequence[Control] | None) -> Answered | None:
        """Do an operation and return what ldap3 would; None if it must do it. Raises LDAPException, OSError."""
        if self.closed or self.lazy or self.sasl_in_progress:
            return None
        with self.connection_lock:
            number = self.server.next_message_id()
            try:
                encoded = message(number, request(), controls or ())
            except (Unusual, KeyError, TypeError, ValueError, AttributeError):
                return None
            self._send(encoded)
            *entries, self.result = self._answers(number, end)
        if end == SEARCHED:
            return bool(entries), self.result, entries, None
        wanted = RESULT_COMPARE_TRUE if end == COMPARED else RESULT_SUCCESS
        return self.result["result"] == wanted, self.result, None, None

    def _send(self, encoded: bytes) -> None:
        try:
            self.socket.sendall(encoded)
        except OSError as error:
            # A part of the message may have been sent.
            self.strategy.close()
            raise _connection_error(LDAPSocketSendError, error, "socket sending error") from None

    def _answers(self, number: int, end: int) -> list[dict[str, Any]]:
        """Return the answers to the request `number`, of which one with the tag `end` is the last.

        Only a notice of disconnection may follow it (RFC 4511, 4.4.1). It is not read, and the connection is closed.
        """
        answers, unread, is_complete = [], bytearray(), False
        try:
            while not is_complete:
                data = self._next_message(unread)
                found, tag, start, stop = read_envelope(data)
                if found == 0:
                    raise LDAPSessionTerminatedByServerError("session terminated by server")
                if found != number:
                    raise LDAPSocketReceiveError("invalid messageId received")
                is_complete = tag == end
                if _counts(tag, end):
                    answers.append(self._decoded(data, tag, start, stop))
        except Malformed as error:
            self.strategy.close()
            raise LDAPSocketReceiveError(f"an answer that is no LDAP: {error}") from None
        except (LDAPSessionTerminatedByServerError, LDAPSocketReceiveError):
            self.strategy.close()
            raise
        if unread:
            self.strategy.close()
        return answers

    def _next_message(self, unread: bytearray) -> bytes:
        """Return the next message; what came behind it stays in `unread`."""
        while not (size := message_size(unread)) or len(unread) < size:
            try:
                received = self.socket.recv(READ_BYTES)
            except OSError as error:
                raise _connection_error(LDAPSocketReceiveError, error, "error receiving data") from None
            if not received:
                raise LDAPSessionTerminatedByServerError("session terminated by server")
            unread += received
        data = bytes(unread[:size])
        del unread[:size]
        return data

    def _decoded(self, data: bytes, tag: int, start: int, stop: int) -> dict[str, Any]:
        """Return one answer as ldap3 does, and by ldap3 if it is unusual."""
        try:
            return read_answer(data, tag, start, stop)
        except Unusual:
            if len(data) > MAX_RARE_BYTES:
                raise Malformed("an unusual answer is too long") from None
        try:
            answer: dict[str, Any] = self.strategy.decode_response_fast(decode_message_fast(data))
        except Exception as error:
            # Its decoder takes the bytes as they come, and fails in many ways.
            raise Malformed(f"{type(error).__name__} in an unusual answer") from None
        return answer


def _counts(tag: int, end: int) -> bool:
    """Return whether an answer belongs to the operation that `end` ends; else it is passed over. Raises Malformed."""
    if tag == end or (tag == ENTRY and end == SEARCHED):
        return True
    if end != BOUND and tag not in PASSED_OVER:
        raise Malformed(f"an answer with the tag {tag:#x}")
    return False


def _connection_error(kind: type[Exception], error: OSError, text: str) -> Exception:
    """Return ldap3's exception, which is also one of the class of `error`."""
    raised: Exception = communication_exception_factory(kind, type(error)(str(error)))(f"{text}: {error}")
    return raised
