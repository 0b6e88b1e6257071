"""What the configuration says of how mail goes out: the transport, and the signature in front."""

from dataclasses import dataclass
from datetime import datetime

from gateway.config import Mailer, secret_of
from gateway.errors import ConfigError
from gateway.mail.signing import is_usable_key, sign
from gateway.outbound.delivery import Transport
from gateway.outbound.folder import Folder
from gateway.outbound.relay_connection import RelaySettings, Security
from gateway.outbound.smarthost import Smarthost


@dataclass(frozen=True, slots=True)
class Signature:
    """Whose DKIM signature goes in front of our mail."""

    domain: str
    selector: str
    private_key: bytes

    def of(self, data: bytes, at: datetime) -> bytes:
        """The signature of a mail, the same for every attempt since its time is the mail's (E3)."""
        return sign(
            data,
            domain=self.domain,
            selector=self.selector,
            private_key=self.private_key,
            at=int(at.timestamp()),
        )


def read_signature(section: Mailer) -> Signature | None:
    """Return what to sign with, or None when our mail is signed by the relay or not at all."""
    if section.dkim_key is None:
        return None
    try:
        key = section.dkim_key.read_bytes()
    except OSError as error:
        raise ConfigError([f"[mailer] dkim_key: {section.dkim_key}: {error.strerror}"]) from None
    if not is_usable_key(key):
        raise ConfigError([f"[mailer] dkim_key: {section.dkim_key} is no RSA key in PEM form"])
    return Signature(section.dkim_domain, section.dkim_selector, key)


def open_transport(section: Mailer, *, hostname: str) -> Transport:
    """Return the way out that the configuration names; `hostname` is what we say in EHLO."""
    if section.transport == "folder":
        return Folder(section.folder)
    return Smarthost(relay_settings(section, hostname=hostname))


def relay_settings(section: Mailer, *, hostname: str) -> RelaySettings:
    """Return where the relay is; `hostname` is what we say in EHLO."""
    return RelaySettings(
        host=section.host,
        port=section.port,
        local_hostname=hostname,
        security=Security(section.security),
        username=section.username,
        password=secret_of(section.password, section.password_file),
        timeout=section.timeout_seconds,
        trusted=section.ca_file,
    )
