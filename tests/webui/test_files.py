"""Files on the web: whose they are, how they go out, what is blocked, thumbnails, frames (C5, W11, W13)."""

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO

import pytest
from PIL import Image
from sqlmodel import Session

from gateway import tokens
from gateway.mail import html
from gateway.models.tickets import Attachment, Message, Participant, Ticket
from gateway.rules.lifecycle import MessageKind
from gateway.runtime import Runtime
from gateway.services import blobs
from tests.conftest import NOW
from tests.factories import make_operator, make_ticket, make_topic, make_user
from tests.webui import payloads
from tests.webui.conftest import Browser, with_password
from tests.webui.markup import acting
from tests.webui.scene import add_message

LAURA, MARTIN = "laura.gimenez@andina.example", "martin.sosa@sysmo.example"
CARLA, PEDRO = "carla.nunez@sysmo.example", "pedro@andina.example"
SANDBOX = "sandbox; default-src 'none'"


def png(size: tuple[int, int] = (40, 30)) -> bytes:
    octets = BytesIO()
    Image.new("RGB", size, (200, 30, 30)).save(octets, "PNG")
    return octets.getvalue()


def attach(
    session: Session, runtime: Runtime, message: Message, sent: tuple[str, str, bytes], cid: str | None = None
) -> str:
    """Put a file, as (name, declared type, bytes), on a message."""
    filename, declared, data = sent
    content = blobs.content_of(data)
    blobs.place(runtime.blobs, [content])
    blobs.keep(session, [content], now=NOW)
    file = Attachment(
        id=tokens.new_token(),
        message_id=message.id,
        position=0,
        filename=filename,
        content_type=declared,
        size=content.size,
        sha256=content.sha256,
        content_id=cid,
    )
    session.add(file)
    session.flush()
    return file.id


class Office:
    """A request of Laura's, answered by Martín; Carla serves another topic."""

    def __init__(self, runtime: Runtime, session: Session) -> None:
        self.runtime, self.session = runtime, session
        self.laura = make_user(session, LAURA, **with_password())
        self.martin = make_operator(session, MARTIN, **with_password())
        make_operator(session, CARLA, **with_password(name="Carla Núñez"))
        self.ticket: Ticket = make_ticket(
            session, self.laura, make_topic(session, "Facturación", self.martin)
        )
        self.message = add_message(session, self.ticket, self.laura, "Hola")

    def attach(self, filename: str, declared: str, data: bytes) -> str:
        return attach(self.session, self.runtime, self.message, (filename, declared, data))


@pytest.fixture
def set_up(web_runtime: Runtime) -> Callable[[Callable[[Office], object]], object]:
    def run(work: Callable[[Office], object]) -> object:
        with web_runtime.db.transaction() as session:
            return work(Office(web_runtime, session))

    return run


MATRIX = [
    (filename, declared, content)
    for filename in ("a.png", "a.html", "a.svg", "a.pdf", "a.txt", "a")
    for declared in (
        "image/png",
        "text/html",
        "image/svg+xml",
        "application/pdf",
        "text/plain",
        "application/x",
    )
    for content in (png((2, 2)), b"<script>alert(1)</script>", b"<svg onload=alert(1)>", b"%PDF-1.7 x")
]


def test_downloads_are_never_more_than_their_content(
    set_up: Callable[..., list[str]], browse: Callable[..., Browser]
) -> None:
    """Every ending with every declared type and content: an attachment always, and no type that lies."""
    ids = set_up(lambda office: [office.attach(*each) for each in MATRIX])
    browser = browse(LAURA)
    for (filename, declared, content), file_id in zip(MATRIX, ids, strict=True):
        found = browser.get(f"/adjuntos/{file_id}/{filename}")
        assert found.content == content
        assert found.headers["content-disposition"].startswith("attachment; ")
        assert found.headers["content-security-policy"] == SANDBOX
        assert found.headers["x-content-type-options"] == "nosniff"
        kind = found.headers["content-type"]
        true = (declared == "image/png" and content[:4] == b"\x89PNG") or (
            declared == "application/pdf" and content[:5] == b"%PDF-"
        )
        plain = declared == "text/plain" and content[:1] == b"<"
        assert kind == (declared if true or plain else "application/octet-stream"), (filename, declared)
        shown = browser.get(f"/adjuntos/{file_id}/imagen")
        is_png = content[:4] == b"\x89PNG"
        assert shown.headers["content-disposition"].startswith("inline; " if is_png else "attachment; ")
        assert is_png == (shown.headers["content-type"] == "image/png") or not is_png
        assert shown.headers["content-security-policy"] == SANDBOX


