"""Signing in and out, the set-up link, the password link, and the rules of forms (W4 to W7, W9, W15)."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from gateway.models.people import User
from gateway.rules.people import Role, UserStatus
from gateway.runtime import Runtime
from gateway.services import accounts
from tests.conftest import ONE_ENGINE
from tests.factories import make_operator, make_user
from tests.webui.conftest import BASE, PASSWORD, Browser, Clock, with_password

LAURA = "laura.gimenez@andina.example"
WRONG = "El correo o la contraseña no coinciden."
EARLY = "Hubo demasiados intentos."


@pytest.fixture
def laura(web_runtime: Runtime) -> User:
    with web_runtime.db.transaction() as session:
        return make_user(session, **with_password())


def test_a_client_signs_in_and_out(browse: Callable[..., Browser], laura: User) -> None:
    browser = browse()
    answer = browser.sign_in(LAURA.upper())
    assert (answer.status_code, answer.headers["location"]) == (303, "/solicitudes")
    assert browser.get("/solicitudes").status_code == 200
    left = browser.send_form("/salir", {}, page="/solicitudes")
    assert (left.status_code, left.headers["location"]) == (303, "/ingresar")
    assert "Cerraste la sesión." in browser.get("/ingresar").text
    assert "Cerraste la sesión." not in browser.get("/ingresar").text
    assert browser.get("/solicitudes").status_code == 303


def test_signing_out_ends_a_session_that_somebody_copied(browse: Callable[..., Browser], laura: User) -> None:
    browser, thief = browse(LAURA), browse()
    thief.cookies.set("sysmo-session", browser.cookies["sysmo-session"])
    assert thief.get("/solicitudes").status_code == 200
    browser.send_form("/salir", {}, page="/solicitudes")
    assert thief.get("/solicitudes").status_code == 303


@pytest.mark.parametrize(
    ("values", "password"),
    [
        pytest.param({}, "otra cosa larga", id="wrong password"),
        pytest.param({"email": "otra@andina.example"}, PASSWORD, id="unknown address"),
        pytest.param({"status": UserStatus.DISABLED}, PASSWORD, id="disabled"),
        pytest.param({"status": UserStatus.UNCONFIRMED}, PASSWORD, id="not confirmed"),
        pytest.param({"status": UserStatus.PROVISIONAL}, PASSWORD, id="known by mail only"),
        pytest.param({"password_hash": None}, PASSWORD, id="no password yet"),
    ],
)
def test_every_failure_answers_alike(
    values: dict[str, str], password: str, browse: Callable[..., Browser], web_runtime: Runtime
) -> None:
    with web_runtime.db.transaction() as session:
        make_user(session, **with_password(**values))
    answer = browse().sign_in(LAURA, password)
    assert answer.status_code == 422
    assert WRONG in answer.text
    assert "sysmo-session" not in answer.headers.get("set-cookie", "")
    assert password not in answer.text


def test_a_session_is_new_at_each_sign_in_and_ends_the_one_before(
    browse: Callable[..., Browser], laura: User
) -> None:
    browser, fixed = browse(LAURA), browse()
    before = browser.cookies["sysmo-session"]
    browser.send_form("/ingresar", {"email": LAURA, "clave": PASSWORD}, page="/solicitudes")
    assert browser.cookies["sysmo-session"] != before
    fixed.cookies.set("sysmo-session", before)
    assert fixed.get("/solicitudes").status_code == 303


@pytest.mark.parametrize(
    ("role", "life"),
    [
        pytest.param(Role.CLIENT, (timedelta(days=14), timedelta(days=30)), id="client"),
        pytest.param(Role.OPERATOR, (timedelta(hours=12), timedelta(days=7)), id="operator"),
        pytest.param(Role.ADMIN, (timedelta(hours=12), timedelta(days=7)), id="administrator"),
    ],
)
def test_a_session_ends_when_it_is_not_used_and_after_its_time(
    role: Role,
    life: tuple[timedelta, timedelta],
    browse: Callable[..., Browser],
    web_runtime: Runtime,
    clock: Clock,
) -> None:
    with web_runtime.db.transaction() as session:
        make_user(session, **with_password(role=role))
    idle, absolute = life
    unused, used, began = browse(LAURA), browse(LAURA), clock.now
    while clock.now - began < absolute - idle:
        clock.now += idle - timedelta(minutes=1)
        assert used.get("/solicitudes").status_code == 200
    clock.now = began + idle + timedelta(minutes=1)
    assert unused.get("/solicitudes").status_code == 303
    clock.now = began + absolute + timedelta(minutes=1)
    assert used.get("/solicitudes").status_code == 303


def test_waiting_doubles_after_five_failures_and_a_right_password_ends_it(
    browse: Callable[..., Browser], laura: User, clock: Clock
) -> None:
    browser = browse()
    for _attempt in range(5):
        assert WRONG in browser.sign_in(LAURA, "no es").text
    blocked = browser.sign_in(LAURA)
    assert (blocked.status_code, blocked.headers["retry-after"]) == (429, "15")
    assert EARLY in blocked.text
    clock.now += timedelta(seconds=16)
    assert WRONG in browser.sign_in(LAURA, "no es").text
    assert browser.sign_in(LAURA).headers["retry-after"] == "30"
    clock.now += timedelta(seconds=31)
    assert browser.sign_in(LAURA).status_code == 303
    assert WRONG in browse().sign_in(LAURA, "no es").text


def test_an_address_without_account_waits_as_one_with(browse: Callable[..., Browser]) -> None:
    browser = browse()
    answers = [browser.sign_in("nadie@andina.example", "no es").status_code for _attempt in range(6)]
    assert answers == [422] * 5 + [429]


@ONE_ENGINE
def test_a_network_waits_after_thirty_failures_of_any_account(
    browse: Callable[..., Browser], laura: User
) -> None:
    attacker = browse(peer="2001:db8:1:2:3::4")
    answers = [attacker.sign_in(f"u{each}@x.example", "no").status_code for each in range(31)]
    assert answers == [422] * 30 + [429]
    assert browse(peer="2001:db8:1:2:9::9").sign_in(LAURA).status_code == 429
    assert browse(peer="2001:db8:1:3::4").sign_in(LAURA).status_code == 303


@pytest.mark.parametrize(
    ("target", "goes_to"),
    [
        pytest.param("/solicitudes/7?todo=1", "/solicitudes/7?todo=1", id="a page of ours"),
        pytest.param("//evil.example", "/solicitudes", id="another host"),
        pytest.param("/\\evil.example", "/solicitudes", id="backslash"),
        pytest.param("https://evil.example/", "/solicitudes", id="scheme"),
        pytest.param("/\t/evil.example", "/solicitudes", id="tab between slashes"),
        pytest.param("/a\r\nSet-Cookie: x=1", "/solicitudes", id="line break"),
        pytest.param("%2f%2fevil.example", "/solicitudes", id="encoded slashes"),
        pytest.param("javascript:alert(1)", "/solicitudes", id="script"),
    ],
)
def test_after_signing_in_one_lands_on_a_page_of_ours(
    target: str, goes_to: str, browse: Callable[..., Browser], laura: User
) -> None:
    assert browse().sign_in(LAURA, next=target).headers["location"] == goes_to


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="says nothing of where it comes from"),
        pytest.param({"Sec-Fetch-Site": "cross-site"}, id="another site"),
        pytest.param({"Sec-Fetch-Site": "same-site"}, id="a neighbour host"),
        pytest.param({"Sec-Fetch-Site": "none"}, id="typed by hand"),
        pytest.param({"Sec-Fetch-Site": "cross-site", "Origin": BASE}, id="Origin cannot outvote it"),
        pytest.param({"Origin": "https://evil.example"}, id="another origin"),
        pytest.param({"Origin": "null"}, id="no origin"),
        pytest.param({"Origin": "http://127.0.0.1:8001"}, id="another port"),
    ],
)
def test_a_form_from_elsewhere_is_refused(
    headers: dict[str, str], browse: Callable[..., Browser], laura: User
) -> None:
    browser = browse()
    token = browser.get("/ingresar").text.partition('name="csrf" value="')[2].partition('"')[0]
    sent = {"csrf": token, "email": LAURA, "clave": PASSWORD}
    assert browser.post("/ingresar", data=sent, headers=headers).status_code == 403
    assert browser.post("/ingresar", data=sent, headers={"Origin": BASE}).status_code == 303


@pytest.mark.parametrize("token", [None, "", "a" * 26, "ñ"])
def test_a_form_without_the_right_token_is_refused(
    token: str | None, browse: Callable[..., Browser], laura: User
) -> None:
    browser, other = browse(), browse()
    browser.get("/ingresar")
    fields = {"email": LAURA, "clave": PASSWORD} | ({"csrf": token} if token is not None else {})
    same = {"Sec-Fetch-Site": "same-origin"}
    assert browser.post("/ingresar", data=fields, headers=same).status_code == 403
    foreign = other.get("/ingresar").text.partition('name="csrf" value="')[2].partition('"')[0]
    assert browser.post("/ingresar", data=fields | {"csrf": foreign}, headers=same).status_code == 403


def test_the_set_up_link_makes_one_administrator(
    browse: Callable[..., Browser], web_runtime: Runtime, clock: Clock
) -> None:
    with web_runtime.db.transaction() as session:
        old = accounts.set_up_token(session, now=clock.now)
        token = accounts.set_up_token(session, now=clock.now)
    browser, second = browse(), browse()
    assert browser.get(f"/instalar/{old}").status_code == 404
    page = browser.get(f"/instalar/{token}")
    assert (page.status_code, page.headers["referrer-policy"]) == (200, "no-referrer")
    fields = {"email": "ada@sysmo.example", "nombre": "Ada Admin", "clave": "corta"}
    refused = browser.send_form(f"/instalar/{token}", fields)
    assert refused.status_code == 422
    assert "<title>Error:" in refused.text
    assert 'value="Ada Admin"' in refused.text
    assert "corta" not in refused.text
    late = second.get(f"/instalar/{token}").text.partition('name="csrf" value="')[2].partition('"')[0]
    done = browser.send_form(f"/instalar/{token}", fields | {"clave": PASSWORD})
    assert (done.status_code, done.headers["location"]) == (303, "/admin/comenzar")
    assert "Tu cuenta está lista" in browser.get("/admin/comenzar").text
    again = {"csrf": late, "email": "eva@x.example", "nombre": "Eva", "clave": PASSWORD}
    same = {"Sec-Fetch-Site": "same-origin"}
    assert second.post(f"/instalar/{token}", data=again, headers=same).status_code == 404
    assert second.sign_in("ada@sysmo.example").headers["location"] == "/bandeja"
    with web_runtime.db.transaction() as session:
        assert accounts.set_up_token(session, now=clock.now) is None


def test_the_set_up_link_ends_after_a_day(
    browse: Callable[..., Browser], web_runtime: Runtime, clock: Clock
) -> None:
    with web_runtime.db.transaction() as session:
        token = accounts.set_up_token(session, now=clock.now)
    clock.now += timedelta(hours=24)
    assert browse().get(f"/instalar/{token}").status_code == 404


def test_a_password_link_sets_the_password_once_and_ends_all_sessions(
    browse: Callable[..., Browser], web_runtime: Runtime, laura: User, clock: Clock
) -> None:
    signed_in = browse(LAURA)
    with web_runtime.db.transaction() as session:
        user = session.get(User, laura.id)
        assert user is not None
        old, _ = accounts.start_reset(session, user, now=clock.now)
        token, _ = accounts.start_reset(session, user, now=clock.now)
    browser = browse()
    assert browser.get(f"/clave/{old}").status_code == 404
    assert browser.get(f"/clave/{token}").status_code == 200
    assert browser.send_form(f"/clave/{token}", {"clave": "lauragimenez2026"}).status_code == 422
    new = "cinco lobitos tiene la loba"
    assert browser.send_form(f"/clave/{token}", {"clave": new}).status_code == 303
    assert "sysmo-session" not in browser.cookies
    assert browser.get(f"/clave/{token}").status_code == 404
    assert signed_in.get("/solicitudes").status_code == 303
    assert browser.sign_in(LAURA, PASSWORD).status_code == 422
    assert browser.sign_in(LAURA, new).status_code == 303


def test_a_password_link_ends_after_half_an_hour(
    browse: Callable[..., Browser], web_runtime: Runtime, laura: User, clock: Clock
) -> None:
    with web_runtime.db.transaction() as session:
        user = session.get(User, laura.id)
        assert user is not None
        token, _ = accounts.start_reset(session, user, now=clock.now)
    clock.now += timedelta(minutes=30)
    assert browse().get(f"/clave/{token}").status_code == 404


def test_disabling_ends_the_session_at_once(
    browse: Callable[..., Browser], web_runtime: Runtime, clock: Clock
) -> None:
    with web_runtime.db.transaction() as session:
        make_operator(session, **with_password())
    browser = browse("martin.sosa@sysmo.example")
    with web_runtime.db.transaction() as session:
        user = accounts.find_by_email(session, "martin.sosa@sysmo.example")
        assert user is not None
        accounts.disable(session, user, now=clock.now)
    assert browser.get("/bandeja").status_code == 303


def test_looking_at_every_page_changes_nothing(
    browse: Callable[..., Browser], web_runtime: Runtime, clock: Clock
) -> None:
    with web_runtime.db.transaction() as session:
        token = accounts.set_up_token(session, now=clock.now)
        make_user(session, **with_password())
    browser = browse(LAURA)
    for path in ("/", "/ingresar", f"/instalar/{token}", "/solicitudes", "/salir", "/nada"):
        before = _rows(web_runtime)
        browser.get(path)
        browser.head(path)
        assert _rows(web_runtime) == before, path


def _rows(runtime: Runtime) -> dict[str, list[tuple[object, ...]]]:
    with runtime.db.snapshot() as session:
        connection = session.connection()
        return {
            name: sorted(map(tuple, connection.exec_driver_sql(f"SELECT * FROM {name}").all()), key=str)
            for name in ("person", "web_session", "token", "counter", "ticket", "outbox_item")
        }
