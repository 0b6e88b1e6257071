"""An operator's commands by mail: understood whole before any is obeyed (T10)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from gateway.mail.commands import Commands, Verb
from gateway.models.people import User
from gateway.models.tickets import Ticket
from gateway.models.topics import Topic
from gateway.rules.people import Role, Sender, UserStatus
from gateway.rules.words import fold
from gateway.services import tickets
from gateway.services.desk import Desk


@dataclass(frozen=True, slots=True)
class Orders:
    """What is to be done. Either `mistakes`, and then nothing is, or the rest."""

    take: bool = False
    assign_to: int | None = None
    topic: Topic | None = None
    close: bool = False
    reopen: bool = False
    internal: bool = False
    mistakes: tuple[str, ...] = ()

    @property
    def any(self) -> bool:
        """Whether something besides the kind of comment is asked."""
        return self.take or self.close or self.reopen or bool(self.assign_to or self.topic)


def understand(session: Session, commands: Commands) -> Orders:
    """Look up whom and what the commands name; one that names nothing is a mistake like a misspelt one."""
    mistakes = list(commands.mistakes)
    verbs = {command.verb for command in commands.given}
    assign_to = topic = None
    for command in commands.given:
        if command.verb is Verb.ASSIGN:
            assign_to = _operator(session, command.argument)
            mistakes += [f"#asignar {command.argument}"] if assign_to is None else []
        elif command.verb is Verb.TOPIC:
            topic = _topic(session, command.argument)
            mistakes += [f"#tematica {command.argument}"] if topic is None else []
    if mistakes:
        return Orders(mistakes=tuple(mistakes))
    return Orders(
        take=Verb.TAKE in verbs,
        assign_to=assign_to,
        topic=topic,
        close=Verb.CLOSE in verbs,
        reopen=Verb.REOPEN in verbs,
        internal=Verb.INTERNAL in verbs,
    )


def obey(
    session: Session,
    desk: Desk,
    ticket: Ticket,
    operator: Sender,
    orders: Orders,
    *,
    replied: bool,
    now: datetime,
) -> None:
    """Do what was asked, after the text was sent if there was any (`replied`)."""
    if orders.topic is not None:
        tickets.move(session, desk, ticket, orders.topic, by=operator, now=now)
    if orders.reopen:
        tickets.reopen(session, ticket, by=operator, now=now)
    if orders.take:
        tickets.take(session, ticket, operator, now=now)
    if orders.assign_to is not None:
        tickets.assign(session, desk, ticket, orders.assign_to, by=operator, now=now)
    if orders.close:
        tickets.close(session, desk, ticket, by=operator, tell=not replied, now=now)


def _operator(session: Session, email: str) -> int | None:
    return session.execute(
        select(col(User.id)).where(
            col(User.email) == email,
            col(User.role).in_([Role.OPERATOR, Role.ADMIN]),
            col(User.status) == UserStatus.ACTIVE,
        )
    ).scalar_one_or_none()


def _topic(session: Session, name: str) -> Topic | None:
    """Find a topic by its name; accents and case do not matter."""
    wanted = fold(name)
    every = session.execute(select(Topic).where(col(Topic.enabled).is_(True))).scalars()
    return next((topic for topic in every if fold(topic.name) == wanted), None)
