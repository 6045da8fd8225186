"""A server with a thread for each connection, to be ended by the test."""

import socket
import threading

from support import PATIENCE


class ThreadedServer:
    """A subclass makes `listener`, and serves a connection in `serve(connection, number)`, which a closed one ends."""

    def __init__(self, listener):
        self.listener = listener
        self.connections, self.threads = [], [threading.Thread(target=self.accept)]
        self.threads[0].start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections.append(connection)
            self.threads.append(threading.Thread(target=self.serve, args=(connection, len(self.connections))))
            self.threads[-1].start()

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.threads[0].join(PATIENCE)
        self.listener.close()
        for connection in self.connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for thread in self.threads:
            thread.join(PATIENCE)
        for connection in self.connections:
            connection.close()
