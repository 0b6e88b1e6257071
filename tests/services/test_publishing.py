"""What an operator's reply gives away is held; what stands in every mail of theirs is left out."""

from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from sqlmodel import Session

from gateway.models.people import User
from gateway.models.tickets import Ticket
from gateway.models.topics import TopicOperator
from gateway.rules.admission import Outcome
from gateway.rules.people import UserStatus
from gateway.runtime import Runtime
from tests.factories import make_operator, make_topic
from tests.office import Office, answer, body, mail
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


@pytest.mark.parametrize("language", ["es", "en"])
@pytest.mark.parametrize("purpose", ["new request", "client's message", "missed", "withheld", "mistake"])
def test_a_notice_of_the_team_is_held_however_it_is_quoted(desk: Desk, purpose: str, language: str) -> None:
    """Some programs quote without any sign of it; the notice says what is for no client."""
    desk.martin.language = language
    _, sent = desk.open()
    notice = sent[MARTIN]
    if purpose != "new request":
        desk.office.deliver(answer(sent[CLIENT], "¿Y?", sender=CLIENT, message_id="c2@x.example"))
        notice = desk.office.out_to(MARTIN)[0]
    if purpose in ("missed", "withheld", "mistake"):
        words = {"missed": "Ya va.", "withheld": "", "mistake": "#cerar"}[purpose]
        first = sent[MARTIN] if purpose == "missed" else notice
        desk.office.deliver(answer(first, words, sender=MARTIN, message_id="m0@x.example"))
        notice = desk.office.out_to(MARTIN)[0]
    text = f"Reinicien.\n\n{body(notice)}"
    raw = mail(
        sender=MARTIN,
        to=notice["Reply-To"],
        subject=notice["Subject"],
        text=text,
        message_id="m1@x.example",
        in_reply_to=notice["Message-ID"],
    )
    done = desk.office.deliver(raw)
    assert (done.outcome, done.reason) == (Outcome.HELD, "leak-notice")


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


@pytest.mark.parametrize(
    ("image", "travels"),
    [
        pytest.param(
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\x40\0\0\0\x30" + b"d" * 900, True, id="a dialog, PNG"
        ),
        pytest.param(
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x18\0\0\0\x18" + b"d" * 900, False, id="an icon, PNG"
        ),
        pytest.param(b"GIF89a\x40\x01\x30\0" + b"d" * 900, True, id="a dialog, GIF"),
        pytest.param(b"GIF89a\x01\0\x01\0" + b"d" * 40, False, id="a dot, GIF"),
    ],
)
def test_a_small_screenshot_reaches_the_client_and_an_icon_does_not(
    desk: Desk, image: bytes, travels: bool
) -> None:
    _, sent = desk.open()
    raw = answer(sent[MARTIN], "Te va a salir esto:", sender=MARTIN)
    desk.office.deliver(with_file(raw, image, "image/png", name="image001.png", inline=True))
    (reply,) = desk.office.out_to(CLIENT)
    assert bool(list(reply.iter_attachments())) is travels


@pytest.mark.parametrize(
    ("text", "cid"),
    [
        pytest.param("", True, id="it is all there is"),
        pytest.param("Va de nuevo.", False, id="a photo of an iPhone, sent again"),
    ],
)
def test_an_image_that_is_an_answer_reaches_the_client(desk: Desk, text: str, cid: bool) -> None:
    _, sent = desk.open()
    for count in range(2):
        raw = answer(sent[MARTIN], text, sender=MARTIN, message_id=f"m{count}@x.example")
        raw = with_file(raw, LOGO, "image/png", name="foto.png", inline=True)
        desk.office.deliver(raw if cid else raw.replace(b"Content-ID:", b"X-Content:"))
        (reply,) = desk.office.out_to(CLIENT)
        assert [part.get_filename() for part in reply.iter_attachments()] == ["foto.png"]


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


