"""`sysmo check --mail`: sign in to every mailbox and to the smarthost, read the DNS of our domain.

Reads only: no mail is fetched, marked or sent.
"""

import asyncio
import ssl
from collections.abc import Callable, Iterator

import dns.exception
import dns.resolver
from aiosmtplib import SMTPException
from imapclient.exceptions import IMAPClientError

from gateway.catalogue import _
from gateway.cli.domain_records import judge_domain
from gateway.cli.findings import Finding, found, problem
from gateway.cli.request import Words
from gateway.config import Config, Imap, Mailer, secret_of
from gateway.errors import SysmoError
from gateway.inbound.imap_connection import Connection, Timing
from gateway.outbound.relay_connection import RelaySettings, Security, Unfit, open_connection

DNS_SECONDS = 4
PATIENCE = Timing(connect=10, read=10)

Lookup = Callable[[str], list[str] | None]


def check_mail(config: Config, words: Words) -> Iterator[Finding]:
    """Everything that is outside this machine."""
    for name, section in config.imap.items():
        yield check_mailbox(name, section, words)
    if config.mailer.transport == "smtp":
        yield check_smarthost(config, words)
    domain = config.mail.address.rpartition("@")[2]
    yield from judge_domain(domain, texts_of, selector=_own_selector(config.mailer), words=words)


def texts_of(name: str) -> list[str] | None:
    """Return the TXT records of a name; None when nobody answered, which says nothing about them."""
    resolver = dns.resolver.Resolver()
    try:
        answer = resolver.resolve(name, "TXT", lifetime=DNS_SECONDS)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except dns.exception.DNSException:
        return None
    return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]


def check_mailbox(name: str, section: Imap, words: Words) -> Finding:
    try:
        with Connection(section, PATIENCE) as connection:
            connection.sign_in()
            exists = connection.select().exists
    except (IMAPClientError, SysmoError, OSError) as error:
        text = words(_("The mailbox {name} cannot be read: {error}"))
        return problem("mailbox", text.format(name=name, error=_reason(error)), name=name)
    text = words(_("The mailbox {name} can be read; it has {count} messages."))
    return found("mailbox", text.format(name=name, count=exists), name=name, count=exists)


def check_smarthost(config: Config, words: Words) -> Finding:
    where = f"{config.mailer.host}:{config.mailer.port}"
    try:
        asyncio.run(_sign_in(config))
    except (SMTPException, Unfit, SysmoError, OSError) as error:
        text = words(_("The smarthost {where} does not take our e-mail: {error}"))
        return problem("smarthost", text.format(where=where, error=_reason(error)), where=where)
    return found("smarthost", words(_("The smarthost {where} lets us in.")).format(where=where), where=where)


async def _sign_in(config: Config) -> None:
    section = config.mailer
    settings = RelaySettings(
        host=section.host,
        port=section.port,
        local_hostname=config.smtp.hostname or config.mail.message_id_domain,
        security=Security(section.security),
        username=section.username,
        password=secret_of(section.password, section.password_file),
        timeout=PATIENCE.read,
        trusted=section.ca_file,
    )
    client = await open_connection(settings)
    await client.quit(timeout=PATIENCE.read)


def _own_selector(mailer: Mailer) -> str | None:
    """The DKIM selector, if we sign ourselves; otherwise the smarthost does, with one we do not know."""
    return f"{mailer.dkim_selector}._domainkey.{mailer.dkim_domain}" if mailer.dkim_key is not None else None


def _reason(error: Exception) -> str:
    """One line of a server's or library's words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:300]
