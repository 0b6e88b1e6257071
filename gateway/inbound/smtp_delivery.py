"""A mail from the 354 to the journal: read in one of the places for mails, written down, committed."""

import asyncio
from collections.abc import Awaitable, Callable

from gateway import failpoints
from gateway.errors import MailRefused, TryLater
from gateway.inbound.peers import Peer
from gateway.inbound.smtp_data import receive, to_the_end
from gateway.inbound.smtp_lobby import Lobby, Transaction
from gateway.inbound.smtp_replies import FAILED
from gateway.mail.peek import peek
from gateway.models.queues import Door
from gateway.rules import limits
from gateway.services.blobs import Content, Spool
from gateway.services.journal import Incoming


async def read_mail(
    lobby: Lobby,
    transaction: Transaction,
    reader: asyncio.StreamReader,
    *,
    strict: bool,
    invite: Callable[[], Awaitable[None]],
    progress: Callable[[], None],
) -> Content:
    """Wait for a place, `invite` the peer to send, read to the end of data (B10).

    The place is free again before the commit, so that many mails may wait for the same one.
    """
    octets = transaction.declared or lobby.max_bytes
    if not await lobby.places.take(octets, seconds=lobby.timers.place):
        raise TryLater("451 4.3.2 Too many messages at once, try again later")
    spool = Spool(lobby.spools)
    try:
        await invite()
        content = await receive(reader, spool, max_bytes=lobby.max_bytes, strict=strict, progress=progress)
    except BaseException:
        spool.discard()
        raise
    finally:
        lobby.places.give_back(octets)
    failpoints.hit("S1")
    return content


async def keep_mail(lobby: Lobby, transaction: Transaction, peer: Peer, content: Content) -> int:
    """Hand a mail to the journal; return its entry once that is committed (D1).

    The commit has a budget, and goes on when it is over or when the connection is gone: if it
    succeeds after all, the sender's retry is a duplicate (D9, E1).
    """
    try:
        mail = await _looked_at(lobby, transaction, peer, content)
    except BaseException:
        content.discard()
        raise
    try:
        async with asyncio.timeout(lobby.timers.commit):
            return await lobby.append(mail)
    except TimeoutError:
        raise TryLater(FAILED) from None
    except Exception:
        content.discard()
        raise


async def _looked_at(lobby: Lobby, transaction: Transaction, peer: Peer, content: Content) -> Incoming:
    """Return the mail as the journal takes it; MailRefused when it goes in circles (L8).

    TryLater when its sender opened too many requests. From a listed peer it is held for that, later:
    our own servers have nobody to leave it with (B5).
    """
    in_memory = content.data is not None
    seen = peek(_head(content) if in_memory else await to_the_end(_head, content))
    if seen.hops > limits.HOPS or seen.loops.count(lobby.own_loop) >= limits.OWN_HOPS:
        raise MailRefused("554 5.4.6 Passed on too often, it seems to go in circles")
    recipients = tuple(transaction.recipients)
    if not peer.listed and not await lobby.requests.has_room(seen, recipients, now=lobby.now()):
        raise TryLater("451 4.7.1 Too many requests of this sender, try again later")
    return Incoming(
        door=Door.SMTP,
        content=content,
        recipients=recipients,
        received_at=lobby.now(),
        message_id=seen.message_id,
        from_address=seen.from_address,
        envelope_from=transaction.sender,
        peer=peer.address,
        listed_peer=peer.listed,
    )


def _head(content: Content) -> bytes:
    return content.head(limits.HEADER_OCTETS)
