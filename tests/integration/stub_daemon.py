"""A server at a Unix socket that says what krakkend never would, for the tests of the client libraries."""

import json
import pathlib
import shutil
import socket
import tempfile

from support import PATIENCE
from threaded_server import ThreadedServer


class StubDaemon(ThreadedServer):
    """Each line is noted and given to `answer`, as a parsed request; bytes that it returns are sent, None closes the connection.

    A `talk` of one's own, which gets the connection, does whatever it likes instead.
    """

    def __init__(self, answer=None, talk=None):
        self.answer, self.talk = answer, talk or self.converse
        self.lines = []  # (number of the connection, line)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="krakken-"))
        self.path = self.folder / "krakkend.sock"
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self.path))
        listener.listen()
        super().__init__(listener)

    def serve(self, connection, number):
        connection.settimeout(PATIENCE)
        try:
            self.talk(connection, number)
        except OSError:
            pass
        finally:
            connection.close()

    def converse(self, connection, number):
        with connection.makefile("rb") as lines:
            for line in lines:
                self.lines.append((number, line))
                answer = self.answer(json.loads(line))
                if answer is None:
                    connection.shutdown(socket.SHUT_RDWR)  # the file keeps it open otherwise
                    return
                connection.sendall(answer)

    def requests(self):
        return [json.loads(line) for _, line in self.lines]

    def stop(self):
        super().stop()
        shutil.rmtree(self.folder)


def reply(request, result_text):
    """A reply whose result is this very text."""
    return b'{"jsonrpc":"2.0","id":%d,"result":%s}\n' % (request["id"], result_text.encode())


def refusal(request, code, category, **data):
    data = {"category": category, "executed": "no", "retryable": False, "origin": "daemon", **data}
    error = {"code": code, "message": "the daemon's sentence", "data": data}
    return json.dumps({"jsonrpc": "2.0", "id": request["id"], "error": error}).encode() + b"\n"


# What a server may do to a request, instead of answering it.
BREACHES = {
    "end": lambda request: None,
    "no JSON": lambda request: b"hello\n",
    "another id": lambda request: reply({"id": request["id"] + 1000}, "true") + b"nonsense\n",
    "neither result nor error": lambda request: b'{"jsonrpc":"2.0","id":%d}\n' % request["id"],
    "a list": lambda request: b"[]\n",
}


def read_some_and_close(connection, go, lines):
    """From `go` on it reads half a MiB and closes; keeps the lines that came whole."""
    go.wait(PATIENCE)
    received = b""
    while len(received) < 512 * 1024:
        received += connection.recv(64 * 1024)
    lines.extend(received.split(b"\n")[:-1])
