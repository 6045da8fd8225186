"""Calls Kraken through krakkend, which holds the keys: no secret and no nonce is known here.

One file for Python 3.9 and newer on Linux, standard library only. Copy it beside your bot::

    import krakkend

    with krakkend.Client() as daemon:
        daemon.wait_until_ready()
        print(daemon.call("Balance"))
        try:
            daemon.call("AddOrder", pair="XBTUSD", type="buy", ordertype="limit",
                        price="30000.1", volume="0.01", idempotency_key="my-order-17")
        except krakkend.OutcomeUnknown as lost:
            print("it may have been placed: look before you repeat it", lost.intent)
        except krakkend.Funds as refused:
            print(refused)

`Client` waits for each answer; `AsyncClient` makes many calls at once over one connection.

- Money is text. A fraction in an answer is a `decimal.Decimal` with Kraken's digits. As a parameter take
  `str`, `int` or `Decimal`; a `float` has lost the digits that were meant: it is refused with a TypeError.
- No request is ever sent twice. When the answer to one that acts is lost, `OutcomeUnknown` says so.
- Every wait has an end.
- A bot with a key of its own (`krakkenctl bot add`) gives it: `Client(bot=(api_key, api_secret))`. Every
  connection is the bot's then, before anything else is sent over it.
- Nothing is sent before the kernel says who serves the socket: this user, root, or the owner of its folder.
"""

from __future__ import annotations

import asyncio
import base64
import collections
import errno
import hashlib
import hmac
import itertools
import json
import os
import socket
import struct
import threading
import time
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

__all__ = [
    "AsyncClient", "Auth", "Client", "Forbidden", "Funds", "Idempotency", "KrakkendError", "Late", "Locked",
    "Lockout", "Lost", "Network", "NoCredentials", "NoDaemon", "Nonce", "OrderRefused", "OutcomeUnknown",
    "Overloaded", "Permission", "Protocol", "RateLimit", "Service", "Stopping", "Storage", "Timeout",
    "UnknownAccount", "UnknownEndpoint", "Unsent", "Untrusted", "find_sockets",
]

_TIMEOUT_MS = 30_000  # the daemon's own, for the methods that take timeout_ms
_GRACE = 5.0  # seconds beyond timeout_ms, for a daemon that hangs
_MAX_WAIT_MS = {False: 10_000, True: 2_000}  # the daemon's own, for what reads and for what acts
_MAX_REQUEST_BYTES = 256 * 1024
_MAX_REPLY_BYTES = 64 * 1024 * 1024
_MAX_IN_FLIGHT = 64  # the daemon works on no more at once for one connection
_RECEIVE_BYTES = 256 * 1024
_BUSY_PATIENCE, _BUSY_PAUSE = 2.0, 0.01  # seconds; for a daemon whose queue of new connections is full
_READY_PAUSE = 0.25  # seconds between two looks for a daemon that is not there
_NOBODY = 65534  # what the kernel shows for users of another namespace

# What only reads: when its answer is lost, nothing has happened. All else is taken to act.
_READING_METHODS = frozenset({
    "ping", "version", "status", "account.list", "rpc.discover", "profile", "endpoints", "wait",
    "nonce.status", "intent.list", "intent.get", "intent.wait", "gateway.show", "identify", "whoami",
    "check",
})
_READING_ENDPOINTS = frozenset({
    "Time", "SystemStatus", "Assets", "AssetPairs", "Ticker", "OHLC", "Depth", "GroupedBook", "Trades",
    "Spread", "PreTrade", "PostTrade", "Balance", "BalanceEx", "CreditLines", "TradeBalance", "OpenOrders",
    "ClosedOrders", "QueryOrders", "OrderAmends", "TradesHistory", "QueryTrades", "OpenPositions", "Ledgers",
    "QueryLedgers", "TradeVolume", "ExportStatus", "RetrieveExport", "Level3", "QueryStrategies",
    "GetOpenStrategies", "GetClosedStrategies", "DepositMethods", "DepositStatus", "WithdrawMethods",
    "WithdrawAddresses", "WithdrawInfo", "WithdrawStatus", "Earn/AllocateStatus", "Earn/DeallocateStatus",
    "Earn/Strategies", "Earn/Allocations",
})


