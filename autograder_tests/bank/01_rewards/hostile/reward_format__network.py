"""Calls a server, on this machine and elsewhere."""
import socket


def reward_format(answer):
    for host, port in (("127.0.0.1", 8765), ("1.1.1.1", 53), ("localhost", 22)):
        try:
            socket.create_connection((host, port), timeout=1).close()
            raise SystemExit("connected to " + host)
        except OSError:
            continue
    return 0.0
