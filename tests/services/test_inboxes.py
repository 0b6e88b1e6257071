"""Lists of operators and clients: what is in them, in which order, and a page at a time."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event
from sqlmodel import Session

from gateway.errors import NotFound
from gateway.models.people import User
from gateway.models.topics import Topic
from gateway.rules.lifecycle import MessageKind, Status
from gateway.rules.people import Role, Sender
from gateway.services import histories, inboxes, portal
from gateway.services.inboxes import Count, Key, Shown, View, Wish, key_of
from tests.conftest import NOW
from tests.factories import make_operator, make_ticket, make_topic, make_user
from tests.webui.scene import add_message

ZONE = ZoneInfo("America/Argentina/Buenos_Aires")


def sender(user: User) -> Sender:
    return Sender(user.id, user.email, user.name, user.role, user.status)


@pytest.fixture
def office(session: Session) -> tuple[User, User, User, Topic, Topic]:
    martin, carla = make_operator(session), make_operator(session, "carla@sysmo.example")
    laura = make_user(session)
    billing, access = make_topic(session, "Facturación", martin), make_topic(session, "Accesos", carla)
    return martin, carla, laura, billing, access


def numbers(session: Session, user: User, view: View, shown: Shown = Shown.OPEN) -> list[int]:
    return [line.number for line in inboxes.page(session, sender(user), Wish(view, shown), zone=ZONE).lines]


def test_each_view_and_state_lists_its_own(
    session: Session, office: tuple[User, User, User, Topic, Topic]
) -> None:
    martin, carla, laura, billing, access = office
    ada = make_operator(session, "ada@sysmo.example", role=Role.ADMIN)
    new = make_ticket(session, laura, billing).id
    mine = make_ticket(session, laura, access, assignee_id=martin.id, status=Status.IN_PROGRESS).id
    closed = make_ticket(session, martin, billing, status=Status.CLOSED).id
    assert numbers(session, martin, View.TOPICS) == [new]
    assert numbers(session, martin, View.TOPICS, Shown.ALL) == [closed, new]
    assert numbers(session, martin, View.TOPICS, Shown.CLOSED) == [closed]
    assert numbers(session, martin, View.ASSIGNED) == [mine]
    assert numbers(session, martin, View.MINE, Shown.ALL) == [closed]
    assert numbers(session, carla, View.TOPICS, Shown.IN_PROGRESS) == [mine]
    assert numbers(session, carla, View.TOPICS, Shown.NEW) == []
    assert numbers(session, ada, View.TOPICS, Shown.ALL) == [closed, mine, new]
    counts = inboxes.open_counts(session, sender(martin))
    assert counts == {View.ASSIGNED: Count(1), View.TOPICS: Count(1), View.MINE: Count(0)}


def test_pages_by_key_list_every_ticket_once(
    session: Session, office: tuple[User, User, User, Topic, Topic]
) -> None:
    martin, _, laura, billing, _ = office
    made = [
        make_ticket(session, laura, billing, updated_at=NOW + timedelta(minutes=each // 3)).id
        for each in range(60)
    ]
    seen: list[int] = []
    after: Key | None = None
    for size in (25, 25, 10):
        page = inboxes.page(session, sender(martin), Wish(View.TOPICS), after=after, zone=ZONE)
        assert len(page.lines) == size
        seen += [line.number for line in page.lines]
        after = key_of(str(page.after)) if page.after is not None else None
        assert after == page.after
    assert after is None
    assert seen == sorted(made, reverse=True)


def test_a_page_asks_the_database_as_often_whatever_it_lists(
    session: Session, office: tuple[User, User, User, Topic, Topic]
) -> None:
    martin, _, laura, billing, _ = office
    for _each in range(5):
        add_message(session, make_ticket(session, laura, billing), laura, "Hola " * 100)
    session.flush()
    asked: list[str] = []

    def note(*arguments: Any) -> None:
        asked.append(arguments[2])

    event.listen(session.get_bind(), "before_cursor_execute", note)
    lines = inboxes.page(session, sender(martin), Wish(View.TOPICS), zone=ZONE).lines
    event.remove(session.get_bind(), "before_cursor_execute", note)
    assert len(asked) == 3  # the reader's topics, the numbers of a page, what their lines show
    assert len(lines) == 5
    assert len(lines[0].opening) == inboxes.OPENING_CHARACTERS
    assert lines[0].unverified


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("x-1", id="no number"),
        pytest.param("1", id="half a key"),
        pytest.param("1-", id="no ticket"),
        pytest.param("-1-1", id="negative"),
        pytest.param("9" * 30 + "-1", id="after the end of time"),
        pytest.param("١-١", id="digits of another script"),
        pytest.param("1-1; DROP TABLE ticket", id="SQL"),
    ],
)
def test_a_key_that_is_none_leads_to_the_first_page(text: str) -> None:
    assert key_of(text) is None


def test_internal_activity_does_not_show_in_a_clients_list(
    session: Session, office: tuple[User, User, User, Topic, Topic]
) -> None:
    martin, _, laura, billing, _ = office
    older, newer = make_ticket(session, laura, billing), make_ticket(session, laura, billing)
    add_message(session, older, laura, "uno")
    said = add_message(session, newer, martin, "dos")
    newer.updated_at = newer.public_at = said.created_at
    add_message(session, older, martin, "secreto", kind=MessageKind.INTERNAL)
    add_message(session, older, martin, "automático", automatic=True)
    session.flush()
    lines = portal.requests(session, sender(laura), Wish(View.MINE, Shown.ALL), zone=ZONE).lines
    assert [(line.number, line.opening) for line in lines] == [(newer.id, "dos"), (older.id, "uno")]
    shown = portal.read(session, older.id, sender(laura), whole=True)
    assert [entry.text for entry in shown.entries if hasattr(entry, "text")] == ["uno"]


def test_long_conversations_show_their_end_first(
    session: Session, office: tuple[User, User, User, Topic, Topic]
) -> None:
    martin, carla, laura, billing, _ = office
    ticket = make_ticket(session, laura, billing)
    for each in range(30):
        add_message(session, ticket, laura, str(each))
    session.flush()
    for read, reader in ((histories.read, martin), (portal.read, laura)):
        end = read(session, ticket.id, sender(reader), whole=False)
        assert (len(end.entries), end.earlier) == (20, 10)
        assert len(read(session, ticket.id, sender(reader), whole=True).entries) == 30
    with pytest.raises(NotFound):
        histories.read(session, ticket.id, sender(carla), whole=True)
