"""A mailing list played to the desk: do the mails that belong together end on one ticket, and no others?

Made up, by a generator with a fixed seed: threads of several authors at once, with the same subjects,
branches, changed subjects, headers as mail programs mangle them, mails that come before the one they
answer, mails that come twice, and answers to mails nobody ever sent us.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import combinations

import pytest
from sqlalchemy import select
from sqlmodel import Session

from gateway.models.columns import table_of
from gateway.models.tickets import Event, Participant
from gateway.rules.admission import Outcome
from gateway.rules.lifecycle import EventKind
from gateway.runtime import Runtime
from tests.factories import make_topic, make_user
from tests.office import Office, mail

AUTHORS = [f"persona{number}@lista.example" for number in range(12)]
SUBJECTS = ["Consulta", "Red caída", "Factura", "Impresora", "Acceso", "Urgente", "Ayuda", ""]
TRUSTED = '[trust]\nauthserv_ids = ["mx.example.com"]\ndkim = false'


@dataclass
class Post:
    """One mail of the list. `parent` is the one it answers, None for the first of a thread."""

    id: str
    thread: int
    author: str
    subject: str
    parent: "Post | None"
    unseen: bool = False  # somebody wrote it, but it never came to us
    copy: str = ""  # how it came a second time
    mangled: str = ""
    children: list["Post"] = field(default_factory=list)

    def ancestors(self) -> Iterator["Post"]:
        above = self.parent
        while above is not None:
            yield above
            above = above.parent

    def headers(self) -> dict[str, str]:
        """The headers that say what it answers, as its author's mail program writes them."""
        ids = [f"<{each.id}>" for each in self.ancestors()]
        if not ids:
            return {}
        chain = " ".join(reversed(ids))
        match self.mangled:
            case "no In-Reply-To":
                return {"references": chain}
            case "no References":
                return {"in_reply_to": ids[0]}
            case "References cut":
                return {"in_reply_to": ids[0], "references": " ".join([ids[-1], *reversed(ids[:2])])}
            case "cut in the middle of an id":
                return {"in_reply_to": ids[0], "references": chain[: max(len(chain) - 9, 0)]}
            case "no brackets":
                return {"in_reply_to": ids[0].strip("<>")}
            case "words around":
                return {"in_reply_to": f'Mensaje de "Ana" del lunes {ids[0]}', "references": chain}
            case _:
                return {"in_reply_to": ids[0], "references": chain}


MANGLED = [
    "",
    "",
    "no In-Reply-To",
    "no References",
    "References cut",
    "cut in the middle of an id",
    "no brackets",
    "words around",
]


def list_of_mails(chance: random.Random, threads: int) -> list[Post]:
    """Return the mails of all threads in the order in which they come."""
    due: list[tuple[float, Post]] = []
    for thread in range(threads):
        start = chance.uniform(0, threads)
        first = Post(
            f"{thread}.0@lista.example", thread, chance.choice(AUTHORS), chance.choice(SUBJECTS), None
        )
        first.unseen = chance.random() < 0.08
        posts = [first]
        for number in range(1, chance.randint(2, 8)):
            parent = chance.choice(posts[-3:])
            subject = chance.choice([f"Re: {first.subject}", f"RE: {first.subject}", chance.choice(SUBJECTS)])
            post = Post(f"{thread}.{number}@lista.example", thread, chance.choice(AUTHORS), subject, parent)
            post.mangled = chance.choice(MANGLED)
            post.copy = chance.choice(["", "", "", "the same again", "with the footer of another list"])
            posts.append(post)
        due += [(start + number + chance.uniform(0, 1.3), each) for number, each in enumerate(posts)]
    return [post for _, post in sorted(due, key=lambda each: each[0])]


@dataclass
class Played:
    """What became of the mails: the ticket of each, and to which ticket each ticket may belong."""

    tickets: dict[str, int] = field(default_factory=dict)
    arrived: list[Post] = field(default_factory=list)
    copies: dict[str, int] = field(default_factory=dict)
    may_belong: dict[int, int] = field(default_factory=dict)

    def one_thread(self, ticket: int) -> int:
        """The ticket at the end of the chain an operator would follow."""
        while ticket in self.may_belong:
            ticket = self.may_belong[ticket]
        return ticket


def written(post: Post) -> bytes:
    """The mail as our border hands it over, which has verified its sender."""
    text = f"Mail {post.id}"
    raw = mail(sender=post.author, subject=post.subject, message_id=post.id, text=text, **post.headers())
    domain = post.author.partition("@")[2]
    return f"Authentication-Results: mx.example.com; dmarc=pass header.from={domain}\r\n".encode() + raw


