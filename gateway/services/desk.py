"""What the services need to know of this installation, gathered once at start."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway import tokens
from gateway.config import Config, Mail, Site, Tickets, Trust
from gateway.mail import clues
from gateway.mail.reading import Surroundings
from gateway.mail.templates import Templates

TEMPLATES = Path(__file__).resolve().parents[2] / "templates" / "email"
"""At the root of a checkout, and beside the packages when installed."""


@dataclass(frozen=True, slots=True)
class MailboxTopic:
    """Where the mail of an IMAP mailbox goes that names no address of ours."""

    topic: str
    address: str


@dataclass(frozen=True, slots=True)
class Desk:
    """Sections of the configuration, the key of the short codes, the words of our mail."""

    site: Site
    mail: Mail
    trust: Trust
    tickets: Tickets
    secret: bytes
    templates: Templates
    mailboxes: Mapping[str, MailboxTopic]
    registration: bool  # whether people may make an account themselves

    @property
    def loop(self) -> str:
        """Value of our loop header: names this installation, keyed so that nobody can forge it."""
        return tokens.loop_mark(self.secret, self.mail.message_id_domain)

    @property
    def support(self) -> str:
        """How the team signs: "Soporte Sysmo"."""
        return self.mail.name or self.site.name

    def code(self, number: int) -> str:
        """The keyed code of a ticket's number, "k7q2"."""
        return tokens.ticket_code(self.secret, number)

    def thread_root(self, number: int) -> str:
        """The Message-ID that all our mail on a ticket refers to, so that mail programs thread it."""
        return clues.thread_root(number, self.code(number), self.mail.message_id_domain)

    def url(self, path: str) -> str:
        """An absolute URL; only `base_url` makes them (W8)."""
        return self.site.base_url.rstrip("/") + path

    def surroundings(self) -> Surroundings:
        """What reading needs of all this."""
        return Surroundings(
            domain=self.mail.message_id_domain,
            reply_address=self.mail.reply_address,
            installation=self.loop,
            authserv_ids=self.trust.authserv_ids,
            dkim=self.trust.dkim,
        )


def open_desk(config: Config, secret: bytes) -> Desk:
    """Gather a Desk from the configuration, with the templates of this installation."""
    return Desk(
        site=config.site,
        mail=config.mail,
        trust=config.trust,
        tickets=config.tickets,
        secret=secret,
        templates=Templates(TEMPLATES),
        mailboxes={name: MailboxTopic(each.topic, each.address) for name, each in config.imap.items()},
        registration=config.accounts.registration,
    )
