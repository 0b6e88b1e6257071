"""Search: what is found, by whom, and that both databases find the same (contract, section 6; C6, W17)."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy
from sqlalchemy import update
from sqlmodel import Session

from gateway.errors import Invalid
from gateway.models.columns import table_of
from gateway.models.people import Company, User
from gateway.models.search import SearchDocument
from gateway.models.tickets import Ticket
from gateway.rules import words
from gateway.rules.lifecycle import MessageKind
from gateway.rules.people import Role, Sender
from gateway.services import inboxes, named, portal, search, search_index, search_upkeep
from gateway.services.inboxes import Count, Shown, View, Wish
from tests.conftest import NOW
from tests.factories import make_company, make_operator, make_ticket, make_topic, make_user
from tests.webui.scene import add_message

ZONE = ZoneInfo("America/Argentina/Buenos_Aires")


@dataclass(frozen=True, slots=True)
class Office:
    """Two clients of one company each, an operator for each topic, an administrator; requests by number."""

    laura: Sender
    diego: Sender
    martin: Sender
    carla: Sender
    ada: Sender
    andina: int


def sender(user: User) -> Sender:
    return Sender(user.id, user.email, user.name, user.role, user.status)


@pytest.fixture
def office(session: Session) -> Office:
    company = make_company(session)
    laura = make_user(session, company_id=company.id)
    diego = make_user(session, "diego@albornoz.example", name="Diego Albornoz")
    martin = make_operator(session)
    carla = make_operator(session, "carla.nunez@sysmo.example", name="Carla Núñez")
    ada = make_operator(session, "ada@sysmo.example", name="Ada", role=Role.ADMIN)
    billing, access = make_topic(session, "Facturación", martin), make_topic(session, "Accesos", carla)
    bills = make_ticket(session, laura, billing, id=1042, subject="No puedo emitir facturas A")
    say(session, bills, laura, "Desde ayer el sistema rechaza la facturación electrónica.")
    say(session, bills, martin, "Mirá el certificado: vence el día 12.")
    say(session, bills, martin, "Carla, sospecho del servidor Zeppelin", kind=MessageKind.INTERNAL)
    say(session, bills, martin, "Estoy fuera de la oficina por vacaciones", automatic=True)
    say(session, bills, laura, "Respuesta automática del feriado", automatic=True)
    keys = make_ticket(session, diego, access, id=1043, subject="Contraseña vencida")
    say(session, keys, diego, "Mis contraseñas vencieron. ¿Qué hago con los mails y las luces del router?")
    say(session, keys, carla, "Comió un dígito el formulario; probá con 50% de descuento en a_b.")
    printer = make_ticket(session, diego, billing, id=1044, subject="La impresora imprime mal")
    say(session, printer, diego, "Remito 0001-00004567 emitido dos veces")
    return Office(sender(laura), sender(diego), sender(martin), sender(carla), sender(ada), company.id)


def say(session: Session, ticket: Ticket, author: User, text: str, **values: object) -> Ticket:
    message = add_message(session, ticket, author, text, **values)
    search_index.add(session, ticket, message)
    return ticket


def numbers(
    session: Session, reader: Sender, text: str, view: View = View.TOPICS, **wish: object
) -> set[int]:
    asked = Wish(view, Shown.ALL, words=text, **wish)  # type: ignore[arg-type]
    found = {line.number for line in inboxes.page(session, reader, asked, zone=ZONE).lines}
    assert inboxes.matching(session, reader, asked, zone=ZONE) == Count(len(found))
    return found


CASES = [
    ("factura", {1042}),
    ("facturacion", {1042}),
    ("FACTURACIONES", {1042}),
    ("emitido", {1042, 1044}),
    ("contraseña", {1043}),
    ("contrasenas", {1043}),
    ("dias", {1042}),
    ("mail", {1043}),
    ("luz", {1043}),
    ("comer", {1043}),
    ("comio", {1043}),
    ("comió", {1043}),
    ("impresoras", {1044}),
    ("zeppelin", {1042}),  # an internal comment, to an operator
    ("1042", {1042}),
    ("#1042", {1042}),
    ("laura", {1042}),
    ("gimenez", {1042}),
    ("laura.gimenez@andina.example", {1042}),
    ("andina.example", {1042}),
    ("distribuidora", {1042}),
    ("30999999804", {1042}),
    ("30-99999980-4", {1042}),
    ("0001-00004567", {1044}),
    ("sistema certificado", {1042}),  # words of two messages
    ("sistema impresora", set()),
    ("emitir -certificado", {1044}),
    ("emitir -zeppelin", {1044}),
    ("-factura", {1043, 1044}),
    ("-factura -router", {1044}),
    ('"emitir facturas"', {1042}),
    ('"facturas emitir"', set()),
    ('"emitir factura"', set()),  # exact
    ('"facturas a"', {1042}),
    ('"vence el dia"', {1042}),
    ('"electrónica mirá"', set()),  # the end of one message and the beginning of the next
    ('-"emitir facturas" emitir', {1044}),
    ('"no puedo', {1042}),  # a quote that stays open
    ("“no puedo”", {1042}),
    ("50%", {1043}),
    ("%", None),
    ("_", None),
    ("a_b", {1043}),
    ("'; DROP TABLE ticket; --", set()),
    ("factura AND remito", set()),  # no operators but ours
    ("factura*", {1042}),
    ("stems:factur", set()),
    ("NEAR(factura)", set()),
    ("fact\x00ura", set()),
    ('""', None),
    ("-", None),
    ('- - "" \'', None),
    ("🙂", None),
    ("ß" * 200, set()),
    ("x" * 200, set()),
]


@pytest.mark.parametrize(("text", "expected"), CASES, ids=[repr(text)[:30] for text, _ in CASES])
def test_a_search_finds(session: Session, office: Office, text: str, expected: set[int] | None) -> None:
    if expected is None:
        with pytest.raises(Invalid, match="Write a word"):
            numbers(session, office.ada, text)
        return
    assert numbers(session, office.ada, text) == expected


@pytest.mark.parametrize("text", [text for text, expected in CASES if expected is not None], ids=repr)
def test_the_index_finds_what_the_window_finds(
    session: Session, office: Office, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same where requests are too many to look at: with a window of one, all rests on the index."""
    asked = Wish(View.TOPICS, Shown.ALL, words=text)
    looked_at = inboxes.page(session, office.ada, asked, zone=ZONE)
    monkeypatch.setattr(search, "WINDOWS", (1, 1))
    assert inboxes.page(session, office.ada, asked, zone=ZONE) == looked_at


