"""What an operator's reply gives away is held; what stands in every mail of theirs is left out."""

from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from sqlmodel import Session

from gateway.models.tickets import Ticket
from gateway.rules.admission import Outcome
from gateway.runtime import Runtime
from tests.factories import make_operator, make_topic
from tests.office import Office, answer, body
from tests.services.test_intake import CLIENT, MARTIN, SOFIA, Desk

SECRET = "Ojo que este cliente debe tres facturas de marzo y otra más de abril."


@pytest.fixture
def desk(session: Session, runtime: Runtime, now: datetime) -> Desk:
    martin, sofia = make_operator(session), make_operator(session, SOFIA, name="Sofía Paz")
    topic = make_topic(session, "Facturación", martin, sofia, is_default=True)
    return Desk(Office(runtime, session, now), topic, martin, sofia)


@pytest.fixture
def commented(desk: Desk) -> tuple[Ticket, EmailMessage, EmailMessage]:
    """A request with an internal comment of Sofía's: Martín's notices of the one and the other."""
    ticket, sent = desk.open()
    comment = f"#interno\n{SECRET}"
    desk.office.deliver(answer(sent[SOFIA], comment, sender=SOFIA, message_id="s1@x.example"))
    (internal,) = desk.office.out()
    return ticket, sent[MARTIN], internal


def test_a_reply_that_repeats_an_internal_comment_is_held_and_its_writer_told(desk: Desk, commented) -> None:
    ticket, notice, _ = commented
    text = f"Buenas. {SECRET.upper()} ¿Cuándo pagan?"
    done = desk.office.deliver(answer(notice, text, sender=MARTIN, message_id="m1@x.example"))
    assert (done.outcome, done.reason) == (Outcome.HELD, "leak-internal-text")
    (told,) = desk.office.out()
    assert told["X-Envelope-To"] == MARTIN
    assert "Tu respuesta no salió" in body(told)
    assert "> Buenas." in body(told)
    assert len(desk.messages(ticket)) == 2


def test_a_quoted_notice_of_an_internal_comment_is_held_by_its_mark(desk: Desk, commented) -> None:
    _, notice, internal = commented
    text = f"Le paso lo que me dijo Sofía: {body(internal)}".replace("\n", "\n| ")
    done = desk.office.deliver(answer(notice, text, sender=MARTIN, message_id="m1@x.example"))
    assert (done.outcome, done.reason) == (Outcome.HELD, "leak-marker")


def test_somebodys_reply_address_is_held(desk: Desk, commented) -> None:
    _, notice, internal = commented
    text = f"Escribime a {internal['Reply-To']} por favor"
    done = desk.office.deliver(answer(notice, text, sender=MARTIN, message_id="m1@x.example"))
    assert (done.outcome, done.reason) == (Outcome.HELD, "leak-token")


def test_an_attached_notice_is_looked_into(desk: Desk, commented) -> None:
    _, notice, internal = commented
    raw = with_file(answer(notice, "Va adjunto.", sender=MARTIN), internal.as_bytes(), "message/rfc822")
    done = desk.office.deliver(raw)
    assert (done.outcome, done.reason) == (Outcome.HELD, "leak-marker")


def test_what_the_client_wrote_is_no_secret(desk: Desk, commented) -> None:
    """Sofía quoted the client in her comment; Martín repeats the client's words to the client."""
    ticket, notice, _ = commented
    first = desk.messages(ticket)[0].text
    repeated = answer(notice, f"#interno\n{first}\n¿Qué opinás?", sender=MARTIN, message_id="m0@x.example")
    desk.office.deliver(repeated)
    desk.office.out()
    done = desk.office.deliver(answer(notice, f"Dice: {first}", sender=MARTIN, message_id="m1@x.example"))
    assert done.outcome is Outcome.APPENDED
    assert CLIENT in {each["X-Envelope-To"] for each in desk.office.out()}


def test_an_internal_answer_may_repeat_what_is_internal(desk: Desk, commented) -> None:
    _, notice, _ = commented
    done = desk.office.deliver(answer(notice, f"#interno\nComo decís: {SECRET}", sender=MARTIN))
    assert done.outcome is Outcome.APPENDED


LOGO, SHOT = b"\x89PNG\r\n\x1a\n" + b"l" * 9_000, b"\x89PNG\r\n\x1a\n" + b"s" * 90_000
DOT = b"\x89PNG\r\n\x1a\n" + b"."


def test_the_images_of_a_signature_do_not_reach_the_client_a_screenshot_does(desk: Desk) -> None:
    _, sent = desk.open()
    names = []
    for count, images in enumerate(((LOGO, DOT), (LOGO, SHOT, DOT))):
        raw = answer(sent[MARTIN], f"Va la {count}", sender=MARTIN, message_id=f"m{count}@x.example")
        for number, image in enumerate(images):
            raw = with_file(raw, image, "image/png", name=f"image00{number}.png", inline=True)
        desk.office.deliver(raw)
        reply = next(each for each in desk.office.out() if each["X-Envelope-To"] == CLIENT)
        names.append([part.get_filename() for part in reply.iter_attachments()])
    assert names == [["image000.png"], ["image001.png"]], "the logo is known from the second mail on"


def with_file(
    raw: bytes, content: bytes, content_type: str, *, name: str = "aviso.eml", inline: bool = False
) -> bytes:
    """The same mail with one more file."""
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    main, _, sub = content_type.partition("/")
    if content_type == "message/rfc822":
        message.add_attachment(message_from_bytes(content, policy=policy.default), filename=name)
    else:
        more = {"disposition": "inline", "cid": f"<{name}>"} if inline else {}
        message.add_attachment(content, maintype=main, subtype=sub, filename=name, **more)
    return message.as_bytes(policy=SMTP)
