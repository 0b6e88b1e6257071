"""Who is told of an event. Nobody is told of what they did themselves."""

from dataclasses import dataclass

from gateway.rules.lifecycle import EventKind
from gateway.rules.people import Notices


@dataclass(frozen=True, slots=True)
class Serving:
    """An operator of a ticket's topic and what they want to hear of it."""

    user_id: int
    notices: Notices


def operators_told(
    kind: EventKind,
    serving: list[Serving],
    *,
    assignee: int | None,
    author: int | None,
    named: frozenset[int] = frozenset(),
) -> list[int]:
    """Return the ids of the operators to tell, each once.

    Contract section 5: a new request goes to the operators of the topic; a client's message to
    the one assigned, else to the topic's; an internal comment to the one assigned and those
    `named` with @, else to the topic's; being assigned, to the one who was.
    """
    wanting_all = [each.user_id for each in serving if each.notices is Notices.ALL]
    silent = {each.user_id for each in serving if each.notices is Notices.NOTHING}
    match kind:
        case EventKind.OPENED | EventKind.MOVED:
            told = wanting_all
        case EventKind.REPLIED:
            told = [assignee] if assignee is not None else wanting_all
        case EventKind.COMMENTED:
            directed = [each for each in (assignee, *sorted(named)) if each is not None]
            told = directed or wanting_all
        case EventKind.ASSIGNED:
            told = [assignee] if assignee is not None else []
        case _:
            told = []
    told = [each for each in told if each not in silent or each in named]
    return list(dict.fromkeys(each for each in told if each != author))