def test_nothing_in_an_address_changes_a_type_or_makes_it_shown(
    set_up: Callable[..., str], browse: Callable[..., Browser]
) -> None:
    file_id = set_up(lambda office: office.attach("a.html", "text/html", b"<script>alert(1)</script>"))
    browser = browse(LAURA)
    wanted = browser.get(f"/adjuntos/{file_id}/a.html")
    for path in (
        f"/adjuntos/{file_id}/b.png",
        f"/adjuntos/{file_id}/a.html?content-type=text/html&disposition=inline&type=text/html&inline=1",
        f"/adjuntos/{file_id}/a.html;x=text-html",
        f"/adjuntos/{file_id}/%0d%0aContent-Type:text",
    ):
        found = browser.get(path)
        for name in ("content-type", "content-disposition", "content-security-policy"):
            assert found.headers[name] == wanted.headers[name]


def test_a_range_gets_the_whole_and_head_gets_the_headers(
    set_up: Callable[..., str], browse: Callable[..., Browser]
) -> None:
    file_id = set_up(lambda office: office.attach("a.txt", "text/plain", b"0123456789"))
    browser, path = browse(LAURA), f"/adjuntos/{file_id}/a.txt"
    for wanted in ("bytes=0-3", "bytes=0-1,2-3,4-5", "bytes=-5", "bytes=9-0", "x"):
        found = browser.get(path, headers={"Range": wanted})
        assert (found.status_code, found.content) == (200, b"0123456789")
    found = browser.head(path)
    assert (found.status_code, found.content, found.headers["content-length"]) == (200, b"", "10")
    assert found.headers["accept-ranges"] == "none"


def test_what_would_run_is_listed_and_served_to_nobody(
    set_up: Callable[..., tuple[int, list[str]]], browse: Callable[..., Browser]
) -> None:
    program = b"MZ\x90\x00" + bytes(100)

    def work(office: Office) -> tuple[int, list[str]]:
        files = [
            ("visor.exe", program),
            ("acceso.lnk", b"x"),
            ("factura.pdf", program),
            ("x.js", b"alert(1)"),
        ]
        return office.ticket.id, [office.attach(name, "application/pdf", data) for name, data in files]

    number, ids = set_up(work)
    for email in (LAURA, MARTIN):
        browser = browse(email)
        page = browser.get(f"/solicitudes/{number}").text
        assert page.count("Bloqueado por seguridad") == 3
        assert f"/adjuntos/{ids[0]}" not in page
        for each in ids:
            for path in (f"/adjuntos/{each}/x", f"/adjuntos/{each}/imagen"):
                found = browser.get(path)
                assert (found.status_code, program in found.content) == (403, False)
                assert "content-disposition" not in found.headers
            assert browser.get(f"/adjuntos/{each}/miniatura").status_code == 404


def test_pictures_have_thumbnails_and_whatever_only_says_so_has_none(
    set_up: Callable[..., tuple[int, str, str]], browse: Callable[..., Browser]
) -> None:
    def work(office: Office) -> tuple[int, str, str]:
        true = office.attach("captura.png", "image/png", png((1300, 900)))
        return office.ticket.id, true, office.attach("mentira.png", "image/png", b"<script>alert(1)</script>")

    number, true, lie = set_up(work)
    browser = browse(LAURA)
    page = browser.get(f"/solicitudes/{number}").text
    assert f'<img src="/adjuntos/{true}/miniatura" alt=""' in page
    for _ in range(2):
        found = browser.get(f"/adjuntos/{true}/miniatura")
        assert (found.status_code, found.headers["content-type"]) == (200, "image/webp")
        assert found.headers["cache-control"] == "no-store"
        assert found.headers["content-security-policy"] == SANDBOX
        assert Image.open(BytesIO(found.content)).size == (578, 400)
    found = browser.get(f"/adjuntos/{lie}/miniatura")
    assert (found.status_code, found.headers["content-security-policy"]) == (404, SANDBOX)
    assert b"script" not in found.content


