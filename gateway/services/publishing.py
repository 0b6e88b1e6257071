"""An operator's mail before it reaches a client: what of it goes, and whether it may go at all (C3, T13)."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import bindparam, select
from sqlmodel import Session

from gateway import tokens
from gateway.mail import leaks
from gateway.mail.leaks import Leak
from gateway.mail.reading import Reading
from gateway.models.columns import table_of
from gateway.models.people import Token
from gateway.models.tickets import Attachment, Message, Ticket
from gateway.rules.lifecycle import MessageKind
from gateway.rules.people import Sender
from gateway.services.contributions import Contribution, FiledAttachment
from gateway.services.statements import run

SIGNATURE_OCTETS = 4 * 1024
ICON_PIXELS = 64
"""An inline image smaller than this, both in its file and on both sides, is an icon. A screenshot of some
lines of text takes as few octets, and is wider."""

HEAD_OCTETS = 24

LAST = 200
"""Messages of a ticket that a reply is compared with."""

SIGNATURE = "signature-images"
"""Note on a message whose mail had images that stand in every mail of its writer."""

MESSAGE, FILE, TOKEN = table_of(Message).c, table_of(Attachment).c, table_of(Token).c
WORDS = (
    select(MESSAGE.kind, MESSAGE.text)
    .where(MESSAGE.ticket_id == bindparam("ticket"))
    .order_by(MESSAGE.id.desc())
    .limit(LAST)
)
OURS = select(TOKEN.hash).where(TOKEN.hash.in_(bindparam("hashes", expanding=True))).limit(1)
SEEN_BEFORE = (
    select(FILE.sha256)
    .join(table_of(Message), MESSAGE.id == FILE.message_id)
    .where(FILE.sha256.in_(bindparam("images", expanding=True)), MESSAGE.author_id == bindparam("author"))
    .distinct()
)


def find_leak(session: Session, ticket: Ticket, text: str, mail: Reading) -> Leak | None:
    """Return what a reply would give away that is internal, or None.

    What the client wrote or read already is no secret, wherever an internal comment repeats it.
    """
    names = [each.filename for each in mail.attachments]
    return find_leak_in(session, ticket, [text, mail.attached_text, *names])


def find_leak_in(session: Session, ticket: Ticket, published: Sequence[str]) -> Leak | None:
    """Return what these texts, about to be published, would give away that is internal, or None."""
    written = run(session, WORDS, ticket=ticket.id).all()
    return leaks.find(
        published,
        [row.text for row in written if row.kind is MessageKind.INTERNAL],
        _tokens_of_ours(session, published),
        known=[row.text for row in written if row.kind is MessageKind.PUBLIC],
    )


def without_signature(session: Session, contribution: Contribution, operator: Sender) -> Contribution:
    """Return a reply without the images of its writer's signature, which every mail of theirs has.

    An inline image counts as one when it is an icon, or when the same came with another mail of theirs.
    The mail as it came is kept, as ever.
    """
    images = [each for each in contribution.files if _is_shown(each)]
    if not images or not contribution.text.strip():  # of a mail without words they are what it says
        return contribution
    hashes = [each.content.sha256 for each in images]
    seen = set(run(session, SEEN_BEFORE, images=hashes, author=operator.user_id).scalars())
    kept = tuple(each for each in contribution.files if not _is_signature(each, seen))
    if len(kept) == len(contribution.files):
        return contribution
    return replace(contribution, files=kept, notes=(*contribution.notes, SIGNATURE))


def _is_signature(file: FiledAttachment, seen: set[str]) -> bool:
    return _is_shown(file) and (file.content.sha256 in seen or _is_icon(file))


def _is_icon(file: FiledAttachment) -> bool:
    return file.content.size < SIGNATURE_OCTETS and not _is_wide(file.content.head(HEAD_OCTETS))


def _is_wide(head: bytes) -> bool:
    """Whether a PNG or GIF, as programs save screenshots, is larger than an icon; of others nobody knows."""
    if len(head) < HEAD_OCTETS:
        return False
    if head.startswith(b"\x89PNG\r\n\x1a\n") and head[12:16] == b"IHDR":
        sides = int.from_bytes(head[16:20]), int.from_bytes(head[20:24])
    elif head.startswith((b"GIF87a", b"GIF89a")):
        sides = int.from_bytes(head[6:8], "little"), int.from_bytes(head[8:10], "little")
    else:
        return False
    return max(sides) > ICON_PIXELS


def _is_shown(file: FiledAttachment) -> bool:
    """Whether the HTML may show it. Apple Mail calls a photo inline, too, that somebody attached."""
    return file.inline and file.content_id is not None


def _tokens_of_ours(session: Session, published: Sequence[str]) -> list[str]:
    """Return the tokens in these texts if one of them is ours; whose it is does not matter."""
    candidates = leaks.tokens_in(published)
    if not candidates:
        return []
    hashes = {tokens.hash_token(each): each for each in candidates}
    return [hashes[each] for each in run(session, OURS, hashes=list(hashes)).scalars()]
