"""Topics, and who serves them: making and changing them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from gateway.catalogue import _
from gateway.errors import Invalid, NotFound
from gateway.models.columns import table_of
from gateway.models.people import User
from gateway.models.site import Deed
from gateway.models.topics import Topic, TopicOperator
from gateway.rules.people import Notices, Sender, UserStatus
from gateway.services import audit, topic_fields
from gateway.services.statements import add_all


@dataclass(frozen=True, slots=True)
class TopicLine:
    """A topic as a list shows it; operators by address, in the order they came."""

    name: str
    address: str | None
    operators: tuple[str, ...]
    default: bool


def add_topic(
    session: Session,
    name: str,
    *,
    description: str = "",
    address: str | None = None,
    operators: Sequence[str] = (),
    default: bool = False,
    reply_address: str,
    by: Sender | None = None,
    now: datetime,
) -> Topic:
    """Make a topic; operators by address. The first becomes the default, and there is exactly one ever after.

    `reply_address` is the template of our tokened addresses, none of which may be a topic's (L7).
    """

    def insert() -> Topic:
        known = _locked(session)
        checked = topic_fields.checked_name(name, [each.name for each in known])
        if default and known:
            session.execute(update(Topic).values(is_default=False))
        topic = Topic(
            name=checked,
            description=topic_fields.checked_description(description),
            address=topic_fields.checked_address(session, address, reply_address)
            if address is not None
            else None,
            position=max((each.position for each in known), default=0) + 1,
            is_default=default or not known,
            created_at=now,
        )
        session.add(topic)
        session.flush()  # gives the topic its id
        return topic

    serving = [topic_fields.operator(session, email) for email in dict.fromkeys(operators)]
    try:
        with session.begin_nested():
            topic = insert()
    except IntegrityError:  # of two first topics the second had no row to wait at; now it has
        topic = insert()
    _serve(session, topic.id, serving)
    audit.note(session, Deed.TOPIC_ADDED, topic.name, by=by, now=now)
    return topic


def change_topic(
    session: Session,
    topic_id: int,
    *,
    name: str,
    description: str,
    address: str | None,
    operators: Sequence[str],
    default: bool,
    reply_address: str,
    by: Sender,
    now: datetime,
) -> Topic:
    """Change a topic; its requests stay. With `default` it becomes the default in place of another."""
    known = _locked(session)
    topic = _found(known, topic_id)
    name = topic_fields.checked_name(name, [each.name for each in known if each is not topic])
    if address is not None:
        address = topic_fields.checked_address(session, address, reply_address, own=topic.address)
    description = topic_fields.checked_description(description)
    if default and not topic.enabled:
        raise Invalid("default", _("A disabled topic can't be the default. Enable it first."))
    serving = [topic_fields.operator(session, email) for email in dict.fromkeys(operators)]
    if default and not topic.is_default:
        session.execute(update(Topic).values(is_default=False))
        topic.is_default = True
    topic.name, topic.description, topic.address = name, description, address
    session.flush()  # so that whoever looks next sees it
    _serve(session, topic.id, serving)
    audit.note(session, Deed.TOPIC_CHANGED, name, by=by, now=now)
    return topic


def switch(session: Session, topic_id: int, *, enabled: bool, by: Sender, now: datetime) -> Topic:
    """Enable or disable a topic.

    Its requests stay. New mail to the address of a disabled one goes to the default.
    """
    topic = _found(_locked(session), topic_id)
    if topic.is_default and not enabled:
        raise Invalid(
            "enabled", _("The default topic can't be disabled. Make another one the default first.")
        )
    if topic.enabled is not enabled:
        topic.enabled = enabled
        audit.note(session, Deed.TOPIC_CHANGED, topic.name, by=by, now=now, enabled=enabled)
    return topic


def move(session: Session, topic_id: int, *, up: bool) -> None:
    """Move a topic one place up or down in lists; the first can't go up, which is no mistake."""
    known = _locked(session)
    topic = _found(known, topic_id)
    place = known.index(topic)
    other = place - 1 if up else place + 1
    if 0 <= other < len(known):
        known[place], known[other] = known[other], known[place]
    for position, each in enumerate(known, start=1):
        each.position = position


def exist(session: Session) -> bool:
    """Whether there is any topic."""
    return session.execute(select(table_of(Topic).c.id).limit(1)).first() is not None


def serve(session: Session, user_id: int, topic_ids: Sequence[int]) -> None:
    """Have somebody serve these topics and no others; what they want to hear of one they keep is kept."""
    serving = table_of(TopicOperator).c
    known = {each.id for each in _locked(session)}
    if not set(topic_ids) <= known:
        raise NotFound("topic")
    before = set(session.execute(select(serving.topic_id).where(serving.user_id == user_id)).scalars())
    gone = before - set(topic_ids)
    session.execute(
        delete(TopicOperator).where(serving.user_id == user_id, serving.topic_id.in_(sorted(gone)))
    )
    new = sorted(set(topic_ids) - before)
    add_all(session, TopicOperator, [_row(topic_id, user_id) for topic_id in new])


def list_topics(session: Session) -> list[TopicLine]:
    """Return all topics, oldest first."""
    topic, serving, person = table_of(Topic), table_of(TopicOperator), table_of(User)
    operators: dict[int, list[str]] = {}
    for topic_id, email in session.execute(
        select(serving.c.topic_id, person.c.email)
        .join_from(serving, person, person.c.id == serving.c.user_id)
        .order_by(serving.c.topic_id, person.c.id)
    ):
        operators.setdefault(topic_id, []).append(email)
    rows = session.execute(
        select(topic.c.id, topic.c.name, topic.c.address, topic.c.is_default).order_by(topic.c.id)
    )
    return [
        TopicLine(row.name, row.address, tuple(operators.get(row.id, ())), row.is_default) for row in rows
    ]


def _locked(session: Session) -> list[Topic]:
    """Return all topics as lists order them.

    Whoever changes one waits here for whoever changes another, so that there is one default and no
    name twice. Mail that is filed in one meanwhile does not wait.
    """
    session.execute(select(col(Topic.id)).order_by(col(Topic.id)).with_for_update(key_share=True))
    every = select(Topic).execution_options(populate_existing=True)
    rows = session.execute(every).scalars()  # another statement sees what was made while this one waited
    return sorted(rows, key=lambda topic: (topic.position, topic.name))


def _found(known: Sequence[Topic], topic_id: int) -> Topic:
    topic = next((each for each in known if each.id == topic_id), None)
    if topic is None:
        raise NotFound("topic")
    return topic


def _serve(session: Session, topic_id: int, user_ids: Sequence[int]) -> None:
    """Have these people, and no others, serve a topic; those who are not operators now stay in its list."""
    serving, person = table_of(TopicOperator).c, table_of(User).c
    rows = session.execute(
        select(serving.user_id, person.status)
        .join(table_of(User), person.id == serving.user_id)
        .where(serving.topic_id == topic_id)
    ).all()
    shown = {row.user_id for row in rows if row.status is UserStatus.ACTIVE}
    gone = sorted(shown - set(user_ids))
    session.execute(delete(TopicOperator).where(serving.topic_id == topic_id, serving.user_id.in_(gone)))
    new = [each for each in dict.fromkeys(user_ids) if each not in shown]
    add_all(session, TopicOperator, [_row(topic_id, user_id) for user_id in new])


def _row(topic_id: int, user_id: int) -> dict[str, object]:
    return {"topic_id": topic_id, "user_id": user_id, "notices": Notices.ALL}
