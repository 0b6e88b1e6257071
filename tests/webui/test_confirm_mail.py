"""The page behind the link of T9: it asks to sign in, only shows, and acts on POST, once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

import pytest

from gateway.models.people import TokenPurpose
from gateway.models.queues import Door, JournalEntry
from gateway.rules.admission import Decision, Outcome
from gateway.runtime import Runtime
from gateway.services import accounts, blobs, links, verification
from tests.conftest import NOW
from tests.webui.conftest import CSRF, Browser, Clock
from tests.webui.scene import make_scene
from tests.webui.test_answers import acting

MARTIN = "martin.sosa@sysmo.example"
BUTTON = "Sí, lo escribí yo"


@dataclass
class Held:
    """A mail of Martín's that is held, and his link."""

    runtime: Runtime
    entry: int
    ticket: int
    path: str

    def state(self) -> tuple[Outcome | None, Decision | None]:
        with self.runtime.db.snapshot() as session:
            entry = session.get_one(JournalEntry, self.entry)
            return entry.outcome, entry.decision


@pytest.fixture
def held(web_runtime: Runtime) -> Held:
    with web_runtime.db.transaction() as session:
        scene = make_scene(session)
        martin = accounts.find_by_email(session, MARTIN)
        assert martin is not None
        content = blobs.content_of(b"From: martin.sosa@sysmo.example\r\n\r\nListo\r\n")
        blobs.keep(session, [content], now=NOW)
        entry = JournalEntry(
            door=Door.SMTP,
            received_at=NOW,
            sha256=content.sha256,
            size=content.size,
            from_address=MARTIN,
            outcome=Outcome.HELD,
            reason="operator-not-verified",
            ticket_id=scene.ticket,
            settled_at=NOW,
        )
        session.add(entry)
        session.flush()
        about = {"ticket_id": scene.ticket, "journal_id": entry.id}
        token = links.issue(session, TokenPurpose.VERIFY, martin.id, verification.LIFE, now=NOW, **about)
        return Held(web_runtime, entry.id, scene.ticket, f"/correos/confirmar/{token}")


def test_a_link_scanner_uses_nothing_up(held: Held, browse: Callable[..., Browser]) -> None:
    scanner = browse()
    assert scanner.get(held.path).status_code == 303
    assert scanner.head(held.path).status_code == 303
    assert scanner.post(held.path).status_code == 400
    assert held.state() == (Outcome.HELD, None)
    signed_in = browse(MARTIN)
    assert BUTTON in signed_in.get(held.path).text
    assert BUTTON in signed_in.get(held.path).text
    assert held.state() == (Outcome.HELD, None)


def test_signing_in_leads_back_to_the_question(held: Held, browse: Callable[..., Browser]) -> None:
    browser = browse()
    there = browser.get(held.path)
    assert there.headers["location"] == f"/ingresar?next={held.path}"
    entered = browser.sign_in(MARTIN, next=held.path)
    assert entered.headers["location"] == held.path


def test_the_page_says_what_it_is_about_and_tells_no_other_page_its_address(
    held: Held, browse: Callable[..., Browser]
) -> None:
    page = browse(MARTIN).get(held.path)
    assert f"Solicitud #{held.ticket}: No puedo emitir facturas A desde ayer" in page.text
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert acting(page.text) == []


def test_its_operator_confirms_once(held: Held, browse: Callable[..., Browser]) -> None:
    browser = browse(MARTIN)
    done = browser.send_form(held.path, {})
    assert (done.status_code, done.headers["location"]) == (303, f"/solicitudes/{held.ticket}")
    assert held.state() == (None, Decision.ACCEPT)
    assert "Confirmado." in browser.get(f"/solicitudes/{held.ticket}").text
    assert BUTTON not in browser.get(held.path).text
    assert "No queda nada por confirmar" in browser.get(held.path).text


@pytest.mark.parametrize(
    "who", ["carla.nunez@sysmo.example", "admin@sysmo.example", "laura.gimenez@andina.example"]
)
def test_nobody_else_finds_it(held: Held, browse: Callable[..., Browser], who: str) -> None:
    browser = browse(who)
    assert browser.get(held.path).status_code == 404
    assert browser.send_form(held.path, {}, page="/solicitudes").status_code == 404
    assert held.state() == (Outcome.HELD, None)


def test_after_a_day_it_says_so(held: Held, browse: Callable[..., Browser], clock: Clock) -> None:
    clock.now = NOW + verification.LIFE - timedelta(minutes=1)
    browser = browse(MARTIN)
    form = CSRF.search(browser.get(held.path).text)
    assert form is not None
    clock.now = NOW + verification.LIFE
    sent = browser.post(held.path, data={"csrf": form[1]}, headers={"Sec-Fetch-Site": "same-origin"})
    assert (sent.status_code, sent.headers["location"]) == (303, held.path)
    assert "El enlace venció" in browser.get(held.path).text
    assert held.state() == (Outcome.HELD, None)


def test_a_form_from_elsewhere_confirms_nothing(held: Held, browse: Callable[..., Browser]) -> None:
    browser = browse(MARTIN)
    sent = browser.post(held.path, data={"csrf": "x"}, headers={"Sec-Fetch-Site": "same-origin"})
    assert sent.status_code == 403
    form = CSRF.search(browser.get(held.path).text)
    assert form is not None
    sent = browser.post(held.path, data={"csrf": form[1]}, headers={"Sec-Fetch-Site": "cross-site"})
    assert sent.status_code == 403
    assert held.state() == (Outcome.HELD, None)


def test_whoever_lost_the_account_meanwhile_confirms_nothing(
    held: Held, browse: Callable[..., Browser]
) -> None:
    browser = browse(MARTIN)
    form = CSRF.search(browser.get(held.path).text)
    assert form is not None
    with held.runtime.db.transaction() as session:
        martin = accounts.find_by_email(session, MARTIN)
        assert martin is not None
        accounts.disable(session, martin, now=NOW)
    sent = browser.post(held.path, data={"csrf": form[1]}, headers={"Sec-Fetch-Site": "same-origin"})
    assert sent.status_code in (303, 403)
    assert held.state() == (Outcome.HELD, None)


def test_of_two_at_once_one_confirms(held: Held, browse: Callable[..., Browser]) -> None:
    browsers = [browse(MARTIN), browse(MARTIN)]
    forms = [CSRF.search(each.get(held.path).text) for each in browsers]

    def send(browser: Browser, form: str) -> str:
        sent = browser.post(held.path, data={"csrf": form}, headers={"Sec-Fetch-Site": "same-origin"})
        return str(sent.headers.get("location", sent.status_code))

    with ThreadPoolExecutor(2) as pool:
        tokens = [form[1] for form in forms if form is not None]
        answers = list(pool.map(send, browsers, tokens))
    assert answers.count(f"/solicitudes/{held.ticket}") == 1
    assert held.state() == (None, Decision.ACCEPT)
