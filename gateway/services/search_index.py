"""The words of each request, written with the message that brings them and indexed by either database.

What its requester may not read stands apart in every row (C1). SQLite's FTS5 keeps no words of its own:
it is told the old ones to forget them, so a row and its index change together, here alone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import bindparam, func, insert, select, text, update
from sqlmodel import Session

from gateway.mail.wording import tax_number
from gateway.models.columns import table_of
from gateway.models.people import Company, User
from gateway.models.search import SearchDocument
from gateway.models.tickets import Message, Ticket
from gateway.rules import words
from gateway.rules.lifecycle import MessageKind
from gateway.rules.people import Party
from gateway.services.statements import connection_of, run

MESSAGE_CHARACTERS = 20_000
"""Of one message; who sends a log file is not found by its last lines."""
DOCUMENT_CHARACTERS = 100_000
"""Of each part of a document: what a request of many messages may cost with each further one."""

END = "|"
"""Stands between texts, so that no phrase begins in one and ends in the next."""

DOCUMENT, TICKET, MESSAGE = (table_of(each) for each in (SearchDocument, Ticket, Message))
PERSON, COMPANY = table_of(User), table_of(Company)
TEXTS = ("words", "hidden_words", "stems", "hidden_stems")
KEPT = select(*(DOCUMENT.c[name] for name in ("ticket_id", "version", *TEXTS))).where(
    DOCUMENT.c.ticket_id == bindparam("number")
)
HEADS = (
    select(
        TICKET.c.id,
        TICKET.c.subject,
        TICKET.c.requester_id,
        PERSON.c.name,
        PERSON.c.email,
        COMPANY.c.name.label("company"),
        COMPANY.c.cuit,
    )
    .join_from(TICKET, PERSON, PERSON.c.id == TICKET.c.requester_id)
    .outerjoin(COMPANY, COMPANY.c.id == PERSON.c.company_id)
    .where(TICKET.c.id.in_(bindparam("numbers", expanding=True)))
    .order_by(TICKET.c.id)
)
MESSAGES = (
    select(
        MESSAGE.c.ticket_id,
        MESSAGE.c.author_id,
        MESSAGE.c.party,
        MESSAGE.c.kind,
        MESSAGE.c.automatic,
        func.substr(MESSAGE.c.text, 1, MESSAGE_CHARACTERS).label("text"),
    )
    .where(MESSAGE.c.ticket_id.in_(bindparam("numbers", expanding=True)))
    .order_by(MESSAGE.c.ticket_id, MESSAGE.c.number)
)
INSERT = insert(DOCUMENT)
UPDATE = (
    update(DOCUMENT)
    .where(DOCUMENT.c.ticket_id == bindparam("number"))
    .values({name: bindparam(f"new_{name}") for name in ("version", *TEXTS)})
)
FORGET = text(
    "INSERT INTO search_index (search_index, rowid, stems, hidden_stems) "
    "VALUES ('delete', :number, :stems, :hidden_stems)"
)
LEARN = text("INSERT INTO search_index (rowid, stems, hidden_stems) VALUES (:number, :stems, :hidden_stems)")


@dataclass(frozen=True, slots=True)
class _Document:
    """A row of search_document."""

    ticket_id: int
    version: str
    words: str
    hidden_words: str
    stems: str
    hidden_stems: str

    def with_text(self, raw_text: str, *, hidden: bool) -> "_Document":
        """The same with the words of one more text."""
        found = words.words_of(raw_text[:MESSAGE_CHARACTERS])
        if not found:
            return self
        more = " ".join([END, *words.folded_words(found), ""])
        if hidden:
            known = {*self.stems.split(), *self.hidden_stems.split()}
            stems = _longer(self.hidden_stems, found, known)
            return replace(self, hidden_words=_cut((self.hidden_words or " ") + more), hidden_stems=stems)
        stems = _longer(self.stems, found, set(self.stems.split()))
        return replace(self, words=_cut(self.words + more), stems=stems)


def add(session: Session, ticket: Ticket, message: Message) -> None:
    """Make a request found by a message that was just written, in the same transaction."""
    hidden = not _is_shown(message, ticket.requester_id)
    if message.number == 1:
        head = _head(run(session, HEADS, numbers=[ticket.id]).one())
        _insert(session, head.with_text(message.text, hidden=hidden))
        return
    row = run(session, KEPT, number=ticket.id).one_or_none()
    if row is None or row.version != words.VERSION:
        rebuild(session, [ticket.id])  # the scheduler has not come to it yet
        return
    old = _Document(**row._mapping)
    _change(session, old, old.with_text(message.text, hidden=hidden))


def rebuild(session: Session, numbers: Sequence[int]) -> None:
    """Write the documents of these requests anew, from what they say now."""
    made: dict[int, _Document] = {}
    requesters: dict[int, int] = {}
    for row in run(session, HEADS, numbers=list(numbers)):
        requesters[row.id] = row.requester_id
        made[row.id] = _head(row)
    for message in run(session, MESSAGES, numbers=list(made)):
        number = message.ticket_id
        hidden = not _is_shown(message, requesters[number])
        made[number] = made[number].with_text(message.text, hidden=hidden)
    for number, document in made.items():
        old = run(session, KEPT, number=number).one_or_none()
        if old is None:
            _insert(session, document)
        else:
            _change(session, _Document(**old._mapping), document)


def _head(row: Any) -> _Document:
    """What a request is found by before anybody wrote: number, subject, who asked, their company."""
    client, cuit = [row.name, row.email], row.cuit or ""
    company = [row.company or "", cuit, tax_number(cuit)]
    texts = [str(row.id), row.subject, *client, *company]
    found = [word for each in texts for word in words.words_of(each)]
    marked = [*_marked(words.CLIENT, client), *_marked(words.COMPANY, company)]
    return _Document(
        ticket_id=row.id,
        version=words.VERSION,
        words=_spread(texts),
        hidden_words="",
        stems=_cut("".join(f" {each}" for each in [*words.stems_of(found), *marked])),
        hidden_stems="",
    )


def _marked(mark: str, names: Sequence[str]) -> list[str]:
    found = words.folded_words([word for name in names for word in words.words_of(name)])
    return [mark + word for word in dict.fromkeys(found)]


def _spread(texts: Iterable[str]) -> str:
    """Texts as a row holds their words: a blank around each, and an end between two texts."""
    parts = [" ".join(words.folded_words(words.words_of(each))) for each in texts if each]
    return f" {f' {END} '.join(part for part in parts if part)} "


def _longer(stems: str, found: Iterable[str], known: set[str]) -> str:
    more = [stem for stem in words.stems_of(found) if stem not in known]
    return _cut("".join([stems, *(f" {stem}" for stem in more)]))


def _cut(text_: str) -> str:
    """No longer than a document may be, and no half word at its end."""
    if len(text_) <= DOCUMENT_CHARACTERS:
        return text_
    end = text_.rindex(" ", 0, DOCUMENT_CHARACTERS)
    return text_[: end + text_.endswith(" ")]


def _is_shown(message: Any, requester_id: int) -> bool:
    """Whether who asked may read this message: services/portal.public, of the one it is about."""
    return (
        message.kind == MessageKind.PUBLIC
        and message.party != Party.SYSTEM
        and (not message.automatic or message.author_id == requester_id)
    )


def _insert(session: Session, document: _Document) -> None:
    connection = connection_of(session)
    connection.execute(INSERT, asdict(document))
    if connection.dialect.name == "sqlite":
        connection.execute(LEARN, _stems(document))


def _change(session: Session, old: _Document, new: _Document) -> None:
    if new == old:
        return
    connection = connection_of(session)
    values = {f"new_{name}": value for name, value in asdict(new).items() if name != "ticket_id"}
    connection.execute(UPDATE, {"number": new.ticket_id, **values})
    if connection.dialect.name == "sqlite" and _stems(old) != _stems(new):
        connection.execute(FORGET, _stems(old))
        connection.execute(LEARN, _stems(new))


def _stems(document: _Document) -> dict[str, object]:
    return {
        "number": document.ticket_id,
        "stems": document.stems,
        "hidden_stems": document.hidden_stems,
    }
