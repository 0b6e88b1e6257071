"""Every page there is, with real objects in its address, and who looks at it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Select, select
from sqlmodel import Session
from starlette.routing import Route

from gateway.models.columns import table_of
from gateway.models.people import Company, User
from gateway.models.queues import JournalEntry, OutboxItem, OutboxState
from gateway.models.tickets import Event, Message, Ticket
from gateway.models.topics import Topic, TopicOperator
from gateway.rules.admission import Outcome
from gateway.rules.lifecycle import EventKind, MessageKind, Status
from gateway.rules.people import Access, Role
from gateway.services import held
from tests.browser.site import ADMINISTRATOR, CLIENT, OPERATOR, Site
from webui.endpoint import Endpoint
from webui.routes import routes

NO_PAGES = (
    "/healthz", "/readyz", "/metrics", "/adjuntos/", "/mensajes/", "/novedades", "/sesion",
    "/reportes.csv", "/reportes.xlsx", "/reportes/solicitudes.csv",
)  # fmt: skip
"""What answers with something else than a page, or with a piece of one."""

WHO = {
    Access.ANYONE: ("anonymous",),
    Access.SIGNED_IN: ("client", "operator"),
    Access.OPERATOR: ("operator",),
    Access.ADMIN: ("administrator",),
}
INBOX_STATES = (
    "/bandeja?vista=tematicas",
    "/bandeja?vista=mias",
    "/bandeja?vista=tematicas&estado=todas&q=factura&noleidas=1&adjuntos=1&desde=2026-01-01",
    "/bandeja?q=nadaqueexista",
)

REPORT_STATES = (
    "/reportes?desde={month}&hasta={today}&comparar=fechas&contra_desde={year}&contra_hasta={month}",
    "/reportes?desde={year}&hasta={today}&comparar=no&empresas=todas",
    "/reportes?desde=2020-01-01&hasta=2020-01-31",
    "/reportes?desde={today}&hasta={month}&comparar=fechas&tematica=x&empresa=Nadie",
    "/reportes/solicitudes?figura=cerradas&desde={year}&hasta={today}",
    "/reportes/solicitudes?figura=abiertas&desde=2020-01-01&hasta=2020-01-31&canal=web",
)


@dataclass(frozen=True, slots=True)
class Sight:
    """A page as one person sees it."""

    who: str
    path: str


def sights(site: Site, *, tickets: int = 0) -> list[Sight]:
    """Return every page for everybody whom its route lets in, besides states that an address names.

    Of requests those with something of their own to see, and so many of the newest besides.
    """
    found = []
    with site.looking() as session:
        places = Places(session, tickets)
        for route in routes():
            access = access_of(route)
            if access is None or not isinstance(route, Route) or route.path.startswith(NO_PAGES):
                continue
            for who in WHO[access]:
                found += [Sight(who, path) for path in places.of(route.path, who)]
        some = ",".join(str(each) for each in places.tickets("operator")[:3])
    found += [Sight("operator", path) for path in INBOX_STATES]
    today = site.runtime.now().date()
    dates = {"today": today, "month": today - timedelta(days=30), "year": today - timedelta(days=300)}
    found += [Sight("administrator", path.format(**dates)) for path in REPORT_STATES]
    found += [
        Sight("operator", f"/bandeja/confirmar?accion={each}&s={some}") for each in ("cerrar", "reasignar")
    ]
    found += [Sight("client", "/solicitudes?estado=cerrado&q=nadaqueexista"), Sight("client", "/no/existe")]
    found.append(Sight("anonymous", "/no/existe"))
    return found


def access_of(route: object) -> Access | None:
    """Who may use a page; None for what is no GET page of ours."""
    endpoint = getattr(getattr(route, "endpoint", None), "__self__", None)
    if not isinstance(endpoint, Endpoint) or endpoint.method != "GET":
        return None
    return endpoint.access


class Places:
    """Objects whose pages are worth a look, by the names that routes give their numbers."""

    def __init__(self, session: Session, tickets: int) -> None:
        self._session = session
        self._newest = tickets

    def of(self, path: str, who: str) -> Iterator[str]:
        """Yield a route's addresses with the numbers filled in; nothing where there is no such object."""
        if "{" not in path:
            yield path
            return
        name = path[path.index("{") + 1 : path.index("}")].partition(":")[0]
        for value in self._values(path, name, who):
            yield path[: path.index("{")] + str(value) + path[path.index("}") + 1 :]

    def _values(self, path: str, name: str, who: str) -> list[object]:
        match name:
            case "number":
                return self.tickets(who)
            case "token":
                return ["a" * 52]
            case "topic":
                return self._first(select(table_of(Topic).c.id))
            case "company":
                return self._first(select(table_of(Company).c.id))
            case "person" | "member" | "client":
                person = table_of(User).c
                role = Role.OPERATOR if "operadores" in path else Role.CLIENT
                return self._first(select(person.id).where(person.role == role))
            case "id" if "retenidos" in path:
                return self._first(select(table_of(JournalEntry).c.id).where(held.undecided()), 2)
            case "id" if "entrada" in path:
                entry = table_of(JournalEntry).c
                return self._first(select(entry.id).where(entry.outcome == Outcome.FAILED))
            case "id" if "salida" in path:
                item = table_of(OutboxItem).c
                return self._first(select(item.id).where(item.state == OutboxState.FAILED))
        raise LookupError(f"{path}: no page of the tests knows what {name} is; tell tests/browser/pages.py")

    def tickets(self, who: str) -> list[object]:
        """For a client one of each state; for operators those with something to see besides."""
        ticket, person, event, message = (table_of(each).c for each in (Ticket, User, Event, Message))
        mine = (
            select(ticket.id)
            .join(table_of(User), person.id == ticket.requester_id)
            .where(person.email == CLIENT)
        )
        if who == "client":
            found = [each for status in Status for each in self._first(mine.where(ticket.status == status))]
            found += self._first(mine.order_by(ticket.id.desc()), self._newest)
            return list(dict.fromkeys(found))
        kinds = (
            EventKind.BOUNCED,
            EventKind.NOT_DELIVERED,
            EventKind.DELAYED,
            EventKind.MOVED,
            EventKind.AUTOMATIC,
        )
        person_id = select(person.id).where(person.email == OPERATOR).scalar_subquery()
        serving = table_of(TopicOperator).c
        topics = select(serving.topic_id).where(serving.user_id == person_id)
        theirs = (ticket.assignee_id == person_id) | ticket.topic_id.in_(topics)
        happened = select(ticket.id).join(table_of(Event), event.ticket_id == ticket.id).where(theirs)
        found = [number for kind in kinds for number in self._first(happened.where(event.kind == kind))]
        served = select(ticket.id).where(ticket.assignee_id == person_id)
        longest = served.order_by(ticket.messages.desc())
        noted = served.join(table_of(Message), message.ticket_id == ticket.id).where(
            message.kind == MessageKind.INTERNAL
        )
        doubted = served.join(table_of(Message), message.ticket_id == ticket.id).where(
            message.verified.is_(False)
        )
        fresh = select(ticket.id).where(ticket.status == Status.NEW, theirs)
        found += [*self._first(longest), *self._first(noted), *self._first(doubted), *self._first(fresh)]
        newest = select(ticket.id).where(theirs).order_by(ticket.id.desc())
        return list(dict.fromkeys([*found, *self._first(newest, self._newest)]))

    def _first(self, statement: Select[tuple[int]], count: int = 1) -> list[object]:
        return list(self._session.execute(statement.limit(count)).scalars())


__all__ = ["ADMINISTRATOR", "CLIENT", "OPERATOR", "Sight", "sights"]
