"""What every answer has, errors included: headers, our Host only, and nothing told (W8, W10, W12, W19)."""

import sqlite3
from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.models.queues import OutboxState
from gateway.models.tickets import Ticket
from gateway.rules.people import Access
from gateway.runtime import Runtime
from tests.conftest import ONE_ENGINE
from tests.factories import make_company, make_operator, make_ticket, make_topic, make_user
from tests.webui import payloads
from tests.webui.conftest import Browser, with_password
from tests.webui.markup import acting
from tests.webui.scene import add_delivery, add_message, attach, make_scene
from webui.app import create_app
from webui.endpoint import page


def test_every_answer_has_the_security_headers(
    app: Any, browse: Callable[..., Browser], web_runtime: Runtime
) -> None:
    with web_runtime.db.transaction() as session:
        scene = make_scene(session)
    browser = browse("martin.sosa@sysmo.example")
    paths = [
        route.path.replace("{number:int}", str(scene.ticket)).replace("{id:int}", str(scene.client_message))
        for route in app.routes
        if isinstance(route, Route)
    ]
    paths += [f"/adjuntos/{scene.public_file}/x", "/nada", "/static/nada.css", "/static/style.css"]
    answers = [browser.get(path) for path in paths]
    answers += [
        browser.post("/ingresar"),
        browser.post("/bandeja"),
        browser.post("/ingresar", content=b"x" * 100_000),
        browser.get("/", headers={"Host": "evil.example"}),
    ]
    assert {400, 404, 405, 413} <= {answer.status_code for answer in answers}
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        framed = answer.request.url.path.endswith("/html") and answer.status_code == 200
        own = "frame-ancestors 'self'" if framed else "frame-ancestors 'none'"
        assert own in policy or policy.startswith("sandbox;")
        assert answer.headers["strict-transport-security"] == "max-age=31536000"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] in ("same-origin", "no-referrer")
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        fixed = answer.request.url.path == "/static/style.css"
        assert answer.headers["cache-control"] == (
            "public, max-age=31536000, immutable" if fixed else "no-store"
        )
        assert acting(answer.text) == []


@pytest.mark.parametrize(
    ("host", "status"),
    [
        pytest.param("127.0.0.1:8000", 200, id="base_url"),
        pytest.param("localhost:1", 200, id="this machine, another port"),
        pytest.param("[::1]:8000", 200, id="this machine by IPv6"),
        pytest.param("LOCALHOST", 200, id="upper case"),
        pytest.param("evil.example", 400, id="another host"),
        pytest.param("127.0.0.1.evil.example", 400, id="ours in front"),
        pytest.param("evil.example#127.0.0.1", 400, id="ours after a sign"),
        pytest.param("user@localhost", 400, id="with a user"),
        pytest.param("localhost:8000:1", 400, id="two ports"),
        pytest.param("", 400, id="empty"),
    ],
)
def test_only_our_host_is_served(host: str, status: int, browse: Callable[..., Browser]) -> None:
    assert browse().get("/healthz", headers={"Host": host}).status_code == status


def test_two_host_headers_are_refused(browse: Callable[..., Browser]) -> None:
    twice = [("Host", "localhost"), ("Host", "localhost")]
    assert browse().get("/healthz", headers=twice).status_code == 400


def test_the_host_of_base_url_is_ours(make_runtime: Callable[..., Runtime]) -> None:
    app = create_app(make_runtime('[site]\nbase_url = "https://soporte.example:8443"'))
    with Browser(app) as browser:
        assert browser.get("/healthz", headers={"Host": "soporte.example"}).status_code == 200
        page = browser.get("/ingresar", headers={"Host": "soporte.example"})
        cookie = page.headers["set-cookie"]
        assert cookie.startswith("__Host-sysmo-visit=")
        assert "; Secure" in cookie
        assert "HttpOnly" in cookie


def test_a_failure_tells_its_id_and_nothing_else(app: Any, browse: Callable[..., Browser]) -> None:
    def broken(_request: Request, _session: Session) -> Response:
        raise RuntimeError("secreto: SELECT * FROM person")

    app.router.routes.append(Route("/rota", page(Access.ANYONE)(broken).respond))
    answer = browse().get("/rota")
    assert answer.status_code == 500
    assert "secreto" not in answer.text
    assert "SELECT" not in answer.text
    assert "decinos este código: " in answer.text
    assert "content-security-policy" in answer.headers