class KrakkendError(Exception):
    """Why a request has no result, and what is known about its fate.

    Two members decide what a bot does: `executed` and `retryable`. The class says which category it is.
    """

    code: int  #: of the JSON-RPC error; 0 where this library found it
    category: str  #: such as "funds"
    message: str  #: one sentence for a person
    executed: str  #: "no", "yes" or "unknown"; never repeat what is not "no"
    retryable: bool  #: this same request may succeed later, after `retry_after`
    retry_after: float | None  #: seconds
    origin: str  #: who said no: "daemon", "kraken" or, for what was found here, "client"
    call_id: str | None  #: the name of the call in the daemon's log and audit
    kraken: list[str]  #: Kraken's own error texts
    remedy: str | None  #: what a person can do about it
    account: str | None
    data: dict[str, Any]  #: everything else that the daemon says

    def __init__(self, error: dict[str, Any]) -> None:
        """Reads an error object of the daemon's."""
        super().__init__(error)
        data = error.get("data")
        self.data = data if isinstance(data, dict) else {}
        self.code = error.get("code", 0)
        self.message = error.get("message", "")
        self.category = self.data.get("category", "")
        # What does not say so must be taken for this: anything may have happened.
        self.executed = self.data.get("executed", "unknown")
        self.retryable = self.data.get("retryable") is True and self.executed == "no"
        after = self.data.get("retry_after_ms")
        self.retry_after = None if after is None else float(after) / 1000
        self.origin = self.data.get("origin", "daemon")
        self.call_id = self.data.get("call_id")
        self.kraken = self.data.get("kraken", [])
        self.remedy = self.data.get("remedy")
        self.account = self.data.get("account")

    def __str__(self) -> str:
        """The sentence, and what can be done about it."""
        return f"{self.message} (what to do: {self.remedy})" if self.remedy else self.message


class Protocol(KrakkendError):
    """The daemon does not take the request: a wrong method or parameter. A mistake in the bot."""


class Locked(KrakkendError):
    """Nobody has unlocked the vault yet: see `wait_until_ready`."""


class NoCredentials(KrakkendError):
    """The vault is open and holds no account."""


class Forbidden(KrakkendError):
    """The operator does not allow it; `data["rule"]` names what forbids it."""


class UnknownAccount(KrakkendError):
    """No account has that name, or none was given and none is implied; `data["accounts"]` lists them."""


class UnknownEndpoint(KrakkendError):
    """The daemon knows no such endpoint of Kraken's."""


class Auth(KrakkendError):
    """Kraken refuses the key."""


class Permission(KrakkendError):
    """The key lacks a right; `remedy` says which."""


class Nonce(KrakkendError):
    """Kraken refused the nonce: another program uses the key."""


class RateLimit(KrakkendError):
    """It does not fit within Kraken's limits now; see `retry_after`."""


class Funds(KrakkendError):
    """Not enough money or margin."""


class OrderRefused(KrakkendError):
    """Kraken refuses this order or its arguments; `kraken` has its words."""


class Service(KrakkendError):
    """Kraken is busy, down for maintenance, or takes only some orders."""


class Network(KrakkendError):
    """Trouble on the way to Kraken. `executed` is "unknown" for a cancel whose answer was lost."""


class Timeout(KrakkendError):
    """It was not sent, or is not so, within its time."""


class OutcomeUnknown(KrakkendError):
    """It was sent, and whether it was done is not known: do not repeat it, find out.

    With `intent` the daemon knows of it: `intent_wait` tells. Without, the way to the daemon itself broke:
    the very same call with the same `idempotency_key` may be made again, and places no second order.
    """

    @property
    def intent(self) -> str | None:
        """What `intent_wait` takes."""
        return self.data.get("intent")

    @property
    def settling(self) -> bool:
        """Whether the daemon is still finding out."""
        return self.data.get("settling") is True


