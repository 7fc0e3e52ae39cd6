"""Hosts for tests: network namespaces of this machine with an address, a name and an ssh server each, and the same files."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil

PROGRAMS = ("ip", "nsenter", "pdsh", "ssh", "ssh-keygen", "/usr/sbin/sshd", "unshare")
SUBNET = "10.213.47"


def missing() -> str:
    """Why there can be no hosts on this machine; "" where there can."""
    if os.geteuid() != 0:
        return "needs root, for network namespaces"
    without = [name for name in PROGRAMS if shutil.which(name) is None]
    return f"needs {', '.join(without)} (apt-get install openssh-server pdsh iproute2)" if without else ""


class Host:
    """One of them. Everything that runs in it is in its network namespace."""

    def __init__(self, name: str, address: str, folder: Path) -> None:
        self.name, self.address = name, address
        settings = {"HostKey": folder / "key", "AuthorizedKeysFile": folder / "key.pub", "ListenAddress": address,
                    "StrictModes": "no", "PidFile": "none", "PermitRootLogin": "yes"}  # fmt: skip
        (folder / f"sshd_{name}").write_text("".join(f"{key} {value}\n" for key, value in settings.items()))
        begin = [
            f"hostname {name}", f"mount --bind {folder}/hosts /etc/hosts", "mount -t tmpfs none /run", "mkdir /run/sshd",
            f"until ip -o addr | grep -q {address}; do sleep 0.05; done", f"exec /usr/sbin/sshd -D -f {folder}/sshd_{name}",
        ]  # fmt: skip
        command = ["unshare", "--net", "--uts", "--mount", "sh", "-c", " && ".join(begin)]
        self._sshd = subprocess.Popen(command, start_new_session=True)

    @property
    def pid(self) -> int:
        return self._sshd.pid

    def enter(self, *command: str) -> list[str]:
        """The command that runs `command` in this host."""
        return ["nsenter", "--target", str(self.pid), "--net", "--uts", "--mount", "--wd=.", *command]

    def processes(self) -> list[str]:
        """What runs here beside the ssh server, as command lines."""
        mine, found = os.readlink(f"/proc/{self.pid}/ns/net"), []
        for process in psutil.process_iter(["cmdline"]):
            try:
                here = os.readlink(f"/proc/{process.pid}/ns/net") == mine
            except OSError:  # ended meanwhile
                continue
            if here and process.info["cmdline"] and "sshd" not in process.info["cmdline"][0]:
                found.append(" ".join(process.info["cmdline"])[:200])
        return found

    def close(self) -> None:
        for child in psutil.Process(self.pid).children(recursive=True):
            child.kill()
        self._sshd.kill()
        self._sshd.wait()


@contextmanager
def hosts(folder: Path, names: Sequence[str]) -> Iterator[tuple[list[Host], dict[str, str]]]:
    """Hosts with these names that reach each other by ssh, and the environment in which `ssh` and `pdsh` do. At most two."""
    (folder / "hosts").write_text(
        "127.0.0.1 localhost\n" + "".join(f"{SUBNET}.{n} {name}\n" for n, name in enumerate(names, 1))
    )
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / "key")], check=True)
    (folder / "ssh_config").write_text(
        f"IdentityFile {folder}/key\nStrictHostKeyChecking no\nUserKnownHostsFile {folder}/known\nLogLevel ERROR\n"
    )
    (folder / "bin").mkdir()
    ssh = folder / "bin" / "ssh"  # ssh takes its configuration from the user's home, whatever HOME says
    ssh.write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F {folder}/ssh_config "$@"\n')
    ssh.chmod(0o755)
    with ExitStack() as stack:
        found = []
        for number, name in enumerate(names, 1):
            found.append(Host(name, f"{SUBNET}.{number}", folder))
            stack.callback(found[-1].close)
        _connect(*found)
        environment = {**os.environ, "PATH": f"{folder}/bin:{os.environ['PATH']}"}
        for host in found:
            _wait_for_ssh(found[0], host, environment)
        yield found, environment


def _connect(one: Host, other: Host) -> None:
    """A cable between two hosts."""
    ours = os.readlink("/proc/self/ns/net")
    for host in (one, other):
        while os.readlink(f"/proc/{host.pid}/ns/net") == ours:  # until `unshare` is that far
            time.sleep(0.01)
    ends = ["netns", str(one.pid), "name", "cable", "type", "veth", "peer", "name", "cable", "netns", str(other.pid)]
    subprocess.run(["ip", "link", "add", *ends], check=True)
    for host in (one, other):
        inside = ["nsenter", "--target", str(host.pid), "--net", "ip"]
        subprocess.run([*inside, "link", "set", "lo", "up"], check=True)
        subprocess.run([*inside, "link", "set", "cable", "up"], check=True)
        subprocess.run([*inside, "addr", "add", f"{host.address}/24", "dev", "cable"], check=True)


def _wait_for_ssh(start: Host, host: Host, environment: dict[str, str]) -> None:
    deadline = time.monotonic() + 20
    while subprocess.run(start.enter("ssh", host.name, "true"), env=environment, capture_output=True).returncode != 0:
        if time.monotonic() > deadline:
            raise TimeoutError(f"no ssh server answered on {host.name} within 20 s")
        time.sleep(0.1)
