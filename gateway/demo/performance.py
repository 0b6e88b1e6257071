"""Plots become rows: each act by mail or on the web, through the verbs that both use."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from sqlmodel import Session

from gateway.demo import files, letters
from gateway.demo.cast import Player
from gateway.demo.files import MadeFile
from gateway.demo.letters import GREETINGS, Answered, Draft
from gateway.demo.plot import Act, Fate, Plot, Step
from gateway.demo.post import Post
from gateway.mail.addresses import Address
from gateway.models.tickets import Ticket
from gateway.models.topics import Topic
from gateway.rules.admission import Outcome
from gateway.rules.lifecycle import Channel, MessageKind
from gateway.rules.people import Party, Sender, Verdict
from gateway.services import senders, threads, tickets
from gateway.services.blobs import content_of
from gateway.services.contributions import Contribution, FiledAttachment
from gateway.services.desk import Desk
from gateway.services.outbox import Claimed
from gateway.services.tickets import Opening

LATE = timedelta(hours=5)
TOGETHER = 25
"""Requests whose mail goes out at once: asking what is due costs more than a mail."""

REPLIES = {
    Fate.LATE: "451 4.7.1 Greylisting in action, please come back later",
    Fate.WAITING: "452 4.2.2 The mailbox is over its storage quota",
    Fate.REFUSED: "550 5.7.1 Message rejected due to local policy",
}
BOUNCE = "550 5.1.1 The email account that you tried to reach does not exist"


@dataclass
class Case:
    """What the stage remembers of a request: its number, who said what last."""

    ticket: int
    plot: Plot
    last_words: str
    last_writer: str
    last_at: datetime
    settled: bool = False  # its fate is done with


@dataclass
class Stage:
    """Performs acts one by one, on one session."""

    session: Session
    desk: Desk
    post: Post
    topics: dict[str, Topic]
    dice: Random
    zone: ZoneInfo
    cases: dict[int, Case] = field(default_factory=dict)
    numbers: dict[int, Case] = field(default_factory=dict)  # by number of the request
    mails: int = 0
    unsent: set[int] = field(default_factory=set)  # requests that may have mail to send

    def perform(self, plot: Plot, act: Act) -> None:
        """Let one act happen. The mail it causes goes out before anything else does on its request."""
        case = self.cases.get(plot.key)
        if (case and case.ticket in self.unsent) or len(self.unsent) > TOGETHER:
            self.hand_out(now=act.at)
        if act.step is Step.OPEN:
            case = self._open(plot, act)
            self.cases[plot.key] = self.numbers[case.ticket] = case
        elif case is not None:
            self._go_on(case, act)
        if case is not None:
            self.unsent.add(case.ticket)
        self.session.flush()

    def hand_out(self, *, now: datetime) -> None:
        """Send what is due; what is to bounce comes back within the minute."""
        self.unsent.clear()
        for claimed in self.post.hand_out(self.fate_of, now=now):
            case = self.numbers.get(claimed.ticket_id or 0)
            if case is None or case.plot.fate is not Fate.BOUNCES or not _is_answer(case, claimed):
                continue
            case.settled = True
            self.mails += 1
            at = claimed.created_at + timedelta(seconds=50)
            message_id, _ = self.post.last[case.ticket, claimed.recipient]
            raw = letters.report(claimed.recipient, message_id, BOUNCE, at=at, number=self.mails)
            self.post.deliver(raw, (claimed.envelope_from,), envelope_from="", now=at)
            self.hand_out(now=at)

    def fate_of(self, claimed: Claimed, now: datetime) -> str:
        """What the relay says to a mail of ours."""
        case = self.numbers.get(claimed.ticket_id or 0)
        if case is None or not _is_answer(case, claimed):
            return ""
        if case.plot.fate is Fate.LATE and now - claimed.created_at > LATE:
            case.settled = True
        if case.plot.fate is Fate.REFUSED:
            case.settled = True
            return REPLIES[Fate.REFUSED]
        return "" if case.settled else REPLIES.get(case.plot.fate, "")

    def sender(self, player: Player) -> Sender:
        """Somebody as the services know them; who was never heard of becomes known."""
        address = Address(player.email, player.name)
        known = senders.identify(self.session, address, Verdict.NONE)
        return known or senders.enrol(self.session, self.desk, [address], now=self.post_time)[0]

    def write(
        self, case: Case | None, draft: Draft, *, to: str, envelope_from: str | None = None
    ) -> tuple[Outcome, int]:
        """Send a mail in; return its outcome and the request it came to, or 0."""
        raw = letters.write(draft, self.zone)
        sender = draft.writer.email if envelope_from is None else envelope_from
        _, done = self.post.deliver(raw, (to,), envelope_from=sender, now=draft.at)
        return done.outcome, done.ticket_id or (case.ticket if case else 0)

    def next_id(self, player: Player) -> str:
        """A Message-ID as the provider of somebody makes them."""
        self.mails += 1
        return f"{self.dice.randrange(16**10):010x}.{self.mails}@mail.{player.email.rpartition('@')[2]}"

    def answered(self, case: Case, player: Player) -> Answered | None:
        """The mail of ours that somebody would answer now."""
        title = f"{case.plot.title} [#{case.ticket}-{self.desk.code(case.ticket)}]"
        return self.post.answered(
            case.ticket,
            player.email,
            subject=title,
            sender=case.last_writer,
            text=case.last_words,
            at=case.last_at,
        )

    def _open(self, plot: Plot, act: Act) -> Case:
        self.post_time = act.at
        made = self._files(act, plot.title)
        if act.by_web:
            ticket = self._open_on_the_web(plot, act, made).id
        else:
            greeting = f"{self.dice.choice(GREETINGS)}\n\n" if self.dice.random() < 0.7 else ""
            draft = Draft(
                writer=plot.client,
                to=plot.topic.address,
                subject=plot.title,
                text=greeting + act.words,
                message_id=self.next_id(plot.client),
                at=act.at,
                files=made,
                copy_to=plot.copy_to,
            )
            outcome, ticket = self.write(None, draft, to=plot.topic.address)
            if outcome is not Outcome.OPENED:
                raise ValueError(f"{plot.title}: {outcome}")
        return Case(ticket, plot, act.words, plot.client.name, act.at)

    def _open_on_the_web(self, plot: Plot, act: Act, made: Sequence[MadeFile]) -> Ticket:
        opening = Opening(
            topic=self.topics[plot.topic.name],
            subject=plot.title,
            contribution=_contribution(act.words, made),
            acknowledge=True,
            brought_by=self.sender(plot.brought_by) if plot.brought_by else None,
        )
        return tickets.open_ticket(self.session, self.desk, self.sender(plot.client), opening, now=act.at)

    def _go_on(self, case: Case, act: Act) -> None:
        match act.step:
            case Step.SAY | Step.REPLY | Step.NOTE:
                self._speak(case, act)
            case Step.TAKE:
                tickets.take(self.session, self._ticket(case), self.sender(act.who), now=act.at)
            case Step.ASSIGN:
                to = self.sender(case.plot.operator).user_id
                by = self.sender(act.who)
                tickets.assign(self.session, self.desk, self._ticket(case), to, by=by, now=act.at)
            case Step.MOVE:
                topic, by = self.topics[act.words], self.sender(act.who)
                tickets.move(self.session, self.desk, self._ticket(case), topic, by=by, now=act.at)
            case _:
                ticket, by = self._ticket(case), self.sender(act.who)
                tickets.close(self.session, self.desk, ticket, by=by, tell=True, now=act.at)

    def _speak(self, case: Case, act: Act) -> None:
        """A message, a reply or a comment: by mail where there is one to answer and the writer likes to."""
        made = self._files(act, case.plot.title)
        answered = None if act.by_web else self.answered(case, act.who)
        party = Party.CLIENT if act.step is Step.SAY else Party.OPERATOR
        if answered is not None:
            self._answer(case, act, answered, made)
        else:
            contribution = _contribution(act.words, made)
            if act.step is Step.NOTE:
                contribution = replace(contribution, kind=MessageKind.INTERNAL)
            ticket, author = self._ticket(case), self.sender(act.who)
            tickets.add_message(
                self.session, self.desk, ticket, author, contribution, party=party, now=act.at
            )
            if act.closes:
                tickets.close(self.session, self.desk, ticket, by=author, tell=False, now=act.at)
        if act.step is not Step.NOTE:
            house = f" ({self.desk.support})" if party is Party.OPERATOR else ""
            case.last_words, case.last_at, case.last_writer = act.words, act.at, act.who.name + house

    def _answer(self, case: Case, act: Act, answered: Answered, made: Sequence[MadeFile]) -> None:
        command = "#cerrar\n\n" if act.closes else ""
        draft = Draft(
            writer=act.who,
            to=answered.reply_to,
            subject=f"Re: {answered.subject}",
            text=command + act.words,
            message_id=self.next_id(act.who),
            at=act.at,
            answered=answered,
            files=made,
        )
        self.write(case, draft, to=answered.reply_to)

    def _ticket(self, case: Case) -> Ticket:
        found: Ticket = self.session.execute(threads.LOCKED, {"id": case.ticket}).scalar_one()
        return found

    def _files(self, act: Act, title: str) -> tuple[MadeFile, ...]:
        return (files.make(self.dice, act.file, title),) if act.file else ()


def _contribution(words: str, made: Sequence[MadeFile]) -> Contribution:
    filed = tuple(FiledAttachment(each.name, each.content_type, content_of(each.data)) for each in made)
    return Contribution(text=words, files=filed, channel=Channel.WEB)


def _is_answer(case: Case, claimed: Claimed) -> bool:
    """Whether a mail is the answer to the request's client whose fate the plot decides."""
    written = bool(claimed.envelope_from) and claimed.recipient == case.plot.client.email
    return written and not case.settled
