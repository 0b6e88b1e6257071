"""Lists of operators and clients: what is in them, in which order, and a page at a time."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event, select
from sqlmodel import Session

from gateway.errors import NotFound
from gateway.models.people import User
from gateway.models.tickets import Attachment, Message, Ticket
from gateway.models.topics import Topic, TopicOperator
from gateway.rules.lifecycle import MessageKind, Status
from gateway.rules.people import Role, Sender
from gateway.services import blobs, histories, inboxes, pages, portal, seen
from gateway.services.inboxes import Count, Key, Order, Shown, View, Wish, key_of
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
    assert len(asked) == 2  # the reader's topics, the page
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


def listed(session: Session, user: User, **wish: Any) -> list[int]:
    asked = Wish(**{"view": View.TOPICS, "shown": Shown.ALL} | wish)
    found = [line.number for line in inboxes.page(session, sender(user), asked, zone=ZONE).lines]
    assert inboxes.matching(session, sender(user), asked, zone=ZONE) == Count(len(found))
    return found


def test_a_ticket_is_unread_until_its_reader_opens_it_and_when_another_writes_again(
    session: Session, office: tuple[User, User, User, Topic, Topic]
) -> None:
    martin, carla, laura, billing, _ = office
    ticket = make_ticket(session, laura, billing)
    add_message(session, ticket, laura, "Hola")
    assert listed(session, martin, unread=True) == [ticket.id]
    seen.mark(session, martin.id, ticket.id, 1, now=NOW)
    assert listed(session, martin, unread=True) == []
    add_message(session, ticket, martin, "Ya lo vemos")
    session.flush()
    assert listed(session, martin, unread=True) == []  # what one wrote oneself is not new
    add_message(session, ticket, carla, "¿Y?", kind=MessageKind.INTERNAL)
    session.flush()
    assert listed(session, martin, unread=True) == [ticket.id]
    (line,) = inboxes.page(session, sender(martin), Wish(View.TOPICS), zone=ZONE).lines
    assert line.unread
    mine = Wish(View.MINE, Shown.ALL, unread=True)
    seen.mark(session, laura.id, ticket.id, 2, now=NOW)
    assert portal.requests(session, sender(laura), mine, zone=ZONE).lines == []  # a comment is nothing to her
    assert portal.matching(session, sender(laura), mine, zone=ZONE) == Count(0)


def test_each_filter_lists_its_own(
    session: Session, office: tuple[User, User, User, Topic, Topic], monkeypatch: pytest.MonkeyPatch
) -> None:
    martin, carla, laura, billing, access = office
    old = make_ticket(session, laura, billing, updated_at=NOW - timedelta(days=3), waiting_since=NOW)
    given = make_ticket(session, laura, billing, assignee_id=carla.id, status=Status.IN_PROGRESS)
    make_ticket(session, laura, access)
    message = add_message(session, given, laura, "va adjunto")
    attach(session, message)
    given.updated_at = NOW
    session.flush()
    assert listed(session, martin, files=True) == [given.id]
    assert listed(session, martin, topic=billing.id) == [given.id, old.id]
    assert listed(session, martin, topic=access.id) == []  # not one of his
    assert listed(session, martin, assignee=inboxes.UNASSIGNED) == [old.id]
    assert listed(session, martin, assignee=carla.id) == [given.id]
    assert listed(session, martin, since=NOW.date()) == [given.id]
    assert listed(session, martin, until=NOW.date() - timedelta(days=1)) == [old.id]
    assert listed(session, martin, since=date.min, until=date.max) == [given.id, old.id]
    assert listed(session, martin, order=Order.OLDEST) == [old.id, given.id]
    assert listed(session, martin, order=Order.WAITING) == [old.id, given.id]


def test_days_are_those_of_the_site(session: Session, office: tuple[User, User, User, Topic, Topic]) -> None:
    martin, _, laura, billing, _ = office
    late = make_ticket(session, laura, billing, updated_at=datetime(2026, 5, 12, 2, 59, tzinfo=UTC))
    assert listed(session, martin, since=date(2026, 5, 11), until=date(2026, 5, 11)) == [late.id]
    assert listed(session, martin, since=date(2026, 5, 12)) == []


@pytest.mark.parametrize("order", list(Order))
@pytest.mark.parametrize("unread", [False, True])
def test_every_order_is_paged_by_key(
    session: Session, office: tuple[User, User, User, Topic, Topic], order: Order, *, unread: bool
) -> None:
    martin, _, laura, billing, access = office
    session.add(TopicOperator(topic_id=access.id, user_id=martin.id))
    made = []
    for each in range(60):
        values: dict[str, Any] = {"updated_at": NOW + timedelta(minutes=each // 3)}
        if each % 2:
            values["waiting_since"] = NOW - timedelta(minutes=each // 4)
        if each % 5 == 0:
            values["status"] = Status.IN_PROGRESS
        ticket = make_ticket(session, laura, billing if each % 3 else access, **values)
        add_message(session, ticket, laura, "Hola")
        ticket.updated_at = values["updated_at"]
        made.append(ticket)
    session.flush()
    match order:
        case Order.RECENT:
            made.sort(key=lambda each: (each.updated_at, each.id), reverse=True)
        case Order.OLDEST:
            made.sort(key=lambda each: (each.updated_at, each.id))
        case Order.WAITING:
            waiting = [each for each in made if each.waiting_since]
            others = [each for each in made if not each.waiting_since]
            waiting.sort(key=lambda each: (each.waiting_since, each.id))
            others.sort(key=lambda each: (each.updated_at, each.id), reverse=True)
            made = waiting + others
    found: list[int] = []
    after: Key | None = None
    while True:
        wish = Wish(View.TOPICS, Shown.OPEN, order=order, unread=unread)
        page = inboxes.page(session, sender(martin), wish, after=after, zone=ZONE)
        found += [line.number for line in page.lines]
        if page.after is None:
            break
        after = key_of(str(page.after))
        assert after == page.after
    assert found == [each.id for each in made]


@pytest.mark.parametrize("order", [Order.RECENT, Order.OLDEST])
@pytest.mark.parametrize("view", [View.ASSIGNED, View.TOPICS])
def test_a_list_as_it_is_shows_what_the_same_one_shows_with_a_filter_that_all_pass(
    session: Session, office: tuple[User, User, User, Topic, Topic], view: View, order: Order
) -> None:
    martin, _, laura, billing, access = office
    for each in range(60):
        topic = billing if each % 3 else access
        ticket = make_ticket(session, laura, topic, assignee_id=martin.id if each % 2 else None)
        add_message(session, ticket, laura, f"Hola {each}")
        ticket.updated_at = NOW + timedelta(minutes=each // 4)
    session.flush()
    plain, after = Wish(view, order=order), None
    for _page in range(2):
        page = inboxes.page(session, sender(martin), plain, after=after, zone=ZONE)
        filtered = replace(plain, since=NOW.date() - timedelta(days=9))
        assert page == inboxes.page(session, sender(martin), filtered, after=after, zone=ZONE)
        assert page.lines
        after = page.after


def test_two_operators_see_and_count_their_own_whatever_they_ask(
    session: Session, office: tuple[User, User, User, Topic, Topic]
) -> None:
    """C6: no filter, order or count tells of a ticket that may not be opened."""
    martin, carla, laura, billing, access = office
    for each in range(6):
        ticket = make_ticket(
            session, laura, billing if each % 2 else access, assignee_id=carla.id if each == 2 else None
        )
        add_message(session, ticket, laura, f"texto {each}")
    session.flush()
    wishes: list[dict[str, Any]] = [
        {},
        {"topic": billing.id},
        {"topic": access.id},
        {"assignee": carla.id},
        {"assignee": inboxes.UNASSIGNED},
        {"unread": True},
        *({"order": order} for order in Order),
        {"since": NOW.date()},
    ]
    for wish in wishes:
        for user in (martin, carla):
            may = set(session.execute(select(Ticket.id).where(inboxes.may_open(sender(user)))).scalars())
            for view in View:
                assert set(listed(session, user, view=view, **wish)) <= may
    assert {name for _, name in inboxes.choices(session, sender(martin)).topics} == {"Facturación"}
    assert {name for _, name in inboxes.choices(session, sender(martin)).assignees} == {"Martín Sosa"}
    assert inboxes.open_counts(session, sender(martin))[View.TOPICS] == Count(3)


def test_counting_stops(
    session: Session, office: tuple[User, User, User, Topic, Topic], monkeypatch: pytest.MonkeyPatch
) -> None:
    martin, _, laura, billing, _ = office
    for _each in range(4):
        make_ticket(session, laura, billing)
    monkeypatch.setattr(pages, "COUNTED", 3)
    pages._how_many_plain.cache_clear()
    assert inboxes.open_counts(session, sender(martin))[View.TOPICS] == Count(3, more=True)
    assert inboxes.matching(session, sender(martin), Wish(View.TOPICS), zone=ZONE) == Count(3, more=True)
    pages._how_many_plain.cache_clear()


def attach(session: Session, message: Message) -> None:
    content = blobs.content_of(b"abc")
    blobs.keep(session, [content], now=NOW)
    session.add(
        Attachment(
            id="a" * 26, message_id=message.id, position=0, filename="a.txt", content_type="text/plain",
            size=3, sha256=content.sha256,
        )
    )  # fmt: skip
    session.flush()