def test_a_file_follows_its_message_on_every_way_to_it(
    set_up: Callable[..., tuple[int, dict[str, str]]], browse: Callable[..., Browser], web_runtime: Runtime
) -> None:
    """C5: the id of an internal file, of another's, and of one's own after access is revoked."""

    def work(office: Office) -> tuple[int, dict[str, str]]:
        session, ticket = office.session, office.ticket
        pedro = make_user(session, PEDRO, **with_password(name="Pedro Paz"))
        before = add_message(session, ticket, office.martin, "antes")
        joined = before.created_at + timedelta(seconds=1)
        session.add(Participant(ticket_id=ticket.id, user_id=pedro.id, joined_at=joined))
        note = add_message(session, ticket, office.martin, "nota", kind=MessageKind.INTERNAL)
        after = add_message(session, ticket, office.martin, "después")
        later = add_message(session, ticket, office.laura, "de Laura")
        places = {"first": office.message, "before": before, "note": note, "after": after, "later": later}
        return ticket.id, {
            name: attach(session, office.runtime, message, (f"{name}.png", "image/png", png()))
            for name, message in places.items()
        }

    number, files = set_up(work)
    allowed = {
        LAURA: {"first", "before", "after", "later"},
        PEDRO: {"after"},
        MARTIN: set(files),
        CARLA: set(),
    }
    browsers = {email: browse(email) for email in allowed}
    for email, names in allowed.items():
        for name, each in files.items():
            for way in (f"{name}.png", "imagen", "miniatura"):
                found = browsers[email].get(f"/adjuntos/{each}/{way}")
                assert found.status_code == (200 if name in names else 404), (email, name, way)
    with web_runtime.db.transaction() as session:
        for sql in ("DELETE FROM topic_operator", "DELETE FROM participant"):
            session.connection().exec_driver_sql(sql)
    for email in (PEDRO, MARTIN):
        for each in files.values():
            for way in ("x.png", "imagen", "miniatura"):
                assert browsers[email].get(f"/adjuntos/{each}/{way}").status_code == 404
        assert browsers[email].get(f"/solicitudes/{number}").status_code == 404


def test_a_mail_as_it_was_sent_stands_in_a_frame_that_may_do_nothing(
    set_up: Callable[..., tuple[int, int]], browse: Callable[..., Browser]
) -> None:
    def work(office: Office) -> tuple[int, int]:
        session, other = office.session, add_message(office.session, office.ticket, office.laura, "otro")
        pictures = "".join(f'<img src="cid:{each}@x">' for each in ("own", "other", "lie"))
        words = "".join(f"<p>{each}</p>" for each in payloads.HTML)
        message = add_message(
            session,
            office.ticket,
            office.laura,
            "x",
            html=html.safe(pictures + words),
            html_version=html.CLEANER_VERSION,
        )
        runtime, lie = office.runtime, b"<svg onload=alert(1)>"
        attach(session, runtime, message, ("a.png", "image/png", png()), "own@x")
        attach(session, runtime, other, ("b.png", "image/png", png()), "other@x")
        attach(session, runtime, message, ("c.png", "image/png", lie), "lie@x")
        return office.ticket.id, message.id

    number, message = set_up(work)
    browser = browse(MARTIN)
    page = browser.get(f"/solicitudes/{number}").text
    sandbox = 'sandbox="allow-popups allow-popups-to-escape-sandbox"'
    assert f'<iframe src="/mensajes/{message}/html"' in page
    assert sandbox in page
    assert acting(page) == []
    found = browser.get(f"/mensajes/{message}/html")
    assert found.headers["content-security-policy"] == (
        "default-src 'none'; img-src data:; style-src 'none'; frame-ancestors 'self'; "
        "sandbox allow-popups allow-popups-to-escape-sandbox"
    )
    assert "set-cookie" not in found.headers
    assert found.text.count('src="data:image/png;base64,') == 1
    assert found.text.count(' src="') == 1
    assert set(acting(found.text)) <= {"img"}
    assert "far.example" not in found.text
    assert browse(LAURA).get(f"/mensajes/{message}/html").status_code == 404
    assert browse(CARLA).get(f"/mensajes/{message}/html").status_code == 404


def test_html_of_an_older_list_is_not_shown(
    set_up: Callable[..., int], browse: Callable[..., Browser]
) -> None:
    def work(office: Office) -> int:
        return add_message(
            office.session, office.ticket, office.laura, "x", html="<p>canario</p>", html_version=0
        ).id

    message = set_up(work)
    page = browse(MARTIN).get(f"/mensajes/{message}/html").text
    assert "canario" not in page
    assert "Podés descargar el original." in page
