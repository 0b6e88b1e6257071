"""The page of a request: the operator's with everything, the client's from what is public alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from gateway.errors import Invalid, NotFound
from gateway.rules.people import Access, is_staff
from gateway.services import handling, histories, named, overtaken, portal, writing
from gateway.services.conversation import Conversation, MessageShown
from gateway.services.inboxes import Shown, View, Wish
from gateway.services.overtaken import Meanwhile, Overtaken, Seen
from webui.after import note_read
from webui.among import among, origin_of
from webui.endpoint import form_of, page
from webui.forms import Form, refused
from webui.numbers import number_in
from webui.views.inbox import INBOX
from webui.web import now_of, person_of, show, web_of

INTERNAL = "interno"
REPLY = "respuesta"
_LONGEST_ID = 12


@dataclass(frozen=True, slots=True)
class Composer:
    """What stands in the forms of the page: nothing yet, or what was sent and came back.

    `seen` None: what this very page shows. What came back keeps what its writer had seen, so that they
    are still asked about what they had not.
    """

    form: Form = field(default_factory=Form)
    kind: str = REPLY
    seen: Seen | None = None
    meanwhile: Meanwhile | None = None
    files_lost: bool = False


@page(Access.SIGNED_IN)
def show_ticket(request: Request, session: Session) -> Response:
    asked = request.query_params.get("tipo")
    return shown(request, session, Composer(kind=INTERNAL if asked == INTERNAL else REPLY))


def came_back(request: Request, session: Session, problem: Invalid) -> Response:
    """Show the page again with what was written: something is wrong with it, or was new on the request."""
    fields = form_of(request)
    overtaken_by = problem.meanwhile if isinstance(problem, Overtaken) else None
    composer = Composer(
        form=Form(fields) if overtaken_by else refused(fields, problem),
        kind=INTERNAL if fields.get("tipo") == INTERNAL else REPLY,
        seen=None if overtaken_by else seen_in(fields),
        meanwhile=overtaken_by,
        files_lost=bool(request.state.form.files or request.state.form.too_much),
    )
    return shown(request, session, composer, status=409 if overtaken_by else 422)


def seen_in(fields: Mapping[str, str]) -> Seen:
    """How far the page showed the request on which a form was filled in."""
    return Seen(number_in(fields, "visto") or 0, number_in(fields, "visto_suceso"))


def shown(request: Request, session: Session, composer: Composer, status: int = 200) -> Response:
    """An operator who made a request of a topic they do not answer is its client."""
    number, person, query = request.path_params["number"], person_of(request), request.query_params
    printed, wanted = "imprimir" in query, wanted_message(request)
    whole = printed or "todo" in query
    if is_staff(person.role):
        event = overtaken.newest_event(session, number)
        try:
            found = histories.read(session, number, person, whole=whole, wanted=wanted)
        except NotFound:
            pass
        else:
            note_read(request, session, number)
            return show(
                request,
                "ticket.html",
                status=status,
                ticket=found,
                handling=handling.read(session, number, person),
                composer=composer,
                newest=_newest(found),
                seen=composer.seen or Seen(_newest(found), event),
                among=among(request, session, origin_of(request, INBOX), number),
                within=within(request),
                asked_by=_asked_by(found),
                printed=printed,
                with_notes="notas" in query,
            )
    mine = portal.read(session, number, person, whole=whole, wanted=wanted)
    note_read(request, session, number)
    seen = composer.seen or Seen(_newest(mine))
    goes_on = writing.would_go_on(session, web_of(request).desk, number, now=now_of(request))
    return show(
        request,
        "request.html",
        status=status,
        ticket=mine,
        composer=composer,
        newest=_newest(mine),
        seen=seen,
        goes_on=goes_on,
    )


def within(request: Request) -> str:
    """What the address of a request ends in, so that it goes on knowing the list it was opened from."""
    origin = origin_of(request, INBOX)
    return origin.within if origin is not None else ""


def list_of(request: Request) -> str:
    """The way back to the list a request was opened from, else to the inbox."""
    origin = origin_of(request, INBOX)
    return origin.back if origin is not None else INBOX.path


def _asked_by(ticket: Conversation) -> Mapping[str, str]:
    """Where the list shows all that this client asked, and all that their company did."""
    company = ticket.cuit or named.quoted(ticket.company or "")
    everything = Wish(View.TOPICS, shown=Shown.ALL)
    return {
        "client": INBOX.of(replace(everything, client=ticket.requester_email)),
        "company": INBOX.of(replace(everything, company=company)),
    }


def wanted_message(request: Request) -> int | None:
    """The message a link leads to (`m`): a server is not told the fragment, and it may be an old one."""
    wanted = request.query_params.get("m", "")[:_LONGEST_ID]
    return int(wanted) if wanted.isascii() and wanted.isdigit() else None


def _newest(ticket: Conversation) -> int:
    """The newest message on the page, as its reader knows it."""
    return max((each.id for each in ticket.entries if isinstance(each, MessageShown)), default=0)
