"""Drives a program through a pseudo-terminal, as a person would. Nothing is sent before the program has asked for it."""

import os
import pty
import select
import signal
import termios

DEADLINE = 60  # seconds; only ever reached by a test that fails


class Terminal:
    """A program at a terminal of its own: what is shown to a person, and what a person types."""

    def __init__(self, command, environment):
        self.shown = b""
        self.at = 0
        self.status = None
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.execve(command[0], [str(word) for word in command], environment)

    def read_some(self):
        if not select.select([self.terminal], [], [], DEADLINE)[0]:
            raise AssertionError(f"nothing more came after {self.shown!r}")
        try:
            piece = os.read(self.terminal, 4096)
        except OSError:  # how Linux tells that the other side has gone
            piece = b""
        self.shown += piece
        return piece

    def end(self):
        """Leaves nothing behind, also where the test failed half-way."""
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.terminal)

    def expect(self, text):
        """Reads until `text` was shown, behind everything that was expected before."""
        start = self.at
        while text.encode() not in self.shown[start:]:
            if not self.read_some():
                raise AssertionError(f"{text!r} was not shown, but {self.shown[start:]!r}")
        self.at = self.shown.index(text.encode(), start) + len(text.encode())

    def type(self, line):
        os.write(self.terminal, line.encode() + b"\n")

    def press(self, key):
        """A key with Control: press("C") interrupts, press("Z") stops, press("D") ends the input."""
        os.write(self.terminal, bytes([ord(key) & 0x1F]))

    def echoes(self):
        return bool(termios.tcgetattr(self.terminal)[3] & termios.ECHO)

    def wait(self):
        while self.read_some():
            pass
        return self.reap()

    def reap(self):
        self.status = os.waitpid(self.pid, 0)[1]
        return self.status
