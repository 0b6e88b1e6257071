"""A real Dovecot for one test: its own configuration, folder, port and user, on the loopback only."""

import contextlib
import grp
import os
import pwd
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from imapclient import IMAPClient

PASSWORD = "clave-secreta"

_CONFIG = """
base_dir = {directory}/run
state_dir = {directory}/run
log_path = {directory}/log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
default_internal_user = {internal}
default_login_user = {login}
default_internal_group = {group}
first_valid_uid = 1
first_valid_gid = 1
mail_location = maildir:{directory}/mail/%u
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={directory}/mail/%u
}}
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service stats {{
  chroot =
}}
"""


@dataclass(frozen=True)
class Dovecot:
    """Where it listens, and whose mailbox is meant: it takes any name with the same password."""

    port: int
    user: str = "soporte@example.com"

    def client(self) -> IMAPClient:
        """Another client of the same mailbox, signed in, INBOX selected; close it by `with`."""
        client = IMAPClient("127.0.0.1", self.port, ssl=False, timeout=20)
        client.login(self.user, PASSWORD)
        client.select_folder("INBOX")
        return client

    def deliver(self, data: bytes) -> int:
        """Append a mail to INBOX; return its UID."""
        with self.client() as client:
            found = re.search(rb"APPENDUID \d+ (\d+)", client.append("INBOX", data))
        assert found is not None
        return int(found[1])


@contextlib.contextmanager
def dovecot() -> Iterator[Dovecot]:
    """Start it on a free port, in a folder its users may enter; stop it at the end."""
    program = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if program is None:
        pytest.skip("dovecot is not installed")
    with tempfile.TemporaryDirectory(prefix="dovecot-") as name:
        directory = Path(name)
        directory.chmod(0o755)
        port = _free_port()
        (directory / "dovecot.conf").write_text(_configuration(directory, port))
        with (directory / "output").open("w") as output:
            process = subprocess.Popen(
                [program, "-F", "-c", directory / "dovecot.conf"], stdout=output, stderr=subprocess.STDOUT
            )
        try:
            _wait_for_greeting(port, process, directory)
            yield Dovecot(port)
        finally:
            process.terminate()
            process.wait(20)


def _configuration(directory: Path, port: int) -> str:
    """Started by root it needs users without rights, as Debian's package makes them; else it is all us."""
    own = pwd.getpwuid(os.getuid())
    root = own.pw_uid == 0
    mail = pwd.getpwnam("nobody") if root else own
    internal = pwd.getpwnam("dovecot") if root else own
    login = pwd.getpwnam("dovenull") if root else own
    (directory / "mail").mkdir()
    os.chown(directory / "mail", mail.pw_uid, mail.pw_gid)
    return _CONFIG.format(
        directory=directory,
        port=port,
        password=PASSWORD,
        uid=mail.pw_uid,
        gid=mail.pw_gid,
        internal=internal.pw_name,
        group=grp.getgrgid(internal.pw_gid).gr_name,
        login=login.pw_name,
    )


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _wait_for_greeting(port: int, process: subprocess.Popen[bytes], directory: Path) -> None:
    """Dovecot tells nobody when it is ready, so it is asked until it answers."""
    until = time.monotonic() + 20
    while process.poll() is None and time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5) as connection:
            if connection.recv(4) == b"* OK":
                return
        time.sleep(0.05)
    process.kill()
    said = [file.read_text()[-2000:] for file in (directory / "output", directory / "log") if file.exists()]
    raise AssertionError(f"dovecot does not answer: {said}")