@ONE_ENGINE
@pytest.mark.parametrize("hostile", payloads.TEXTS)
def test_what_strangers_write_is_shown_and_does_nothing(
    hostile: str, browse: Callable[..., Browser], web_runtime: Runtime
) -> None:
    """W12: in a name, company, topic, subject, text, quote, reason, note, file, the words of a server."""
    with web_runtime.db.transaction() as session:
        company = make_company(session, name=hostile)
        client = make_user(session, **with_password(name=hostile, phone=hostile[:60], company_id=company.id))
        operator = make_operator(session, **with_password(name=hostile))
        topic = make_topic(session, hostile[:120], operator)
        ticket = make_ticket(session, client, topic, subject=hostile, assignee_id=operator.id)
        words = {"quoted": hostile, "verdict_reason": hostile[:120], "notes": [hostile], "entry": True}
        message = add_message(session, ticket, client, hostile, **words)
        attach(session, message, hostile[:120], hostile[:120])
        answer = add_message(session, ticket, operator, f"    {hostile}\n\n```\n{hostile}\n```")
        add_delivery(session, ticket, operator, answer, state=OutboxState.FAILED, last_error=hostile)
        number = ticket.id
    for email in ("laura.gimenez@andina.example", "martin.sosa@sysmo.example"):
        browser = browse(email)
        for path in ("/bandeja", "/solicitudes", f"/solicitudes/{number}"):
            assert acting(browser.get(path).text) == []
        assert "alert(1)" in browser.get(f"/solicitudes/{number}").text or "7*7" in hostile
    refused = browse().sign_in(hostile, "no")
    assert acting(refused.text) == []


def test_a_link_in_a_message_tells_nobody_where_it_came_from(
    browse: Callable[..., Browser], web_runtime: Runtime
) -> None:
    with web_runtime.db.transaction() as session:
        client = make_user(session, **with_password())
        ticket: Ticket = make_ticket(session, client, make_topic(session))
        add_message(session, ticket, client, 'mirá https://a.example/?q="><b>&x=1. Y http://b.example')
        number = ticket.id
    page = browse("laura.gimenez@andina.example").get(f"/solicitudes/{number}").text
    assert '<a href="https://a.example/?q=" rel="noopener noreferrer nofollow">' in page
    assert '<a href="http://b.example" rel="noopener noreferrer nofollow">' in page


def test_health_answers_while_the_database_is_locked(
    make_runtime: Callable[..., Runtime], sqlite_template: Any, tmp_path: Any
) -> None:
    """On SQLite one writer is enough to keep every other out."""
    runtime = make_runtime()
    if not runtime.db.is_sqlite:
        with Browser(create_app(runtime)) as browser, runtime.db.transaction() as session:
            session.connection().exec_driver_sql("LOCK TABLE counter IN ACCESS EXCLUSIVE MODE")
            _assert_not_ready(browser)
        return
    with Browser(create_app(runtime)) as browser:
        lock = sqlite3.connect(str(runtime.db.engine.url.database), isolation_level=None)
        lock.execute("BEGIN IMMEDIATE")
        try:
            _assert_not_ready(browser)
        finally:
            lock.execute("ROLLBACK")
            lock.close()


def _assert_not_ready(browser: Browser) -> None:
    answer = browser.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"ready": False, "database": False})
    assert browser.get("/healthz").text == "ok"


def test_readiness_is_told_in_detail_to_this_machine_alone(browse: Callable[..., Browser]) -> None:
    here, far = browse(), browse(peer="192.0.2.7")
    assert here.get("/readyz").json()["database"] is True
    assert far.get("/readyz").json() == {"ready": True}
    through_a_proxy = here.get("/readyz", headers={"X-Forwarded-For": "192.0.2.7"})
    assert through_a_proxy.json() == {"ready": True}


def test_a_forwarded_address_counts_from_a_listed_proxy_alone(
    make_runtime: Callable[..., Runtime],
) -> None:
    app = create_app(make_runtime('[web]\nproxies = ["127.0.0.1"]'))
    forged = {"X-Forwarded-For": "127.0.0.1, 192.0.2.7"}
    with Browser(app) as proxy, Browser(app, "192.0.2.9") as stranger:
        assert proxy.get("/readyz", headers=forged).json() == {"ready": True}
        assert stranger.get("/readyz", headers={"X-Forwarded-For": "127.0.0.1"}).json() == {"ready": True}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"&".join(b"a%d=1" % each for each in range(5_000)), id="thousands of fields"),
        pytest.param(b"csrf=%zz&email=%ff%fe&%00=%00", id="no text"),
        pytest.param(b"\xff\xfe=\x00", id="bytes"),
        pytest.param(b"a" * 60_000, id="one long name"),
        pytest.param(b"csrf=%ed%a0%80", id="half a surrogate"),
    ],
)
def test_a_broken_form_is_refused_and_breaks_nothing(body: bytes, browse: Callable[..., Browser]) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
    assert browse().post("/ingresar", content=body, headers=headers).status_code in (400, 403)


@pytest.mark.parametrize(
    "email", ["\x00", "a\x00@b.example", "\ud7ff" * 100, "x" * 5_000, "'; DROP TABLE person"]
)
def test_whatever_is_typed_as_an_address_is_a_wrong_one(email: str, browse: Callable[..., Browser]) -> None:
    assert browse().sign_in(email, "\x00" * 10).status_code == 422


@pytest.mark.parametrize(
    "query",
    [
        "vista=%00&estado=%ff",
        "antes=99999999999999999999-1",
        "antes=1-99999999999",
        "antes=%00-1",
        "vista=a&vista=b",
    ],
)
def test_whatever_an_address_says_the_list_is_shown(
    query: str, browse: Callable[..., Browser], web_runtime: Runtime
) -> None:
    with web_runtime.db.transaction() as session:
        make_operator(session, **with_password())
    assert browse("martin.sosa@sysmo.example").get(f"/bandeja?{query}").status_code == 200
