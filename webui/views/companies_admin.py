"""Administration of companies: found by words, corrected, two merged into one."""

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from gateway.catalogue import _
from gateway.errors import Invalid, NotFound
from gateway.mail.wording import tax_number
from gateway.rules.people import Access
from gateway.services import clients, companies, company_lists, company_merge
from gateway.services.company_lists import CompanyShown
from webui.endpoint import action, form_of, page
from webui.forms import Form, Problem, refused
from webui.views.administration import Found, list_shown, shown, words_of
from webui.web import now_of, person_of, redirect

PATH = "/admin/empresas"


@page(Access.ADMIN)
def every(request: Request, session: Session) -> Response:
    def find(query: str, after: int | None) -> Found:
        return company_lists.page(session, query, after=after)

    return list_shown(request, session, "companies_admin.html", find)


@page(Access.ADMIN)
def form(request: Request, session: Session) -> Response:
    company = _company(request, session)
    return _shown(request, session, Form({"nombre": company.name, "cuit": tax_number(company.cuit or "")}))


def _again(request: Request, session: Session, error: Invalid) -> Response:
    return _shown(request, session, refused(form_of(request), error), status=422)


@action(Access.ADMIN, again=_again, once=True)
def change(request: Request, session: Session) -> Response:
    fields, company = form_of(request), request.path_params["company"]
    name, cuit = fields.get("nombre", ""), fields.get("cuit", "")
    companies.change(session, company, name=name, cuit=cuit, by=person_of(request), now=now_of(request))
    return redirect(request, f"{PATH}/{company}", notice=_("Saved."))


@page(Access.ADMIN, sensitive=True)
def merge_form(request: Request, session: Session) -> Response:
    given = request.query_params.get("otra", "")
    if given:
        return _confirmation(request, session, given, ())
    company = _company(request, session)
    query = words_of(request)
    found = company_lists.page(session, query or company.name)
    lines = [each for each in found.lines if each.id != company.id]
    return shown(request, session, "company_merge_choice.html", company=company, q=query, lines=lines)


def _again_merge(request: Request, session: Session, error: Invalid) -> Response:
    problems = refused({}, error).problems
    return _confirmation(request, session, form_of(request).get("otra", ""), problems, status=422)


@action(Access.ADMIN, again=_again_merge, once=True, sensitive=True)
def merge(request: Request, session: Session) -> Response:
    fields = form_of(request)
    pair = {request.path_params["company"], _number(fields.get("otra", ""))}
    if fields.get("queda") not in {str(each) for each in pair}:
        raise Invalid("queda", _("Choose which one stays."))
    kept = _number(fields["queda"])
    pair.discard(kept)
    if not pair:
        raise NotFound("company")
    done = company_merge.merge(session, kept, pair.pop(), by=person_of(request), now=now_of(request))
    said = (
        _("The companies are one now.")
        if done.people
        else _("The companies are one now. Nobody had to move.")
    )
    return redirect(request, f"{PATH}/{kept}", notice=said)


def _number(given: str) -> int:
    if not (given.isascii() and given.isdigit() and len(given) < 10):
        raise NotFound("company")
    return int(given)


def _company(request: Request, session: Session) -> CompanyShown:
    return company_lists.one(session, request.path_params["company"])


def _confirmation(
    request: Request, session: Session, other: str, problems: tuple[Problem, ...], *, status: int = 200
) -> Response:
    first, second = _company(request, session), company_lists.one(session, _number(other))
    if first.id == second.id:
        raise NotFound("company")
    return shown(
        request,
        session,
        "company_merge.html",
        status=status,
        company=first,
        other=second,
        possible=company_merge.are_one(first.cuit, second.cuit),
        refusal=company_merge.TWO_CUITS,
        form=Form({}, problems),
    )


def _shown(request: Request, session: Session, filled: Form, *, status: int = 200) -> Response:
    company = _company(request, session)
    people = clients.page(session, "", company_id=company.id)
    return shown(
        request, session, "company_admin.html", status=status, form=filled, company=company, people=people
    )
