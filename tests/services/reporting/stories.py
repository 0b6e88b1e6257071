"""What becomes of requests: whatever operators and clients may do, in any order."""

from collections.abc import Callable
from datetime import datetime, timedelta

from gateway.rules.lifecycle import Channel, Status
from gateway.rules.people import Party, Sender
from gateway.services import acting, bulk, filing, overtaken, tickets, writing
from gateway.services.acting import Handover
from gateway.services.bulk import Bulk, Wanted
from gateway.services.contributions import Contribution
from gateway.services.conversation import LARGEST_NUMBER
from gateway.services.filing import Filing
from gateway.services.tickets import Opening
from gateway.services.writing import Draft
from tests.services.reporting.history import BUENOS_AIRES, History, Story

ALL_SEEN = overtaken.Seen(LARGEST_NUMBER, LARGEST_NUMBER)
WORDS = "No imprime y no sé por qué"

Act = Callable[[History, int], None]


def any_request(most: int, history: History) -> Story:
    """A request, opened in any way, and up to so many things that are done to it."""
    number = open_somehow(history)
    for _ in range(history.random.randint(0, most)):
        yield history.later()
        is_closed = history.ticket(number).status is Status.CLOSED
        history.random.choice(WHEN_CLOSED if is_closed else WHEN_OPEN)(history, number)


def steps(*acts: tuple[datetime, Act]) -> Callable[[History], Story]:
    """A story of a request opened by mail, then these acts at these moments."""

    def story(history: History) -> Story:
        number = open_by_mail(history)
        for moment, act in acts:
            yield moment
            act(history, number)

    return story


def at(text: str, **more: int) -> datetime:
    """A moment as clocks in Buenos Aires show it."""
    return datetime.fromisoformat(text).replace(tzinfo=BUENOS_AIRES) + timedelta(**more)


# Opening


def open_somehow(history: History) -> int:
    opening = history.random.choice([open_by_mail, open_by_mail, open_on_the_web, open_for_a_client])
    return opening(history)


def open_by_mail(history: History) -> int:
    """As a mail does it; the real ones are told in mail_stories."""
    client, topic = history.random.choice(history.clients), history.random.choice(history.topics())
    opening = Opening(topic, "No imprime", Contribution(text=WORDS, channel=Channel.EMAIL))
    requester = history.sender(client)
    ticket = tickets.open_ticket(history.session, history.office.desk, requester, opening, now=history.now)
    return ticket.id


def open_on_the_web(history: History) -> int:
    client = history.random.choice([*history.clients, history.sofia])
    return _file(history, history.sender(client), "")


def open_for_a_client(history: History) -> int:
    writer = history.sender(history.random.choice([history.bruno, history.ana]))
    return _file(history, writer, history.random.choice(history.clients).email)


def _file(history: History, writer: Sender, client: str) -> int:
    topic = history.random.choice(history.topics()).id
    filed = Filing(
        topic=topic,
        subject="No imprime",
        contribution=Contribution(text=WORDS, channel=Channel.WEB),
        client=client,
    )
    return filing.file(history.session, history.office.desk, writer, filed, now=history.now)


# What operators do


def reply(history: History, number: int, *, by: Sender | None = None, close: bool = False) -> None:
    operator = by or history.someone_for(number)
    if history.ticket(number).requester_id == operator.user_id:
        operator = history.sender(history.ana)
    _write(history, number, operator, Draft(text="Lo miramos", close=close, seen=ALL_SEEN))


def reply_and_close(history: History, number: int) -> None:
    reply(history, number, close=True)


def comment(history: History, number: int) -> None:
    _write(history, number, history.someone_for(number), Draft(text="Ojo", internal=True, seen=ALL_SEEN))


def take(history: History, number: int) -> None:
    """The page's button leaves alone what a colleague has; a mail with "#tomar" does not."""
    operator = history.someone_for(number)
    if history.random.random() < 0.5:
        acting.take(history.session, number, operator, now=history.now)
    else:
        tickets.take(history.session, history.ticket(number), operator, now=history.now)


def hand_over(history: History, number: int) -> None:
    to = history.random.choice(history.colleagues())
    topic = history.random.choice([None, None, *history.topics()])
    handover = Handover(
        topic=topic.id if topic else None, operator=to.id, note=history.random.choice(["", "Seguilo vos"])
    )
    _hand_over(history, number, handover)


def move(history: History, number: int) -> None:
    _hand_over(history, number, Handover(topic=history.random.choice(history.topics()).id))


def _hand_over(history: History, number: int, handover: Handover) -> None:
    session, desk, operator = history.session, history.office.desk, history.someone_for(number)
    acting.hand_over(session, desk, number, operator, handover, now=history.now)


def close(history: History, number: int) -> None:
    session, desk, operator = history.session, history.office.desk, history.someone_for(number)
    acting.close(session, desk, number, operator, None, now=history.now)


def close_among_many(history: History, number: int) -> None:
    wanted, ana = Wanted(Bulk.CLOSE, tell=False), history.sender(history.ana)
    bulk.do(history.session, history.office.desk, ana, wanted, [number], now=history.now)


def close_by_itself(history: History, number: int) -> None:
    session, desk = history.session, history.office.desk
    tickets.close(session, desk, history.ticket(number), by=None, tell=False, now=history.now)


def reopen(history: History, number: int) -> None:
    acting.reopen(history.session, number, history.someone_for(number), now=history.now)


# What clients do


def client_writes(history: History, number: int) -> None:
    """On a request closed for long this opens one that goes on from it."""
    requester = history.ticket(number).requester_id
    user = next((each for each in history.clients if each.id == requester), history.sofia)
    _write(history, number, history.sender(user), Draft(text="Sigue igual", seen=ALL_SEEN))


def client_mails(history: History, number: int) -> None:
    """As an answer by mail does it, on one that may still be opened again."""
    ticket = history.ticket(number)
    user = next((each for each in history.clients if each.id == ticket.requester_id), None)
    if user is None:
        return
    words = Contribution(text="Sigue igual", channel=Channel.EMAIL)
    tickets.add_message(
        history.session,
        history.office.desk,
        ticket,
        history.sender(user),
        words,
        party=Party.CLIENT,
        now=history.now,
    )


def _write(history: History, number: int, writer: Sender, draft: Draft) -> None:
    writing.write(history.session, history.office.desk, number, writer, draft, now=history.now)


WHEN_OPEN: list[Act] = [
    reply, reply, reply_and_close, reply_and_close, close, close, close, close_among_many, close_by_itself,
    take, hand_over, move, comment, client_writes, client_mails,
]  # fmt: skip
WHEN_CLOSED: list[Act] = [
    client_writes, client_writes, client_mails, reopen, reopen, reply, reply_and_close, take, hand_over, move,
    comment, close,
]  # fmt: skip
