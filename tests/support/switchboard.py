"""An address that leads to one server, and later to another: as a server looks, from outside, that was started anew."""

import socket
import socketserver
import threading
from contextlib import suppress
from urllib.parse import urlsplit

__all__ = ["Switchboard"]


class Switchboard(socketserver.ThreadingTCPServer):
    """``with Switchboard(address) as board:`` passes every byte on; ``board.address`` is its own."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(self, address):
        super().__init__(("127.0.0.1", 0), _Line)
        self.address = f"http://127.0.0.1:{self.server_address[1]}/"
        self.lines = set()  # sockets that are open
        self.lead_to(address)

    def lead_to(self, address):
        """Pass everything on to that address from now on; whatever was open breaks off."""
        self.goal = urlsplit(address)
        for line in tuple(self.lines):
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def __enter__(self):
        threading.Thread(target=self.serve_forever, args=(0.1,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.lead_to(self.address)
        self.shutdown()
        self.server_close()


class _Line(socketserver.BaseRequestHandler):
    def handle(self):
        """Pass bytes in both directions until either side ends."""
        goal = self.server.goal
        with suppress(OSError), socket.create_connection((goal.hostname, goal.port)) as inside:
            self.server.lines |= {self.request, inside}
            back = threading.Thread(target=_pass_on, args=(inside, self.request), daemon=True)
            back.start()
            _pass_on(self.request, inside)
            back.join()
            self.server.lines -= {self.request, inside}


def _pass_on(source, goal):
    with suppress(OSError):
        while some := source.recv(1 << 16):
            goal.sendall(some)
    for end in (source, goal):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
