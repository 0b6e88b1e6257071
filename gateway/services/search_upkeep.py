"""Documents of search made anew in the background: after a name changed, a merge, or new rules of words.

Whoever changes a name calls `stale_person` or `stale_company` in the same transaction; the scheduler does
the rest in small batches (`index_some`), so that nobody waits for it.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, Select, delete, exists, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from gateway.models.columns import table_of
from gateway.models.people import User
from gateway.models.search import SearchDocument, SearchTask
from gateway.models.tickets import Ticket
from gateway.rules import words
from gateway.services import search_index

BATCH = 50
"""Requests in one transaction: on SQLite nobody else writes meanwhile."""

_TASK, _TICKET, _PERSON = table_of(SearchTask), table_of(Ticket), table_of(User)
_EVERYTHING = f"all {words.VERSION}"


def stale_person(session: Session, user_id: int) -> None:
    """Their name, address or company changed: their requests are to be found by what they are now."""
    _begin(session, [user_id])


def stale_company(session: Session, company_id: int) -> None:
    """Its name or CUIT changed, or people came to it by a merge; to be called after that."""
    people = select(_PERSON.c.id).where(_PERSON.c.company_id == company_id)
    _begin(session, list(session.execute(people).scalars()))


def index_some(session: Session, *, now: datetime) -> bool:
    """Index some requests that wait for it; return whether more may wait.

    Requests without words, or with words of other rules, come first to last, once for each version.
    """
    _note_version(session)
    task = session.execute(
        select(_TASK).where(_TASK.c.finished_at.is_(None)).order_by(_TASK.c.person_id.is_(None), _TASK.c.name)
    ).first()
    if task is None:
        return False
    numbers = list(session.execute(_next(task.person_id, task.reached)).scalars())
    search_index.rebuild(session, numbers)
    named = _TASK.c.name == task.name
    if len(numbers) == BATCH:
        session.execute(update(_TASK).where(named).values(reached=numbers[-1]))
    elif task.person_id is None:
        session.execute(update(_TASK).where(named).values(finished_at=now))
    else:
        session.execute(delete(_TASK).where(named))
    return True


def is_complete(session: Session) -> bool:
    """Whether every request was indexed by these rules."""
    done = exists().where(_TASK.c.name == _EVERYTHING, _TASK.c.finished_at.is_not(None))
    return bool(session.execute(select(done)).scalar())


def _next(person_id: int | None, reached: int) -> Select[tuple[int]]:
    """The next requests of a task, locked: whoever adds a message holds that lock, too."""
    document = table_of(SearchDocument)
    wanted: ColumnElement[bool] = _TICKET.c.requester_id == person_id
    if person_id is None:
        wanted = ~exists().where(
            document.c.ticket_id == _TICKET.c.id, document.c.version == words.VERSION
        ).correlate(_TICKET)
    query = select(_TICKET.c.id).where(_TICKET.c.id > reached, wanted)
    return query.order_by(_TICKET.c.id).limit(BATCH).with_for_update()


def _note_version(session: Session) -> None:
    """Begin with all requests unless these rules were begun with before."""
    _put_down(session, [{"name": _EVERYTHING, "person_id": None, "reached": 0}], again=False)


def _begin(session: Session, people: list[int]) -> None:
    """Put down that these people's requests are stale, from the first on even if half of them were done."""
    rows = [{"name": f"person {each}", "person_id": each, "reached": 0} for each in people]
    _put_down(session, rows, again=True)


def _put_down(session: Session, rows: list[dict[str, object]], *, again: bool) -> None:
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    statement = insert(SearchTask)
    if again:
        statement = statement.on_conflict_do_update(index_elements=["name"], set_={"reached": 0})
    else:
        statement = statement.on_conflict_do_nothing()
    if rows:
        session.execute(statement, rows)