def test_an_operator_finds_what_they_may_open_and_no_more(session: Session, office: Office) -> None:
    for text in ("emitir", "laura", "contraseña", "zeppelin", "-impresora"):
        everything = numbers(session, office.ada, text)
        assert numbers(session, office.martin, text) == everything & {1042, 1044}
        assert numbers(session, office.carla, text) == everything & {1043}


@pytest.mark.parametrize("text", ["zeppelin", "servidor", "sospecho", '"carla sospecho"', "vacaciones"])
def test_clients_never_match_what_they_may_not_read(session: Session, office: Office, text: str) -> None:
    asked = Wish(View.MINE, Shown.ALL, words=text)
    excluded = Wish(View.MINE, Shown.ALL, words=f"factura -{text}")
    assert numbers(session, office.ada, text) == {1042}
    assert portal.requests(session, office.laura, asked, zone=ZONE).lines == []
    assert portal.matching(session, office.laura, asked, zone=ZONE) == Count(0)
    found = portal.requests(session, office.laura, excluded, zone=ZONE).lines
    assert [line.number for line in found] == [1042]


def test_clients_find_their_own_requests_and_what_they_wrote_themselves(
    session: Session, office: Office
) -> None:
    for text in ("facturaciones", "certificado", "1042", "gimenez", "feriado", '"emitir facturas"'):
        asked = Wish(View.MINE, Shown.ALL, words=text)
        found = portal.requests(session, office.laura, asked, zone=ZONE).lines
        assert [line.number for line in found] == [1042]
        assert portal.requests(session, office.diego, asked, zone=ZONE).lines == []


def test_an_operator_who_asks_is_a_client_of_that_request(session: Session, office: Office) -> None:
    own = make_ticket(session, session.get_one(User, office.carla.user_id), make_topic(session, "Compras"))
    author = session.get_one(User, office.carla.user_id)
    say(session, own, author, "Necesito un teclado")
    say(session, own, session.get_one(User, office.martin.user_id), "Es caro", kind=MessageKind.INTERNAL)
    assert numbers(session, office.carla, "teclado", View.MINE) == {own.id}
    assert numbers(session, office.carla, "caro", View.MINE) == set()
    assert numbers(session, office.carla, "-caro", View.MINE) == {own.id}


def test_filters_by_name_look_at_names_alone(session: Session, office: Office) -> None:
    def found(**wish: str) -> set[int]:
        return numbers(session, office.ada, "", **wish)

    assert found(client="Giménez") == found(client="laura.gimenez@andina.example") == {1042}
    assert found(client="diego") == {1043, 1044}
    assert found(client="carla") == set()  # an operator, and named in a text
    assert found(company="ANDINA distribuidora") == found(company="30-99999980-4") == {1042}
    assert found(company="30999999804") == {1042}
    assert found(company="albornoz") == set()  # an address is no company
    assert numbers(session, office.ada, "emitir", client="diego") == {1044}
    assert numbers(session, office.ada, "emitir", client="diego", company="andina") == set()


