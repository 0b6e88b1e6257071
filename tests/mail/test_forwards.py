"""Whose a mail was that another passes on: attached, or typed in as programs do."""

import pytest

from gateway.mail.forwards import Forwarded, find
from gateway.mail.parse import parse
from tests.office import mail

GMAIL = """¿Lo ves vos?

---------- Forwarded message ---------
De: Ana Ruiz <ana.ruiz@acme.example>
Date: lun, 11 may 2026 a las 10:05
Subject: No imprime
To: Martín <martin.sosa@sysmo.example>


Hola Martín:

La del depósito no imprime.
"""
OUTLOOK = """#tomar
Mirá esto.

________________________________
De: Ana Ruiz [mailto:ana.ruiz@acme.example]
Enviado el: lunes, 11 de mayo de 2026 10:05
Para: Martín Sosa; Depósito <deposito@acme.example>;
 Compras <compras@acme.example>
CC:
Asunto: RE: No imprime

La del depósito no imprime.
De: 9 a 18 hs estamos.
"""
THUNDERBIRD = """-------- Mensaje reenviado --------
Asunto: \tNo imprime
Fecha: \tMon, 11 May 2026 10:05:00 -0300
De: \tAna Ruiz <ana.ruiz@acme.example>
Para: \tmartin.sosa@sysmo.example

La del depósito no imprime.
"""
IPHONE = """Enviado desde mi iPhone

Inicio del mensaje reenviado:

> De: Ana Ruiz <ana.ruiz@acme.example>
> Fecha: 11 de mayo de 2026, 10:05:00 GMT-3
> Para: Martín Sosa <martin.sosa@sysmo.example>
> Asunto: No imprime
>
> La del depósito
> no imprime.
"""
ENGLISH = """FYI

From: *Ana Ruiz* <ana.ruiz@acme.example<mailto:ana.ruiz@acme.example>>
Sent: Monday, May 11, 2026 10:05 AM
To: Martin
Subject: FW: No imprime

No imprime.
"""
BODY = "La del depósito no imprime."


@pytest.mark.parametrize(
    ("subject", "text", "expected"),
    [
        pytest.param("Fwd: No imprime", GMAIL, ("¿Lo ves vos?", f"Hola Martín:\n\n{BODY}"), id="Gmail"),
        pytest.param(
            "RV: No imprime", OUTLOOK, ("#tomar\nMirá esto.", f"{BODY}\nDe: 9 a 18 hs estamos."), id="Outlook"
        ),
        pytest.param("Fwd: No imprime", THUNDERBIRD, ("", BODY), id="Thunderbird, subject first"),
        pytest.param(
            "Fwd: No imprime",
            IPHONE,
            ("Enviado desde mi iPhone", "La del depósito\nno imprime."),
            id="iPhone, marked lines",
        ),
        pytest.param("FW: No imprime", ENGLISH, ("FYI", "No imprime."), id="English Outlook, address twice"),
        pytest.param("Impresora", GMAIL, ("¿Lo ves vos?", f"Hola Martín:\n\n{BODY}"), id="text says so"),
    ],
)
def test_a_mail_typed_in_is_told_by_its_header_lines(subject, text, expected):
    comment, words = expected
    assert find(parse(mail(subject=subject, text=text))) == Forwarded(
        sender=find(parse(mail(subject=subject, text=text))).sender,
        subject="No imprime",
        text=words,
        comment=comment,
    )
    assert find(parse(mail(subject=subject, text=text))).sender.email == "ana.ruiz@acme.example"
    assert find(parse(mail(subject=subject, text=text))).sender.name == "Ana Ruiz"


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        pytest.param("RV: turnos", "De: 9 a 18 hs\nPara: todos\n", id="no address, no header"),
        pytest.param("Re: No imprime", OUTLOOK.replace("_" * 32, ""), id="an answer with its quote"),
        pytest.param("RV: hola", "Asunto: hola\nPara: ana@acme.example\nFecha: hoy\n", id="no sender"),
        pytest.param("RV: hola", "De: ana@acme.example\n\nAsunto: hola\nPara: x\n", id="sender alone"),
        pytest.param("RV: hola", "", id="nothing at all"),
    ],
)
def test_in_doubt_nothing_was_passed_on(subject, text):
    assert find(parse(mail(subject=subject, text=text))) is None


def attached(*inner: bytes, subject: str = "RV: No imprime", text: str = "Lo paso.") -> bytes:
    parts = b"".join(
        b"--b\r\nContent-Type: message/rfc822\r\nContent-Disposition: attachment\r\n\r\n" + each + b"\r\n"
        for each in inner
    )
    head = f"From: martin.sosa@sysmo.example\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n"
    head += 'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\n'
    return head.encode() + text.encode() + b"\r\n" + parts + b"--b--\r\n"


CLIENTS = mail(sender="Ana Ruiz <ana.ruiz@acme.example>", subject="Re: No imprime", text=BODY)


def test_an_attached_mail_is_opened():
    found = find(parse(attached(CLIENTS)))
    assert found is not None
    assert (found.sender.email, found.subject) == ("ana.ruiz@acme.example", "No imprime")
    assert (found.text.strip(), found.comment) == (BODY, "Lo paso.")


def test_one_sent_without_a_word_is_passed_on_whatever_the_subject_says():
    assert find(parse(attached(CLIENTS, subject="No imprime", text=""))) is not None


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(attached(CLIENTS, CLIENTS), id="two attached mails"),
        pytest.param(attached(CLIENTS, subject="Como te decía"), id="a mail among other things"),
        pytest.param(attached(b"Subject: x\r\n\r\nhola"), id="nobody's mail"),
        pytest.param(attached(b"\xff\x00" * 50), id="no mail at all"),
    ],
)
def test_an_attached_mail_in_doubt_stays_attached(raw):
    assert find(parse(raw)) is None
