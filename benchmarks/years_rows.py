"""The rows of a help desk's many years: the same for the same number, whichever database takes them."""

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice

from benchmarks import words, years_course, years_texts
from benchmarks.years_course import Course, Row, moment
from benchmarks.years_tables import LEAN, OF_A_REQUEST, rows_of
from benchmarks.years_texts import RARE, Piece, piece
from gateway.rules.words import CLIENT, COMPANY, VERSION, folded_words, words_of

TOPICS, OPERATORS = 20, 100
SERVED = 4
"""Topics of operator 1, whose pages are measured: a fifth of all."""
LONG = 200
"""Messages of the last request."""
RARE_ONES = 12
AT_ONCE = 20_000
LAST = datetime(2026, 5, 11, 20, 0, tzinfo=UTC)
STATES = ("new", "new", *["in_progress"] * 3, *["closed"] * 15)

Load = Callable[[str, Sequence[str], Iterable[Row]], None]
"""Puts rows of some columns into a table."""


@dataclass(frozen=True, slots=True)
class _Client:
    id: int
    head: Piece  # names and address
    marked: tuple[str, ...]


def fill(load: Load, requests: int, *, lean: bool = False) -> None:
    """Write it all, in order of what refers to what. `lean`: only what reports read."""
    chance = random.Random(requests)  # noqa: S311  the same each time
    at = moment(LAST - timedelta(days=1500))
    clients = _people(load, max(50, requests // 20), at)
    load("blob", *rows_of("blob", [("0" * 64, 3, b"abc", at)]))
    topics = [(each, f"Tema {each:02}", "", each, each == 1, True, at) for each in range(1, TOPICS + 1)]
    load("topic", *rows_of("topic", topics))
    serving = [
        ((each - 1) // 5 * SERVED + topic, each, "all") for each in range(1, 26) for topic in range(1, 5)
    ]
    load("topic_operator", *rows_of("topic_operator", serving))
    making = _requests(requests, chance, clients, lean=lean)
    while made := list(islice(making, AT_ONCE)):
        for table in LEAN if lean else OF_A_REQUEST:
            load(table, *rows_of(table, [row for request in made for row in request.get(table, ())]))
    load("search_task", *rows_of("search_task", [(f"all {VERSION}", requests, at)]))


def first_topic(operator_id: int) -> int:
    """Five operators answer the same four topics."""
    return (operator_id - 1) // 5 * SERVED + 1


def operator(operator_id: int) -> str:
    """The address of an operator."""
    return f"operador{operator_id}@sysmo.example"


def _people(load: Load, number: int, at: str) -> list[_Client]:
    """100 operators, then clients, each third of one company."""
    companies = [
        (each, f"{words.COMPANIES[each % 15]} {each} {words.KINDS[each % 5]}", f"{30_000_000_000 + each}", at)
        for each in range(1, number // 3 + 2)
    ]
    load("company", *rows_of("company", companies))
    operators: list[Row] = [
        (
            each,
            f"operador{each}@sysmo.example",
            f"Operador {each}",
            "operator",
            "active",
            None,
            "es",
            "system",
            at,
        )
        for each in range(1, OPERATORS + 1)
    ]
    clients: list[Row] = []
    found = []
    for each in range(OPERATORS + 1, OPERATORS + number + 1):
        name = f"{words.FIRST_NAMES[each % 20]} {words.LAST_NAMES[each // 20 % 20]}"
        company = companies[(each - OPERATORS) // 3]
        email = f"persona{each}@empresa{company[0]}.example"
        clients.append((each, email, name, "client", "active", company[0], "es", "system", at))
        cuit = str(company[2])
        shown = f"{cuit[:2]}-{cuit[2:10]}-{cuit[10]}"
        head = _joined([name, email, str(company[1]), cuit, shown])
        marked = [*_marked(CLIENT, name, email), *_marked(COMPANY, str(company[1]), cuit, shown)]
        found.append(_Client(each, head, tuple(marked)))
    load("person", *rows_of("person", operators + clients))
    return found


def _requests(
    requests: int, chance: random.Random, clients: Sequence[_Client], *, lean: bool
) -> Iterator[dict[str, list[Row]]]:
    texts, subjects = years_texts.texts(chance), years_texts.subjects(chance)
    rare, step = piece(f"Se trata del {RARE}."), timedelta(days=1400) / requests
    message = 0
    for number in range(1, requests + 1):
        said = [texts[chance.randrange(len(texts))] for _ in range(LONG if number == requests else 3)]
        if number % (requests // RARE_ONES) == 1:
            said[1] = rare
        opened = LAST - step * (requests - number + 1)
        one = _Request(number, message, opened, subjects[chance.randrange(len(subjects))], said)
        message += len(said)
        yield one.rows(clients[chance.randrange(len(clients))], chance, number == requests, lean=lean)


@dataclass(frozen=True, slots=True)
class _Request:
    number: int
    messages_before: int
    opened: datetime
    subject: Piece
    said: Sequence[Piece]

    def rows(self, client: _Client, chance: random.Random, long: bool, *, lean: bool) -> dict[str, list[Row]]:
        """All rows of this request, by table."""
        topic = SERVED if long else self.number % TOPICS + 1
        operator = (topic - 1) // SERVED * 5 + 1 + chance.randrange(5)
        status = "in_progress" if long else STATES[chance.randrange(len(STATES))]
        count = len(self.said)
        last = self.opened + timedelta(hours=chance.random() * 72)
        between = (last - self.opened) / count
        times = [*(self.opened + between * each for each in range(1, count)), last]
        closings = years_course.closings(chance, last, operator) if status == "closed" else []
        party = [
            "operator" if each % 2 or (closings and each == count - 1) else "client" for each in range(count)
        ]
        hidden = count - 2
        answers = (each for each in range(count) if party[each] == "operator" and each != hidden)
        answer = next(((self.messages_before + each + 1, times[each]) for each in answers), None)
        course = Course(self.number, topic, client.id, operator, times[0], answer, closings)
        rows: dict[str, list[Row]] = {
            "ticket": [self._ticket(course, status, times)],
            "event": course.events(self.messages_before + 1),
            "counted_request": [course.counted_request()],
            "counted_closing": list(course.counted_closings()),
        }
        if not lean:
            rows |= self._texts(client, operator, party, times)
            rows["search_document"] = [self._document(client, hidden)]
            if topic <= SERVED:
                seen = count if self.number % 10 else 1
                rows["ticket_seen"] = [(1, self.number, seen, moment(last))]
        return rows

    def _ticket(self, course: Course, status: str, times: Sequence[datetime]) -> Row:
        last = moment(times[-1])
        waiting = last if status != "closed" and self.number % 3 else None
        assigned = None if status == "new" else course.operator
        moments = [
            moment(each) if each else None for each in (course.answer and course.answer[1], course.closed)
        ]
        about = (self.number, self.subject.text, course.topic, status, course.client, assigned, "web")
        return (*about, len(times), moment(times[0]), last, last, waiting, *moments)

    def _texts(
        self, client: _Client, operator: int, parties: Sequence[str], times: Sequence[datetime]
    ) -> dict[str, list[Row]]:
        """Its messages, of which the last but one is internal, and their files."""
        messages: list[Row] = []
        files: list[Row] = []
        hidden = len(times) - 2
        for place, (each, party, at) in enumerate(zip(self.said, parties, times, strict=True)):
            author = client.id if party == "client" else operator
            kind = "internal" if place == hidden else "public"
            key = self.messages_before + place + 1
            texts = (True, "", False, each.text, "", "", 0, False, "[]", moment(at))
            messages.append((key, self.number, place + 1, author, party, kind, "web", *texts))
            if key % 20 == 0:
                files.append((f"{key:026}", key, 1, "captura.png", "image/png", 3, "0" * 64, False))
        joined = (self.number, client.id, moment(times[0]))
        return {"message": messages, "attachment": files, "participant": [joined]}

    def _document(self, client: _Client, hidden: int) -> Row:
        """As services/search_index would write it; a test compares."""
        shown = [each for place, each in enumerate(self.said) if place != hidden]
        number = str(self.number)
        texts = f" {number} | {self.subject.words} | {client.head.words} " + "".join(
            f"| {each.words} " for each in shown
        )
        known = dict.fromkeys([number, *self.subject.stems, *client.head.stems, *client.marked])
        for each in shown:
            known.update(dict.fromkeys(each.stems))
        more = dict.fromkeys(each for each in self.said[hidden].stems if each not in known)
        stems, more_stems = "".join(f" {each}" for each in known), "".join(f" {each}" for each in more)
        return (self.number, VERSION, texts, f" | {self.said[hidden].words} ", stems, more_stems)


def _joined(texts: Sequence[str]) -> Piece:
    pieces = [piece(each) for each in texts]
    stems = dict.fromkeys(stem for each in pieces for stem in each.stems)
    return Piece("", " | ".join(each.words for each in pieces), tuple(stems))


def _marked(mark: str, *names: str) -> list[str]:
    return list(dict.fromkeys(mark + word for name in names for word in folded_words(words_of(name))))
