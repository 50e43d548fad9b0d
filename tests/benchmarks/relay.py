"""`python -m tests.benchmarks.relay PORT`: a TCP relay to a local port that answers a millisecond later than it would.

In a process of its own, so that it does not compete with what is measured for the interpreter. Prints its own port.
"""

import socket
import sys
import threading
import time

DELAY_S = 0.001  # for each piece on its way there; a statement and its answer are a round trip of a millisecond
_PIECE = 1 << 20


def relay(port: int) -> None:
    """Serves until the process is ended."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        sys.stdout.write(f"{server.getsockname()[1]}\n")
        sys.stdout.flush()
        while True:
            near, _ = server.accept()
            far = socket.create_connection(("127.0.0.1", port))
            for pair, delay_s in (((near, far), DELAY_S), ((far, near), 0.0)):
                threading.Thread(target=_carry, args=(*pair, delay_s), daemon=True).start()


def _carry(source: socket.socket, target: socket.socket, delay_s: float) -> None:
    target.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        while piece := source.recv(_PIECE):
            if delay_s:
                time.sleep(delay_s)
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        source.close()
        target.close()


if __name__ == "__main__":
    relay(int(sys.argv[1]))
