"""What happens in the demo: for each request who does what, and when. Plain values, no database."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random
from zoneinfo import ZoneInfo

from gateway.demo import hours, stories
from gateway.demo.cast import Cast, Player, Subject
from gateway.demo.slots import fill_in
from gateway.demo.stories import Line, Story

DAYS = 90
MARGIN = timedelta(minutes=3)
"""Nothing happened in the very last moments, so that nobody meets a time to come."""

FRESH = 9
"""So many requests of the last day or so, whatever day of the week it is."""

LEFT_OPEN = 0.1
"""How likely somebody forgot a request, or waits for something, however old it is."""

OFTEN_SEEN = 10
"""Of so many requests one is of the client to sign in as, who writes more than anybody else."""


class Step(StrEnum):
    """What somebody does on a request."""

    OPEN = "open"
    SAY = "say"
    REPLY = "reply"
    NOTE = "note"
    TAKE = "take"
    ASSIGN = "assign"
    MOVE = "move"
    CLOSE = "close"


class Fate(StrEnum):
    """What becomes of the first answer to a request's client."""

    ARRIVES = "arrives"
    LATE = "late"
    WAITING = "waiting"
    REFUSED = "refused"
    BOUNCES = "bounces"


@dataclass(frozen=True, slots=True)
class Act:
    """One thing somebody does. `words` are what is written, or the topic it is moved to."""

    at: datetime
    step: Step
    who: Player
    words: str = ""
    by_web: bool = True
    file: str = ""
    closes: bool = False


@dataclass(frozen=True, slots=True)
class Plot:
    """One request from beginning to end, or as far as it came."""

    key: int
    topic: Subject
    client: Player
    operator: Player
    title: str
    acts: tuple[Act, ...]
    brought_by: Player | None = None  # it was told on the phone, and an operator wrote it down
    copy_to: Player | None = None
    fate: Fate = Fate.ARRIVES


def in_order(plots: list[Plot]) -> Iterator[tuple[Plot, Act]]:
    """Yield what happens, first things first; a request's own acts stay in their order."""
    everything = [
        (act.at, plot.key, number, plot, act) for plot in plots for number, act in enumerate(plot.acts)
    ]
    everything.sort(key=lambda each: each[:3])
    yield from ((plot, act) for *_, plot, act in everything)


@dataclass(frozen=True, slots=True)
class Author:
    """Thinks up requests; with the same dice the same ones."""

    dice: Random
    cast: Cast
    zone: ZoneInfo
    now: datetime
    untold: dict[str, list[Story]] = field(default_factory=dict)  # by topic, so that none comes twice soon

    def write(self, count: int) -> list[Plot]:
        """Return so many requests, spread over the last three months, in the order they were opened."""
        dice, now = self.dice, self.now
        fresh = [now - timedelta(hours=dice.uniform(0.2, 30)) for _ in range(min(count, FRESH))]
        moments = sorted([*fresh, *(self._opened() for _ in range(count - len(fresh)))])
        fates = _fates(count)
        return [self._plot(key, at, fates.get(key, Fate.ARRIVES)) for key, at in enumerate(moments)]

    def _opened(self) -> datetime:
        dice, now = self.dice, self.now
        while True:
            at = hours.somewhen(dice, now - timedelta(days=dice.uniform(0, DAYS)), self.zone)
            busy = not hours.is_quiet(at, self.zone) or dice.random() < 0.2
            if busy and now - timedelta(days=DAYS) < at < now - MARGIN:
                return at

    def _plot(self, key: int, at: datetime, fate: Fate) -> Plot:
        dice, clients = self.dice, self.cast.clients
        client = clients[0] if key % OFTEN_SEEN == OFTEN_SEEN // 2 else dice.choice(clients)
        topic = dice.choices(self.cast.topics, (6, 4, 5, 4, 4))[0]
        story = self._story(topic)
        operator, colleague = dice.sample(topic.operators, k=2)
        slots = fill_in(dice, client, colleague.first_name, at)
        brought_by = operator if dice.random() < 0.05 else None
        colleagues = [each for each in clients if each.firm == client.firm and each is not client]
        opening = Act(
            at,
            Step.OPEN,
            client,
            dice.choice(story.opening).format_map(slots),
            by_web=brought_by is not None or dice.random() < client.writes_by_web,
            file=story.files if dice.random() < 0.6 else "",
        )
        course = self._course(stories.told(dice, story), client, operator, slots, at)
        return Plot(
            key=key,
            topic=topic,
            client=client,
            operator=operator,
            title=dice.choice(story.subjects).format_map(slots),
            acts=tuple(each for each in (opening, *course) if each.at < self.now - MARGIN),
            brought_by=brought_by,
            copy_to=dice.choice(colleagues)
            if colleagues and client.proven and dice.random() < 0.12
            else None,
            fate=fate,
        )

    def _story(self, topic: Subject) -> Story:
        left = self.untold.setdefault(topic.name, [])
        if not left:
            left += self.dice.sample(stories.of_topic(topic.stories), k=len(stories.of_topic(topic.stories)))
        return left.pop()

    def _course(
        self, lines: list[Line], client: Player, operator: Player, slots: dict[str, str], at: datetime
    ) -> Iterator[Act]:
        """Yield what comes after the opening at `at`; at most once somebody lets it lie for days."""
        dice = self.dice
        if dice.random() < LEFT_OPEN:
            lines = lines[: dice.randrange(len(lines))]
        stalled = dice.randrange(len(lines)) if lines and dice.random() < 0.2 else None
        begins = dice.random()
        if begins < 0.12:
            at = hours.after(dice, at, timedelta(minutes=40), self.zone)
            yield Act(at, Step.ASSIGN, self.cast.administrator, operator.email)
        elif begins < 0.35:
            at = hours.after(dice, at, timedelta(minutes=45), self.zone)
            yield Act(at, Step.TAKE, operator)
        for number, (who, words) in enumerate(lines):
            if number == stalled:
                at += timedelta(days=dice.triangular(2, 40, 6))
            at = hours.after(dice, at, _typical(who, first=number == 0), self.zone)
            yield self._line(at, who, words.format_map(slots), client if who == "c" else operator)

    def _line(self, at: datetime, who: str, words: str, speaker: Player) -> Act:
        match who:
            case "n":
                return Act(at, Step.NOTE, speaker, words)
            case "m":
                return Act(at, Step.MOVE, speaker, words)
            case "close" if not words:
                return Act(at, Step.CLOSE, speaker)
            case _:
                file = "pdf" if "adjunt" in words.lower() else ""
                by_web = self.dice.random() < speaker.writes_by_web
                step = Step.SAY if who == "c" else Step.REPLY
                return Act(at, step, speaker, words, by_web, file, closes=who == "close")


def _fates(count: int) -> dict[int, Fate]:
    """Which answers did not simply arrive; the newest of them still waits."""
    shares = ((0.35, Fate.BOUNCES), (0.6, Fate.LATE), (0.8, Fate.REFUSED), (0.95, Fate.BOUNCES))
    waiting = {max(count - back, 0): Fate.WAITING for back in (12, 16, 20)}
    return {int(count * share): fate for share, fate in shares} | waiting


def _typical(who: str, *, first: bool) -> timedelta:
    match who:
        case "c":
            return timedelta(hours=3)
        case "n":
            return timedelta(minutes=35)
        case "close":
            return timedelta(hours=7)
        case _:
            return timedelta(minutes=80 if first else 150)
