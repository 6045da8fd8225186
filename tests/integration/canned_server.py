"""A server that says what the simulated exchange never would."""

import http.client
import socket
import ssl

from support import PATIENCE
from threaded_server import ThreadedServer


class CannedServer(ThreadedServer):
    """A TLS server that answers with prepared bytes: for what the exchange would never say.

    `answers` maps a path to whole HTTP replies given one after the other (the last one again and again), or to None: close.
    What is asked of another path is not answered and not noted.
    """

    def __init__(self, certificate, private_key, address="127.0.0.1"):
        self.answers = {}
        self.requests = []
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, private_key)
        listener = socket.create_server((address, 0))
        self.base_url = f"https://{address}:{listener.getsockname()[1]}"
        super().__init__(listener)

    def serve(self, connection, _):
        try:
            connection.settimeout(PATIENCE)
            stream = self.context.wrap_socket(connection, server_side=True)
            self.connections.append(stream)
            reader = stream.makefile("rb")
            while self.serve_one(stream, reader):
                pass
            stream.unwrap()
        except (OSError, ValueError):
            return

    def serve_one(self, stream, reader):
        start = reader.readline()
        if not start:
            return False
        headers = http.client.parse_headers(reader)
        body = reader.read(int(headers.get("Content-Length", 0)))
        target = start.split()[1].decode()
        answers = self.answers.get(target.split("?")[0])
        if answers is None:
            return False  # what the daemon asks by itself, such as the time
        self.requests.append((target, headers, body))
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if answer is None:
            return False
        stream.sendall(answer)
        return b"connection: close" not in answer.split(b"\r\n\r\n")[0].lower()


def http_reply(body, status="200 OK", content_type="application/json", more=""):
    body = body if isinstance(body, bytes) else body.encode()
    return f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n{more}\r\n".encode() + body