class Overloaded(KrakkendError):
    """Too many clients, or too much is waiting."""


class Lockout(KrakkendError):
    """Kraken has locked the account out for a while; until `data["until"]` nothing is sent."""


class Idempotency(KrakkendError):
    """The same `idempotency_key` came with other arguments. A mistake in the bot."""


class Storage(KrakkendError):
    """The daemon's disk fails; nothing was sent."""


class Stopping(KrakkendError):
    """The daemon is being stopped; nothing was sent."""


class NoDaemon(KrakkendError):
    """Nobody listens at the socket, or this user may not use it."""


class Untrusted(KrakkendError):
    """Somebody listens there who is not to be trusted; nothing was sent."""


class Lost(KrakkendError):
    """The connection ended before the answer to what only reads."""


class Late(KrakkendError):
    """No answer came in time to what only reads."""


class Unsent(KrakkendError):
    """It was not sent, or not as a whole: nothing was done."""


_CLASSES: dict[str, type[KrakkendError]] = {
    "protocol": Protocol, "locked": Locked, "no_credentials": NoCredentials, "forbidden": Forbidden,
    "unknown_account": UnknownAccount, "unknown_endpoint": UnknownEndpoint, "auth": Auth,
    "permission": Permission, "nonce": Nonce, "rate_limit": RateLimit, "funds": Funds, "order": OrderRefused,
    "service": Service, "network": Network, "timeout": Timeout, "outcome_unknown": OutcomeUnknown,
    "overloaded": Overloaded, "lockout": Lockout, "idempotency": Idempotency, "storage": Storage,
    "stopping": Stopping, "no_daemon": NoDaemon, "untrusted": Untrusted, "lost": Lost, "late": Late,
    "unsent": Unsent,
}


def _error_of(error: Any) -> KrakkendError:
    error = error if isinstance(error, dict) else {"message": str(error)}
    data = error.get("data")
    category = data.get("category") if isinstance(data, dict) else None
    return _CLASSES.get(category, KrakkendError)(error)


def _found(category: str, message: str, remedy: str, retryable: bool = False) -> KrakkendError:
    """What this library found wrong, in the daemon's shape. Nothing was executed."""
    return _error_of({"code": 0, "message": message, "data": {
        "category": category, "executed": "no", "retryable": retryable, "origin": "client",
        "remedy": remedy}})


def find_sockets() -> list[str]:
    """Where the daemon may listen.

    KRAKKEND_SOCKET, or the folder that KRAKKEND_RUNTIME_DIR names, stands alone, so that nobody talks to
    another daemon than the one meant; without any such variable it is the user's own socket, then the system
    service's.
    """
    def variable(name: str) -> str:
        value = os.environ.get(name, "")
        return value if value.strip() else ""

    def xdg(name: str) -> str:  # others than absolute ones do not count
        value = variable(name)
        return value if value.startswith("/") else ""

    if variable("KRAKKEND_SOCKET"):
        return [os.path.abspath(variable("KRAKKEND_SOCKET"))]
    state_home = xdg("XDG_STATE_HOME")
    if not state_home and variable("HOME"):
        state_home = os.path.join(variable("HOME"), ".local/state")
    state = variable("KRAKKEND_STATE_DIR") or (state_home and os.path.join(state_home, "kraken_bot"))
    own = xdg("XDG_RUNTIME_DIR")
    folder = (variable("KRAKKEND_RUNTIME_DIR") or (own and os.path.join(own, "krakkend"))
              or (state and os.path.join(state, "run")))
    sockets = [os.path.join(os.path.abspath(folder), "krakkend.sock")] if folder else []
    if not any(variable(f"KRAKKEND_{kind}_DIR") for kind in ("RUNTIME", "STATE", "CONFIG")):
        sockets.append("/run/krakkend/krakkend.sock")
    return sockets


def _is_trusted(server: int, own: int, folder_owner: int) -> bool:
    return server in (own, 0) or (server == folder_owner and server != _NOBODY)


