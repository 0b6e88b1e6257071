"""Certificates for servers under test, made by the `openssl` program."""

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

_CONFIG = """
[ca]
default_ca = only
[only]
database = {directory}/index.txt
new_certs_dir = {directory}
rand_serial = yes
default_md = sha256
policy = any
[any]
commonName = supplied
"""


def make_certificate(directory: Path, address: str = "IP:127.0.0.1", *, expired: bool = False) -> Path:
    """Return a PEM file with a key and its self-signed certificate for `address`; skips without openssl."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    directory.mkdir(parents=True, exist_ok=True)
    key, request, certificate = (directory / name for name in ("key.pem", "request.pem", "certificate.pem"))
    (directory / "index.txt").write_text("")
    (directory / "ca.conf").write_text(_CONFIG.format(directory=directory))
    (directory / "extensions.conf").write_text(f"subjectAltName = {address}\nbasicConstraints = CA:TRUE\n")
    ends = "20200102000000Z" if expired else "20991231000000Z"
    for command in (
        f"req -new -newkey rsa:2048 -nodes -keyout {key} -out {request} -subj /CN=relay",
        f"ca -selfsign -batch -notext -config {directory}/ca.conf -extfile {directory}/extensions.conf"
        f" -in {request} -keyfile {key} -out {certificate} -startdate 20200101000000Z -enddate {ends}",
    ):
        subprocess.run([openssl, *command.split()], check=True, capture_output=True)
    both = directory / "both.pem"
    both.write_text(key.read_text() + certificate.read_text())
    return both


def server_context(pem: Path) -> ssl.SSLContext:
    """Return what a server offers TLS with."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context
