"""Clients and companies for administrators: found by words, corrected, disabled, merged."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, col, select

from gateway.errors import Invalid, NotFound
from gateway.models.people import Company, User
from gateway.models.site import AuditEntry, Deed
from gateway.rules.lifecycle import Status
from gateway.rules.people import Role, Sender, UserStatus
from gateway.services import clients, companies, company_lists, company_merge, folded_search, web_sessions
from gateway.services.dead_addresses import UNTIL_THEY_WRITE
from tests.factories import AT, make_company, make_operator, make_ticket, make_topic, make_user, sender_of

CUIT = "30999999804"
OTHER_CUIT = "30500010912"


@pytest.fixture
def ada(session: Session) -> Sender:
    return sender_of(make_operator(session, "ada@sysmo.example", name="Ada", role=Role.ADMIN))


def change(session: Session, user: User, ada: Sender, now: datetime, **values: str) -> User:
    fields = {"name": user.name, "phone": "", "language": "es", "company": "", "cuit": ""} | values
    return clients.change(session, user.id, by=ada, now=now, **fields)


def deeds(session: Session) -> list[tuple[Deed, str]]:
    rows = session.exec(select(AuditEntry).order_by(col(AuditEntry.id)))
    return [(each.deed, each.subject) for each in rows]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        pytest.param("", ["zoe@norte.example", "luis_paz@x.example", "laura@andina.example"], id="all"),
        pytest.param("gimenez", ["laura@andina.example"], id="without its accent"),
        pytest.param("GIMÉNEZ", ["laura@andina.example"], id="in capitals"),
        pytest.param("ñandu", ["zoe@norte.example"], id="a letter with a tilde"),
        pytest.param("nandu", ["zoe@norte.example"], id="the letter without it"),
        pytest.param("menez andi", ["laura@andina.example"], id="parts of name and company"),
        pytest.param("zoë", ["zoe@norte.example"], id="an address whose name has the accent"),
        pytest.param("иван", ["zoe@norte.example"], id="letters of another script"),
        pytest.param("30-99999980-4", ["laura@andina.example"], id="a CUIT with hyphens"),
        pytest.param("309999", ["laura@andina.example"], id="part of a CUIT"),
        pytest.param("luis_", ["luis_paz@x.example"], id="an underscore is no wildcard"),
        pytest.param("%", [], id="nor is a percent sign"),
        pytest.param("\\", [], id="nor a backslash"),
        pytest.param("\x00' OR 1=1 --", [], id="nor a quote"),
        pytest.param("martin", [], id="an operator is no client"),
    ],
)
def test_clients_are_found_by_words(session: Session, now: datetime, query: str, found: list[str]) -> None:
    make_user(session, "laura@andina.example", company_id=make_company(session).id)
    make_user(session, "luis_paz@x.example", name="Luis Paz", status=UserStatus.PROVISIONAL)
    make_user(session, "zoe@norte.example", name="Zoë Ñandú ИВАН")
    make_operator(session)
    assert [each.email for each in clients.page(session, query).lines] == found


def test_pages_follow_each_other_without_gap_or_repeat(session: Session) -> None:
    for number in range(60):
        make_user(session, f"c{number}@x.example", name=f"Cliente {number}")
    seen, after = [], None
    while True:
        page = clients.page(session, "cliente", after=after)
        seen += [each.email for each in page.lines]
        after = page.after
        if after is None:
            break
        assert len(page.lines) == clients.PAGE
    assert seen == [f"c{number}@x.example" for number in reversed(range(60))]


def test_a_search_that_stops_goes_on_from_there(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folded_search, "LOOKED_AT", 3)
    rare = make_user(session, "rare@x.example", name="aeiou")
    for number in range(5):
        make_user(session, f"c{number}@x.example", name="ae i ou")
    first = clients.page(session, "aeiou")
    assert (list(first.lines), first.after is not None) == ([], True)
    second = clients.page(session, "aeiou", after=first.after)
    assert [each.id for each in second.lines] == [rare.id]


def test_a_client_is_shown_with_what_is_known(session: Session, now: datetime) -> None:
    user = make_user(session, company_id=make_company(session).id, silent_until=UNTIL_THEY_WRITE)
    topic = make_topic(session)
    for status in Status:
        make_ticket(session, user, topic, status=status)
    web_sessions.start(session, user, now=now)
    shown = clients.one(session, user.id)
    assert (shown.cuit, shown.unreachable, shown.requests, shown.open) == (CUIT, True, 3, 2)
    assert (shown.seen_at, shown.has_password) == (now, False)
    for missing in (make_operator(session).id, 0, 10**20):
        with pytest.raises(NotFound):
            clients.one(session, missing)


def test_a_client_is_corrected_and_only_what_changed_is_noted(
    session: Session, ada: Sender, now: datetime
) -> None:
    user = make_user(session)
    change(session, user, ada, now, phone=" +54 11 5555-1234 ", language="en", name="Laura  Gómez")
    change(session, user, ada, now, phone="+54 11 5555-1234", language="en", name="Laura Gómez")
    assert (user.name, user.phone, user.language) == ("Laura Gómez", "+54 11 5555-1234", "en")
    noted = session.exec(select(AuditEntry)).one()
    assert (noted.deed, noted.detail) == (Deed.USER_CHANGED, {"fields": ["language", "name", "phone"]})


@pytest.mark.parametrize(
    ("values", "field"),
    [
        pytest.param({"name": "\u200b"}, "name", id="no name"),
        pytest.param({"phone": "1" * 61}, "phone", id="a phone of 61 characters"),
        pytest.param({"language": "fr"}, "language", id="a language we do not speak"),
        pytest.param({"company": "Andina", "cuit": "30-99999980-1"}, "cuit", id="a wrong check digit"),
        pytest.param({"cuit": "30-50001091-2"}, "company", id="a new company without a name"),
        pytest.param({"company": "GEMELA"}, "company", id="a name that two companies have"),
    ],
)
def test_what_a_client_cannot_have_is_refused(
    session: Session, ada: Sender, now: datetime, values: dict[str, str], field: str
) -> None:
    make_company(session, name="Gemela", cuit=None)
    make_company(session, name="Gemelá", cuit=None)
    with pytest.raises(Invalid) as refused:
        change(session, make_user(session), ada, now, **values)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("company", "cuit", "name"),
    [
        pytest.param("otro nombre", "30-99999980-4", "Distribuidora Andina S.A.", id="by its CUIT"),
        pytest.param("distribuidora  ANDINA s.a.", "", "Distribuidora Andina S.A.", id="by its name"),
        pytest.param("Molinos", "30-50001091-2", "Molinos", id="a new one"),
        pytest.param("Kiosco", "", "Kiosco", id="a new one without a CUIT"),
        pytest.param("", "", None, id="none"),
    ],
)
def test_the_company_of_a_client_is_found_or_made(
    session: Session, now: datetime, company: str, cuit: str, name: str | None
) -> None:
    ada = sender_of(make_operator(session, role=Role.ADMIN))
    make_company(session)
    user = change(session, make_user(session), ada, now, company=company, cuit=cuit)
    found = session.get(Company, user.company_id) if user.company_id else None
    assert (found.name if found else None) == name


def test_who_stays_in_their_company_of_a_name_that_two_have_does(
    session: Session, ada: Sender, now: datetime
) -> None:
    make_company(session, name="Gemela", cuit=None)
    own = make_company(session, name="Gemela", cuit=None)
    user = make_user(session, company_id=own.id)
    assert change(session, user, ada, now, company="Gemela").company_id == own.id


@pytest.mark.parametrize(
    ("password", "after"),
    [
        pytest.param("hers", UserStatus.ACTIVE, id="with a password"),
        pytest.param(None, UserStatus.PROVISIONAL, id="known by mail alone: nothing confirms them (C11)"),
    ],
)
def test_a_disabled_client_is_out_at_once_and_can_come_back(
    session: Session, ada: Sender, now: datetime, password: str | None, after: UserStatus
) -> None:
    user = make_user(session, password_hash=password)
    token = web_sessions.start(session, user, now=now)
    clients.disable(session, user.id, by=ada, now=now)
    assert web_sessions.find(session, token, now=now) is None
    clients.disable(session, user.id, by=ada, now=now)
    clients.enable(session, user.id, by=ada, now=now)
    clients.enable(session, user.id, by=ada, now=now + timedelta(1))
    assert user.status is after
    assert deeds(session) == [(Deed.USER_DISABLED, user.email), (Deed.USER_ENABLED, user.email)]


def test_an_operator_is_not_changed_among_the_clients(session: Session, ada: Sender, now: datetime) -> None:
    martin = make_operator(session)
    for act in (
        lambda: change(session, martin, ada, now),
        lambda: clients.disable(session, martin.id, by=ada, now=now),
        lambda: clients.enable(session, martin.id, by=ada, now=now),
    ):
        with pytest.raises(NotFound):
            act()


def test_companies_are_listed_with_their_people_and_open_requests(session: Session) -> None:
    company, empty = make_company(session), make_company(session, name="Ñandú", cuit=None)
    topic = make_topic(session)
    for number in range(2):
        user = make_user(session, f"{number}@andina.example", company_id=company.id)
        make_ticket(session, user, topic, status=Status.NEW if number else Status.CLOSED)
    lines = company_lists.page(session, "").lines
    assert [(each.id, each.people, each.open) for each in lines] == [(empty.id, 0, 0), (company.id, 2, 1)]
    assert [each.id for each in company_lists.page(session, "nandu").lines] == [empty.id]
    assert [each.id for each in company_lists.page(session, "30-99999980").lines] == [company.id]


def test_a_company_is_corrected(session: Session, ada: Sender, now: datetime) -> None:
    company = make_company(session)
    companies.change(session, company.id, name="Andina", cuit="30-50001091-2", by=ada, now=now)
    companies.change(session, company.id, name="Andina", cuit=OTHER_CUIT, by=ada, now=now)
    assert (company.name, company.cuit) == ("Andina", OTHER_CUIT)
    assert deeds(session) == [(Deed.COMPANY_CHANGED, "Andina")]
    companies.change(session, company.id, name="Andina", cuit="", by=ada, now=now)
    assert company.cuit is None


@pytest.mark.parametrize(
    ("name", "cuit", "field"),
    [
        pytest.param(" ", "", "name", id="no name"),
        pytest.param("Andina", "30-99999980-1", "cuit", id="a wrong check digit"),
        pytest.param("Andina", CUIT, "cuit", id="another company's CUIT"),
    ],
)
def test_what_a_company_cannot_be_is_refused(
    session: Session, ada: Sender, name: str, cuit: str, field: str
) -> None:
    make_company(session)
    company = make_company(session, name="Kiosco", cuit=None)
    with pytest.raises(Invalid) as refused:
        companies.change(session, company.id, name=name, cuit=cuit, by=ada, now=AT)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("kept_cuit", "gone_cuit", "cuit"),
    [
        pytest.param(CUIT, None, CUIT, id="the CUIT of the one that stays"),
        pytest.param(None, CUIT, CUIT, id="that of the other when it has none"),
        pytest.param(None, None, None, id="none"),
    ],
)
def test_the_people_of_two_companies_come_together(
    session: Session, ada: Sender, kept_cuit: str | None, gone_cuit: str | None, cuit: str | None
) -> None:
    kept, gone = make_company(session, cuit=kept_cuit), make_company(session, name="Andina", cuit=gone_cuit)
    people = [make_user(session, f"{each.id}@x.example", company_id=each.id) for each in (kept, gone)]
    gone_id = gone.id
    merged = company_merge.merge(session, kept.id, gone_id, by=ada, now=AT)
    session.expire_all()
    assert (merged.people, kept.cuit, session.get(Company, gone_id)) == (1, cuit, None)
    assert {each.company_id for each in people} == {kept.id}
    assert deeds(session) == [(Deed.COMPANIES_MERGED, kept.name)]
    with pytest.raises(NotFound):
        company_merge.merge(session, kept.id, gone_id, by=ada, now=AT)


def test_two_cuits_are_two_companies(session: Session, ada: Sender, now: datetime) -> None:
    first, second = make_company(session), make_company(session, cuit=OTHER_CUIT)
    for kept, gone in ((first, second), (second, first)):
        with pytest.raises(Invalid, match="different CUITs"):
            company_merge.merge(session, kept.id, gone.id, by=ada, now=now)
    with pytest.raises(NotFound):
        company_merge.merge(session, first.id, first.id, by=ada, now=now)