def add_participants(session: Session, ticket: int, people: list[int], *, now: datetime) -> None:
    taking_part = table_of(Participant).c
    known = set(session.execute(select(taking_part.user_id).where(taking_part.ticket_id == ticket)).scalars())
    fresh = [each for each in people if each not in known]
    session.add_all(Participant(ticket_id=ticket, user_id=each, joined_at=now) for each in fresh)
    session.flush()


def play(office: Office, session: Session, posts: list[Post], *, taking_part: bool) -> Played:
    """Deliver the mails; with `taking_part` every author is a participant of every ticket."""
    played = Played()
    people = [make_user(session, each).id for each in AUTHORS]
    for post in posts:
        if post.unseen:
            continue
        done = office.deliver(written(post), recipients=["soporte@example.com"])
        assert done.ticket_id is not None
        if done.outcome is Outcome.OPENED and taking_part:
            add_participants(session, done.ticket_id, people, now=office.now)
        played.tickets[post.id] = done.ticket_id
        played.arrived.append(post)
        if post.copy == "the same again":
            again = office.deliver(written(post), recipients=["soporte@example.com"])
            assert again.outcome is Outcome.DUPLICATE
        elif post.copy:
            again = office.deliver(written(post) + b"--\r\nLista B\r\n", recipients=["soporte@example.com"])
            assert again.ticket_id is not None
            played.copies[post.id] = again.ticket_id
    opened = table_of(Event).c
    for row in session.execute(
        select(opened.ticket_id, opened.detail).where(opened.kind == EventKind.OPENED).order_by(opened.id)
    ):
        if "may_belong_to" in row.detail:
            played.may_belong[row.ticket_id] = row.detail["may_belong_to"]
    return played


def pairs_known_to_belong(played: Played) -> set[tuple[str, str]]:
    """Mails and the one each answers, where that one, or one above it that is named, had come before."""
    come: set[str] = set()
    found = set()
    for post in played.arrived:
        named = post.headers()
        text = " ".join(named.values())
        above = next((each for each in post.ancestors() if each.id in come and each.id in text), None)
        if above is not None:
            found.add((above.id, post.id))
        come.add(post.id)
    return found


@pytest.fixture
def office(session: Session, make_runtime: Callable[..., Runtime], now: datetime) -> Office:
    make_topic(session, "Lista", is_default=True)
    return Office(make_runtime(TRUSTED), session, now)


@pytest.mark.parametrize(
    ("taking_part", "threads"),
    [
        pytest.param(True, 25, id="everybody takes part in everything"),
        pytest.param(False, 15, id="nobody takes part in what others asked"),
    ],
)
def test_a_mailing_list_falls_into_its_threads(
    office: Office, session: Session, taking_part: bool, threads: int
) -> None:
    posts = list_of_mails(random.Random(threads), threads)  # noqa: S311  a game, no secret
    played = play(office, session, posts, taking_part=taking_part)
    where = {name: played.one_thread(ticket) for name, ticket in played.tickets.items()}
    thread_of = {post.id: post.thread for post in played.arrived}

    together = pairs_known_to_belong(played)
    assert len(together) > 2 * threads, "the generator made too little"
    parted = [pair for pair in together if where[pair[0]] != where[pair[1]]]
    assert parted == [], "recall"
    answers = {answer for _, answer in together}
    for name, ticket in played.copies.items():
        if name in answers:
            assert played.one_thread(ticket) == where[name]

    by_ticket: dict[int, list[str]] = {}
    for name, ticket in where.items():
        by_ticket.setdefault(ticket, []).append(name)
    mixed = [
        pair
        for each in by_ticket.values()
        for pair in combinations(each, 2)
        if thread_of[pair[0]] != thread_of[pair[1]]
    ]
    assert mixed == [], "precision"
    if taking_part:
        assert played.may_belong == {}, "a participant who is believed needs no more than a known mail"
    else:
        assert len(played.may_belong) > threads


def test_two_answers_to_a_mail_we_never_saw_are_two_requests(office: Office, session: Session) -> None:
    """A Message-ID that a known mail names is no known mail (T5): both writers merely answer the same."""
    first = office.deliver(mail(message_id="1@a.example", in_reply_to="<nunca@a.example>"))
    second = office.deliver(mail(message_id="2@a.example", in_reply_to="<nunca@a.example>", text="Otro"))
    assert first.ticket_id != second.ticket_id