def test_an_address_or_a_cuit_or_a_name_in_quotes_finds_this_one_alone(
    session: Session, office: Office
) -> None:
    """Others have all its words, too."""

    def found(**wish: str) -> set[int]:
        return numbers(session, office.ada, "", **wish)

    topic = make_topic(session, "Ventas")
    north = make_company(session, name="Distribuidora Andina S.A. Norte", cuit=None)
    namesake = make_user(session, "gimenez.laura@andina.example", name="Laura", company_id=north.id)
    other = say(session, make_ticket(session, namesake, topic, id=1050), namesake, "Hola")
    assert found(client="laura gimenez andina example") == {1042, other.id}
    assert found(client="laura.gimenez@andina.example") == {1042}
    assert found(client="Laura.Gimenez@ANDINA.example") == {1042}
    assert found(client="gimenez.laura@andina.example") == {other.id}
    assert found(client="gimenez.laura@andina") == {1042, other.id}  # half an address is words
    assert found(client="nadie@andina.example") == set()
    andina = session.get_one(Company, office.andina).name
    assert found(company=andina) == {1042, other.id}
    assert found(company=named.quoted(andina)) == {1042}
    assert found(company=named.quoted(north.name)) == {other.id}
    assert found(company=named.quoted("Andina")) == set()
    assert found(company='"') == found(company='""') == {1042, 1043, 1044, other.id}
    assert found(company="30-99999980-4", client="gimenez.laura@andina.example") == set()


def test_a_search_too_long_is_refused(session: Session, office: Office) -> None:
    with pytest.raises(Invalid, match="200"):
        numbers(session, office.ada, "x" * 201)
    with pytest.raises(Invalid, match="200"):
        numbers(session, office.ada, "", company="x" * 201)


def test_a_search_that_takes_too_long_ends(
    session: Session, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page that says so can still be made in the same session."""
    monkeypatch.setattr(search, "SECONDS", 0.05)
    endless = sqlalchemy.text(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000000) "
        "SELECT count(*) FROM n"
    )
    with pytest.raises(Invalid, match="too long"), search.in_time(session):
        session.execute(endless)
    monkeypatch.undo()
    assert numbers(session, office.ada, "factura") == {1042}


def test_after_a_rename_the_new_name_finds_and_the_old_does_not(session: Session, office: Office) -> None:
    session.execute(update(User).where(table_of(User).c.id == office.laura.user_id).values(name="Laura Paz"))
    search_upkeep.stale_person(session, office.laura.user_id)
    index_all(session)
    assert numbers(session, office.ada, "paz") == {1042}
    assert numbers(session, office.ada, "", client="paz") == {1042}
    session.execute(update(Company).values(name="Transportes Cuyo"))
    search_upkeep.stale_company(session, office.andina)
    index_all(session)
    assert numbers(session, office.ada, "cuyo") == {1042}
    assert numbers(session, office.ada, "distribuidora") == set()
    assert numbers(session, office.ada, "zeppelin factura certificado") == {1042}


def test_requests_without_words_are_indexed_in_the_background_and_by_their_next_message(
    session: Session, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    index_all(session)
    assert search_upkeep.is_complete(session)
    before = documents(session)
    monkeypatch.setattr(words, "VERSION", "another")
    monkeypatch.setattr(search_upkeep, "_EVERYTHING", "all another")
    monkeypatch.setattr(search_upkeep, "BATCH", 2)
    assert not search_upkeep.is_complete(session)
    diego = session.get_one(User, office.diego.user_id)
    say(session, session.get_one(Ticket, 1044), diego, "Otra vez el rodillo")
    assert numbers(session, office.ada, "rodillo remito") == {1044}
    index_all(session)
    assert search_upkeep.is_complete(session)
    after = documents(session)
    assert {row[1] for row in after} == {"another"}
    assert [row[2:] for row in after[:2]] == [row[2:] for row in before[:2]]


def test_a_request_grows_word_by_word_as_if_written_at_once(session: Session, office: Office) -> None:
    grown = documents(session)
    search_index.rebuild(session, [1042, 1043, 1044])
    assert documents(session) == grown


def test_what_a_request_may_take_is_bounded(session: Session, office: Office) -> None:
    ticket, diego = session.get_one(Ticket, 1044), session.get_one(User, office.diego.user_id)
    for part in range(8):
        say(session, ticket, diego, " ".join(f"palabra{part}x{each}" for each in range(4_000)))
    say(session, ticket, diego, "y" * 1_000_000)
    row = session.get_one(SearchDocument, 1044)
    most = search_index.DOCUMENT_CHARACTERS
    assert len(row.words) <= most
    assert len(row.stems) <= most
    assert numbers(session, office.ada, "palabra0x7 remito") == {1044}


def index_all(session: Session) -> None:
    while search_upkeep.index_some(session, now=NOW):
        pass
    session.expire_all()


def documents(session: Session) -> list[tuple[object, ...]]:
    session.expire_all()
    table = table_of(SearchDocument)
    return [tuple(row) for row in session.execute(table.select().order_by(table.c.ticket_id))]
