"""A connection to the relay: protected and signed in as the settings say, or none at all (O2)."""

import asyncio
import ssl
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path

from aiosmtplib import SMTP


class Security(StrEnum):
    """How the way to the relay is protected."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class RelaySettings:
    """Where the relay is and how it knows us. Times in seconds."""

    host: str
    port: int
    local_hostname: str  # what we say in EHLO
    security: Security = Security.STARTTLS
    username: str = ""
    password: str = field(default="", repr=False)
    timeout: float = 60  # of a connection and of each reply
    final_timeout: float = 300  # of the reply to the final dot; RFC 5321 asks for patience there
    idle: float = 30  # how long an unused connection is kept
    trusted: Path | None = None  # a private authority's certificates, besides the system's


class Unfit(Exception):
    """The relay does not offer what the settings insist on."""


async def open_connection(settings: RelaySettings) -> SMTP:
    """Return a connection that is ready for MAIL. Raises what aiosmtplib and `ssl` raise, and `Unfit`."""
    secured = settings.security is not Security.NONE
    client = SMTP(
        hostname=settings.host,
        port=settings.port,
        local_hostname=settings.local_hostname,
        timeout=settings.timeout,
        use_tls=settings.security is Security.TLS,
        start_tls=False,  # the library's own default goes on in clear when STARTTLS is not offered
        tls_context=await asyncio.to_thread(_tls_context, settings.trusted) if secured else None,
    )
    try:
        await client.connect()
        await client.ehlo()
        if settings.security is Security.STARTTLS:
            if not client.supports_extension("starttls"):
                raise Unfit("the relay does not offer STARTTLS")
            await client.starttls()
            await client.ehlo()
        if settings.username:
            await _sign_in(client, settings)
    except ValueError as error:  # a host that is no name, a challenge that is no base64
        client.close()
        raise Unfit(f"the relay cannot be talked to: {error}") from error
    except BaseException:
        client.close()
        raise
    return client


def is_certificate_problem(error: BaseException) -> bool:
    """Whether the relay could not prove who it is: expired, another name, an unknown authority."""
    return any(isinstance(each, ssl.SSLCertVerificationError) for each in (error, error.__cause__))


async def _sign_in(client: SMTP, settings: RelaySettings) -> None:
    if settings.security is Security.NONE and not _is_loopback(settings.host):
        raise Unfit("credentials are not sent over an unprotected connection")
    if not client.supported_auth_methods:
        raise Unfit("the relay does not offer to sign in")
    await client.login(settings.username.encode(), settings.password.encode())


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _tls_context(trusted: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if trusted is not None:
        context.load_verify_locations(cafile=trusted)
    return context
