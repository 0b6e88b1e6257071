"""What a listener asks the database before it takes a mail: is this recipient one of ours?"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlmodel import Session

from gateway.config import Mail
from gateway.mail import addresses
from gateway.models.columns import table_of
from gateway.models.people import Token, TokenPurpose, User
from gateway.models.topics import Topic
from gateway.services.statements import run
from gateway.tokens import hash_token

POSTMASTER = "postmaster"
ADDRESSES = select(table_of(Topic).c.address).where(table_of(Topic).c.address.is_not(None))


@dataclass(frozen=True, slots=True)
class Ours:
    """The addresses anybody may write to, and the domains they are of; all in normal form."""

    addresses: frozenset[str]
    domains: frozenset[str]


def ours(session: Session, mail: Mail) -> Ours:
    """Return our plain addresses: the house's, the topics', and the postmaster of each domain.

    A topic that is switched off keeps its address: whoever knows it shall still reach somebody.
    The postmaster must be reachable wherever mail is taken (RFC 5321, 4.5.1).
    """
    topics = run(session, ADDRESSES).scalars()
    plain = {form for each in (mail.address, *topics) if (form := addresses.normal_form(each)) is not None}
    reply_address = addresses.normal_form(addresses.tokened(mail.reply_address, "token"))
    domains = {address.rpartition("@")[2] for address in (*plain, reply_address) if address}
    return Ours(frozenset(plain | {f"{POSTMASTER}@{domain}" for domain in domains}), frozenset(domains))


def token_in(mail: Mail, address: str) -> tuple[TokenPurpose, str] | None:
    """Return the kind and the token of a reply or bounce address, by its looks alone."""
    if token := addresses.find_token(mail.reply_address, address):
        return TokenPurpose.REPLY, token
    if token := addresses.find_bounce_token(mail.reply_address, address):
        return TokenPurpose.BOUNCE, token
    return None


def is_house(mail: Mail, address: str) -> bool:
    """Whether an address is ours by the configuration alone: the house's, or of the form of a reply address.

    With `soporte+{token}@…` all that begins with `soporte+` comes to us, whatever stands behind the plus.
    """
    if address == addresses.normal_form(mail.address) or token_in(mail, address) is not None:
        return True
    front = mail.reply_address.partition("{token}")[0].lower()
    any_form = addresses.normal_form(addresses.tokened(mail.reply_address, "token")) or ""
    same_domain = address.rpartition("@")[2] == any_form.rpartition("@")[2]
    return front.endswith("+") and address.startswith(front) and same_domain


def is_ours(session: Session, mail: Mail, address: str) -> bool:
    """Whether an address is a topic's, the house's, a reply or a bounce address: never a person (L7)."""
    return not people_among(session, mail, [address])


def is_free(session: Session, address: str) -> bool:
    """Whether an address, in its normal form, is neither a topic's nor a person's."""
    topic, person = table_of(Topic).c, table_of(User).c
    taken = select(topic.id).where(topic.address == address)
    known = select(person.id).where(person.email == address)
    return session.execute(taken.union_all(known)).first() is None


def people_among(session: Session, mail: Mail, emails: Iterable[str]) -> list[str]:
    """Return the addresses that are not ours, in order."""
    own = ours(session, mail).addresses
    return [email for email in emails if email not in own and not is_house(mail, email)]


def shown(mail: Mail, address: str) -> str:
    """Return an address fit for a log: what might be a token of ours is left out (C7)."""
    front, place, _ = mail.reply_address.partition("{token}")
    return mail.reply_address if place and address.lower().startswith(front) else address


def was_issued(session: Session, purpose: TokenPurpose, token: str) -> bool:
    """Whether we ever wrote this token. A revoked or expired one counts: its mail must not be lost."""
    table = table_of(Token)
    found = session.execute(
        select(table.c.purpose).where(table.c.hash == hash_token(token), table.c.purpose == purpose)
    )
    return found.first() is not None