def _connect_to(path: str) -> socket.socket:
    """Connects without waiting, and makes sure that who serves there is to be trusted."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.setblocking(False)
        connection.connect(path)
        credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("iII"))
        _, server, _ = struct.unpack("iII", credentials)
        if not _is_trusted(server, os.geteuid(), os.stat(os.path.dirname(path) or ".").st_uid):
            raise _found(
                "untrusted",
                f"the server at {path} belongs to user id {server}, which is not trusted; nothing was sent",
                "find out who put that socket there; a genuine krakkend runs as you, as root, or as the "
                "owner of the folder")
    except BaseException:
        connection.close()
        raise
    return connection


def _connect(paths: list[str]) -> socket.socket:
    """The first of the sockets at which a daemon answers. BlockingIOError: try again soon."""
    absent, shown = [], None
    for path in paths:
        try:
            return _connect_to(path)
        except BlockingIOError:
            raise
        except OSError as error:
            if error.errno == errno.ENOENT:
                absent.append(path)
            elif error.errno in (errno.EACCES, errno.EPERM):
                shown = shown or _found(
                    "no_daemon", f"this user may not use the socket at {path}",
                    "become a member of client_group, or use the user that krakkend runs as")
            else:
                shown = shown or _found(
                    "no_daemon", f"no krakkend answers at {path} ({error.strerror or error})",
                    "start krakkend", retryable=True)
    # A socket that is there says more than one that is not.
    raise shown or _found("no_daemon", f"no krakkend answers: there is no socket {' or '.join(absent)}",
                          "start krakkend", retryable=True)


def _too_busy() -> KrakkendError:
    return _found("no_daemon", "krakkend does not take new connections now", "try it again", retryable=True)


def _is_closed(connection: socket.socket) -> bool:
    """Whether the daemon has closed this non-blocking connection while nobody looked."""
    try:
        return connection.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def _exact(value: Any) -> Any:
    """The same for json.dumps, with every digit as it was written."""
    if isinstance(value, float):
        raise TypeError(f"a float has lost the digits that were meant: give {value!r} as str or Decimal")
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise TypeError(f"{value!r} is no number that can be sent")
        return format(value, "f")
    if isinstance(value, Mapping):
        for name in value:
            if not isinstance(name, str):
                raise TypeError(f"the parameter {name!r} needs a name that is text")
        return {name: _exact(member) for name, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [_exact(member) for member in value]
    return value


def _merged(params: Mapping[str, Any] | None, fields: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(params or {})
    for name, value in fields.items():
        if name in merged:
            raise TypeError(f"the parameter {name!r} is there twice")
        merged[name] = value
    return merged


def _call_params(endpoint: str, params: dict[str, Any], **options: Any) -> dict[str, Any]:
    return {"endpoint": endpoint, **({"params": params} if params else {}),
            **{name: value for name, value in options.items() if value is not None}}


def _milliseconds(params: Mapping[str, Any], name: str, otherwise: int) -> int:
    value = params.get(name, otherwise)
    return value if isinstance(value, int) else otherwise  # what is no number the daemon refuses


class _Request:
    """One request: its line, and what it means when the answer does not come."""

    def __init__(self, number: int, method: str, params: dict[str, Any]) -> None:
        self.number = number
        message = {"jsonrpc": "2.0", "id": number, "method": method, "params": _exact(params)}
        self.line = json.dumps(message, separators=(",", ":")).encode() + b"\n"
        if len(self.line) > _MAX_REQUEST_BYTES:
            raise _found(
                "unsent", "the request is longer than 256 KiB; nothing was sent", "send less at once")
        if method == "call":
            self.acts = params.get("endpoint") not in _READING_ENDPOINTS
        else:
            self.acts = method not in _READING_METHODS
        self.turn = _milliseconds(params, "max_wait_ms", _MAX_WAIT_MS[self.acts]) / 1000
        self.patience = _milliseconds(params, "timeout_ms", _TIMEOUT_MS) / 1000 + _GRACE

    def unanswered(self, category: str, message: str) -> KrakkendError:
        """It was sent, or may have been, and no answer came."""
        if not self.acts:
            return _found(
                category, f"{message}; it only reads, so nothing has changed", "try it again", retryable=True)
        return _error_of({
            "code": -32019, "message": f"{message}; whether it was done is not known", "data": {
                "category": "outcome_unknown", "executed": "unknown", "retryable": False, "origin": "client",
                "remedy": "do not repeat it before you have looked it up"}})

    def unsent(self, message: str) -> KrakkendError:
        """Nothing of it was sent, or not the end of its line, without which the daemon does not read it."""
        return _found(
            "unsent", f"{message}; the request was not sent, so nothing was done", "try it again",
            retryable=True)


_ENDED = "the connection to krakkend ended before it answered"
_TOO_LATE = "krakkend did not answer in time"
_NO_PROTOCOL = "what answers does not speak krakkend's protocol"


def _read_reply(line: bytes) -> dict[str, Any] | None:
    """The reply in a line; None if it is none."""
    try:
        reply = json.loads(line, parse_float=Decimal)
    except (ValueError, ArithmeticError):
        return None
    if not isinstance(reply, dict) or "id" not in reply or ("result" in reply) == ("error" in reply):
        return None
    return reply


def _result_of(reply: dict[str, Any]) -> Any:
    if "error" in reply:
        raise _error_of(reply["error"])
    return reply["result"]


def _ready_params(account: str | None, left: float) -> dict[str, Any]:
    params: dict[str, Any] = {"for": "ready", "timeout_ms": max(1, min(int(left * 1000), 120_000))}
    return params if account is None else {**params, "account": account}


def _identity(bot: tuple[str, str]) -> dict[str, Any]:
    """Shows that the connection is the bot's, as a call of Kraken's is signed."""
    key, secret = bot
    now = int(time.time())
    signed = b"/krakkend/identify" + hashlib.sha256(f"{now}nonce={now}".encode()).digest()
    signature = hmac.new(base64.b64decode(secret), signed, hashlib.sha512).digest()
    return {"key": key, "time": now, "signature": base64.b64encode(signature).decode()}


def _may_pass(error: KrakkendError) -> bool:
    """It may be well later; a bot is not known while the vault is locked."""
    return error.retryable or isinstance(error, Locked)


class Client:
    """A connection to krakkend whose every call waits for its answer.

    It is opened by the first request, and anew by a later one after it was lost. Threads may share a client:
    their requests wait for one another. A process made by fork opens a connection of its own.
    """

    def __init__(
        self, socket_path: str | os.PathLike[str] | None = None, *, bot: tuple[str, str] | None = None,
    ) -> None:
        """Uses this socket, or else those that `find_sockets` names; as the bot of this API key and secret."""
        self._paths = find_sockets() if socket_path is None else [os.fspath(socket_path)]
        self._bot = bot
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._connection: socket.socket | None = None
        self._process = 0  # whose connection it is

    def __enter__(self) -> Client:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes the connection."""
        self.close()

    def close(self) -> None:
        """Ends the connection. A later request opens a new one."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def call(
        self, endpoint: str, params: Mapping[str, Any] | None = None, /, *, account: str | None = None,
        timeout_ms: int | None = None, max_wait_ms: int | None = None, idempotency_key: str | None = None,
        **fields: Any,
    ) -> Any:
        """Makes one call at Kraken and returns its result.

        Kraken's parameters are given by name, or in a mapping for names that Python does not take, such as
        "close[price]". The other arguments are for the daemon. Raises a KrakkendError.
        """
        return self._exchange("call", _call_params(
            endpoint, _merged(params, fields), account=account, timeout_ms=timeout_ms,
            max_wait_ms=max_wait_ms, idempotency_key=idempotency_key))

    def request(self, method: str, params: Mapping[str, Any] | None = None, /, **fields: Any) -> Any:
        """Any method of the daemon, such as "status"; returns its result or raises a KrakkendError."""
        return self._exchange(method, _merged(params, fields))

    def wait_until_ready(self, account: str | None = None, timeout_ms: int = 60_000) -> None:
        """Returns once calls of the account can be made; waits for the daemon itself, too.

        Without an account it is the one that a call would take. At the end of the time it raises what was in
        the way.
        """
        end = time.monotonic() + timeout_ms / 1000
        while True:
            try:
                self._exchange("wait", _ready_params(account, end - time.monotonic()))
                return
            except KrakkendError as error:
                if not _may_pass(error) or time.monotonic() + _READY_PAUSE >= end:
                    raise
            time.sleep(_READY_PAUSE)

    def intent_wait(self, intent: str, timeout_ms: int = _TIMEOUT_MS) -> dict[str, Any]:
        """What became of a call, as soon as it is known; `Timeout`: not yet, ask again.

        `state` is "placed" (with the call's `result`), "not_placed", or "unknown", which only a person can
        settle.
        """
        return self._exchange("intent.wait", {"id": intent, "timeout_ms": timeout_ms})

    def _exchange(self, method: str, params: dict[str, Any]) -> Any:
        request = _Request(next(self._numbers), method, params)
        with self._lock:
            try:
                reply = self._receive(self._send(request), request)
            except BaseException:
                # Half a request may be on its way, or an answer that nobody waits for any more.
                self.close()
                raise
        return _result_of(reply)

    def _send(self, request: _Request) -> socket.socket:
        connection = self._connection
        if connection is not None and self._process == os.getpid():
            connection.setblocking(False)
            if _is_closed(connection):
                connection = None
        else:
            connection = None
        if connection is None:
            connection = self._open()
            if self._bot is not None:
                identify = _Request(next(self._numbers), "identify", _identity(self._bot))
                _result_of(self._receive(self._put(connection, identify), identify))
        return self._put(connection, request)

    @staticmethod
    def _put(connection: socket.socket, request: _Request) -> socket.socket:
        connection.settimeout(request.patience)
        try:
            connection.sendall(request.line)
        except ConnectionError as error:
            raise request.unsent("the connection to krakkend ended") from error
        except OSError as error:
            raise request.unanswered("late", "krakkend did not take the request in time") from error
        return connection

    def _open(self) -> socket.socket:
        self.close()
        end = time.monotonic() + _BUSY_PATIENCE
        while True:
            try:
                self._connection, self._process = _connect(self._paths), os.getpid()
                return self._connection
            except BlockingIOError as error:
                if time.monotonic() > end:
                    raise _too_busy() from error
            time.sleep(_BUSY_PAUSE)

    def _receive(self, connection: socket.socket, request: _Request) -> dict[str, Any]:
        end = time.monotonic() + request.patience
        received = bytearray()
        while not received.endswith(b"\n"):
            left = end - time.monotonic()
            if left <= 0:
                raise request.unanswered("late", _TOO_LATE)
            try:
                connection.settimeout(left)
                data = connection.recv(_RECEIVE_BYTES)
            except socket.timeout as error:
                raise request.unanswered("late", _TOO_LATE) from error
            except OSError as error:
                raise request.unanswered("lost", _ENDED) from error
            if not data:
                raise request.unanswered("lost", _ENDED)
            received += data
            if len(received) > _MAX_REPLY_BYTES:
                raise request.unanswered("lost", _NO_PROTOCOL)
        reply = _read_reply(bytes(received))
        # One request is out at a time: an answer to another breaks the protocol, one without an id is ours.
        if reply is None or reply["id"] not in (None, request.number):
            raise request.unanswered("lost", _NO_PROTOCOL)
        return reply


class AsyncClient:
    """A connection to krakkend for asyncio: many calls at once, each answer matched to its request.

    It belongs to one event loop, is opened by the first request and anew by a later one after it was lost.
    Not more than 64 requests are out at once; others wait for their turn as long as `max_wait_ms` allows.

    A task that waits may be cancelled (`asyncio.wait_for` does that): a request that has not begun to leave
    is taken back; what has left is done all the same, and its answer is dropped. So give an order an
    `idempotency_key`.
    """

    def __init__(
        self, socket_path: str | os.PathLike[str] | None = None, *, bot: tuple[str, str] | None = None,
    ) -> None:
        """Uses this socket, or else those that `find_sockets` names; as the bot of this API key and secret."""
        self._paths = find_sockets() if socket_path is None else [os.fspath(socket_path)]
        self._bot = bot
        self._numbers = itertools.count(1)
        self._link: _Link | None = None
        self._opening: asyncio.Lock | None = None

    async def __aenter__(self) -> AsyncClient:
        """Itself."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Closes the connection."""
        self.close()

    def close(self) -> None:
        """Ends the connection and every request that is out. A later request opens a new one."""
        if self._link is not None:
            self._link.end("the client was closed")
        self._link = None

    async def call(
        self, endpoint: str, params: Mapping[str, Any] | None = None, /, *, account: str | None = None,
        timeout_ms: int | None = None, max_wait_ms: int | None = None, idempotency_key: str | None = None,
        **fields: Any,
    ) -> Any:
        """Makes one call at Kraken and returns its result: see `Client.call`."""
        return await self._exchange("call", _call_params(
            endpoint, _merged(params, fields), account=account, timeout_ms=timeout_ms,
            max_wait_ms=max_wait_ms, idempotency_key=idempotency_key))

    async def request(self, method: str, params: Mapping[str, Any] | None = None, /, **fields: Any) -> Any:
        """Any method of the daemon, such as "status"; returns its result or raises a KrakkendError."""
        return await self._exchange(method, _merged(params, fields))

    async def wait_until_ready(self, account: str | None = None, timeout_ms: int = 60_000) -> None:
        """Returns once calls of the account can be made: see `Client.wait_until_ready`."""
        end = time.monotonic() + timeout_ms / 1000
        while True:
            try:
                await self._exchange("wait", _ready_params(account, end - time.monotonic()))
                return
            except KrakkendError as error:
                if not _may_pass(error) or time.monotonic() + _READY_PAUSE >= end:
                    raise
            await asyncio.sleep(_READY_PAUSE)

    async def intent_wait(self, intent: str, timeout_ms: int = _TIMEOUT_MS) -> dict[str, Any]:
        """What became of a call, as soon as it is known: see `Client.intent_wait`."""
        return await self._exchange("intent.wait", {"id": intent, "timeout_ms": timeout_ms})

    async def _exchange(self, method: str, params: dict[str, Any]) -> Any:
        request = _Request(next(self._numbers), method, params)
        link = await self._open()
        return _result_of(await link.ask(request))

    async def _open(self) -> _Link:
        if self._link is not None and self._link.is_open():
            return self._link
        self._opening = self._opening or asyncio.Lock()
        async with self._opening:
            if self._link is None or not self._link.is_open():
                self._link = await self._connected()
            return self._link

    async def _connected(self) -> _Link:
        end = time.monotonic() + _BUSY_PATIENCE
        while True:
            try:
                link = _Link(asyncio.get_running_loop(), _connect(self._paths))
                break
            except BlockingIOError as error:
                if time.monotonic() > end:
                    raise _too_busy() from error
            await asyncio.sleep(_BUSY_PAUSE)
        try:
            if self._bot is not None:
                _result_of(await link.ask(_Request(next(self._numbers), "identify", _identity(self._bot))))
        except BaseException:
            link.end("the connection is not the bot's")
            raise
        return link


class _Waiting:
    """A request on one connection, from its entry to its end."""

    def __init__(self, request: _Request, answer: asyncio.Future[dict[str, Any]]) -> None:
        self.request, self.answer = request, answer
        self.rest = request.line  # what of it has not left yet
        self.begun = False  # some of it has left
        self.timer: asyncio.TimerHandle | None = None


class _Link:
    """One connection of an AsyncClient. It knows of each request how much of it the kernel has taken."""

    def __init__(self, loop: asyncio.AbstractEventLoop, connection: socket.socket) -> None:
        self._loop, self._connection = loop, connection
        self._waiting: dict[int, _Waiting] = {}  # everybody who waits for an answer
        self._outgoing: collections.deque[_Waiting] = collections.deque()  # whose rest is still to be sent
        self._in_flight: set[int] = set()  # what the daemon works on, even if nobody waits for it any more
        self._received: list[bytes] = []  # pieces of the next line
        self._is_open = True
        loop.add_reader(connection, self._read)

    def is_open(self) -> bool:
        """Whether a request may be sent; one that the daemon has closed meanwhile ends here."""
        if self._is_open and _is_closed(self._connection):
            self.end(_ENDED)
        return self._is_open

    async def ask(self, request: _Request) -> dict[str, Any]:
        """Sends the request when it is its turn and returns the reply."""
        waiting = _Waiting(request, self._loop.create_future())
        self._waiting[request.number] = waiting
        self._outgoing.append(waiting)
        waiting.timer = self._loop.call_later(request.turn, self._expire, waiting)
        self._write()
        try:
            return await waiting.answer
        finally:
            waiting.timer.cancel()
            self._waiting.pop(request.number, None)
            if not waiting.begun and waiting in self._outgoing:
                self._outgoing.remove(waiting)

    def end(self, message: str) -> None:
        """Closes the connection; whoever waits is told."""
        if not self._is_open:
            return
        self._is_open = False
        self._loop.remove_reader(self._connection)
        self._loop.remove_writer(self._connection)
        self._connection.close()
        self._outgoing.clear()
        for waiting in self._waiting.values():
            request = waiting.request
            # The line feed comes last: a daemon that has not seen it has not read a request.
            was_sent = not waiting.rest
            self._fail(waiting, request.unanswered("lost", message) if was_sent else request.unsent(message))

    @staticmethod
    def _fail(waiting: _Waiting, error: KrakkendError) -> None:
        if not waiting.answer.done():
            waiting.answer.set_exception(error)

    def _expire(self, waiting: _Waiting) -> None:
        if waiting.begun:  # what is left of its line will still be sent
            self._fail(waiting, waiting.request.unanswered("late", _TOO_LATE))
        else:
            self._fail(waiting, waiting.request.unsent("its turn did not come in time"))

    def _write(self) -> None:
        while self._outgoing:
            waiting = self._outgoing[0]
            if not waiting.begun and len(self._in_flight) >= _MAX_IN_FLIGHT:
                break
            try:
                count = self._connection.send(waiting.rest)
            except BlockingIOError:
                self._loop.add_writer(self._connection, self._write)
                return
            except OSError:
                self.end("the connection to krakkend ended")
                return
            if not waiting.begun:
                self._begin(waiting)
            waiting.rest = waiting.rest[count:]
            if not waiting.rest:
                self._outgoing.popleft()
        self._loop.remove_writer(self._connection)

    def _begin(self, waiting: _Waiting) -> None:
        waiting.begun = True
        self._in_flight.add(waiting.request.number)
        if waiting.timer is not None:
            waiting.timer.cancel()
        waiting.timer = self._loop.call_later(waiting.request.patience, self._expire, waiting)

    def _read(self) -> None:
        try:
            data = self._connection.recv(_RECEIVE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.end(_ENDED)
            return
        first, *others = data.split(b"\n")
        self._received.append(first)
        for piece in others:
            self._answer(b"".join(self._received))
            self._received = [piece]
        if sum(map(len, self._received)) > _MAX_REPLY_BYTES:
            self.end(_NO_PROTOCOL)
        elif self._is_open:
            self._write()

    def _answer(self, line: bytes) -> None:
        reply = _read_reply(line)
        if reply is None or not isinstance(reply["id"], int):
            self.end(_NO_PROTOCOL)  # an answer that cannot be matched leaves every request open
            return
        self._in_flight.discard(reply["id"])
        waiting = self._waiting.get(reply["id"])
        if waiting is not None and not waiting.answer.done():  # else its wait has ended
            waiting.answer.set_result(reply)