def told(desk: Desk) -> str:
    """The one mail out, which tells an operator that their answer went to nobody."""
    (mail,) = desk.office.out()
    assert mail["X-Envelope-To"] == MARTIN
    assert "Tu respuesta no salió" in body(mail)
    return body(mail)


@pytest.mark.parametrize(
    ("own", "quote"),
    [
        pytest.param("", True, id="the notice and no word"),
        pytest.param("", False, id="nothing at all"),
        pytest.param("-- \nMartín Sosa", True, id="a signature"),
    ],
)
def test_an_answer_without_a_word_goes_to_nobody(desk: Desk, own: str, quote: bool) -> None:
    ticket, sent = desk.open()
    notice = sent[MARTIN]
    raw = answer(notice, own, sender=MARTIN)
    if not quote:
        raw = mail(sender=MARTIN, to=notice["Reply-To"], text="", message_id="m1@x.example")
    done = desk.office.deliver(raw)
    assert (done.outcome, done.reason) == (Outcome.HELD, "nothing-written")
    assert "ninguna palabra tuya" in told(desk)
    assert len(desk.messages(ticket)) == 1


def test_an_answer_that_points_at_its_quote_goes_without_it(desk: Desk) -> None:
    """Of a client the quote would be shown with it; an operator quotes our own notice."""
    _, sent = desk.open()
    desk.office.deliver(answer(sent[MARTIN], "Te respondo en el mail de abajo.", sender=MARTIN))
    (reply,) = desk.office.out()
    assert "Te respondo en el mail de abajo." in body(reply)
    assert "NO VERIFICADO" not in body(reply)


def test_a_command_and_a_quote_are_a_command(desk: Desk) -> None:
    ticket, sent = desk.open()
    desk.office.deliver(answer(sent[MARTIN], "#tomar", sender=MARTIN))
    assert (ticket.assignee_id, desk.office.out()) == (desk.martin.id, [])


def test_an_answer_that_nobody_would_get_is_not_lost_in_silence(desk: Desk) -> None:
    ticket, sent = desk.open()
    desk.office.session.get_one(User, ticket.requester_id).status = UserStatus.DISABLED
    desk.office.session.flush()
    done = desk.office.deliver(answer(sent[MARTIN], "Reinicien.", sender=MARTIN))
    assert (done.outcome, done.reason) == (Outcome.HELD, "nobody-to-answer")
    assert "no queda nadie" in told(desk)
    assert len(desk.messages(ticket)) == 1


def test_who_does_not_answer_a_request_any_more_is_told(desk: Desk) -> None:
    _, sent = desk.open()
    desk.office.session.delete(desk.office.session.get_one(TopicOperator, (desk.topic.id, desk.martin.id)))
    desk.office.session.flush()
    done = desk.office.deliver(answer(sent[MARTIN], "Reinicien.", sender=MARTIN))
    assert (done.outcome, done.reason) == (Outcome.HELD, "stranger")
    text = told(desk)
    assert "Ya no atendés esta solicitud" in text
    assert "Abrir la solicitud" not in text, "they could not"


def test_a_responder_of_somebody_who_left_is_told_some_times_and_no_more(desk: Desk) -> None:
    _, sent = desk.open()
    desk.office.session.delete(desk.office.session.get_one(TopicOperator, (desk.topic.id, desk.martin.id)))
    desk.office.session.flush()
    notice, mails = sent[MARTIN], 0
    for number in range(30):
        desk.office.deliver(answer(notice, "Recibido.", sender=MARTIN, message_id=f"m{number}@x.example"))
        answered = desk.office.out_to(MARTIN)
        if not answered:
            break
        notice, mails = answered[0], mails + 1
    assert mails < 12


def test_who_proves_nothing_is_told_nothing(desk: Desk) -> None:
    _, sent = desk.open()
    raw = answer(sent[CLIENT], "Reinicien.", sender=MARTIN)
    assert desk.office.deliver(raw).reason == "operator-without-token"
    assert desk.office.out() == []
