"""Own words apart from quotes, as mail programs in Spanish and English write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mail import html
from gateway.mail.quoting import split

OUTLOOK = """De: Soporte Sysmo <soporte@example.com>
Enviado el: lunes, 3 de noviembre de 2025 10:00
Para: Ana Muñoz <ana@cliente.example>
Asunto: RE: Impresora [#7-k7q2]

¿Probaron apagarla?"""


@pytest.mark.parametrize(
    ("text", "own"),
    [
        pytest.param(
            "Gracias\n\nEl lun, 3 nov 2025 a las 10:00, Soporte (<soporte@example.com>) escribió:\n"
            "\n> Hola\n> chau",
            "Gracias",
            id="Gmail",
        ),
        pytest.param(
            "Gracias\n\nEl lun, 3 nov 2025 a la(s) 10:00 a.m., Soporte de la Empresa\n"
            "Muy Larga (<soporte@example.com>)\nescribió:\n\n> Hola",
            "Gracias",
            id="Gmail, wrapped over three lines",
        ),
        pytest.param(
            "Thanks\n\nOn Mon, Nov 3, 2025 at 10:00 AM Support <soporte@example.com>\nwrote:\n\n> Hi",
            "Thanks",
            id="Gmail in English",
        ),
        pytest.param(
            "Ok\n\nEl 3/11/2025 a las 10:00, Soporte escribió:\n> Hola\n\nListo",
            "Ok\n\nListo",
            id="Thunderbird, answered above and below",
        ),
        pytest.param(
            "Gracias\n\nEnviado desde mi iPhone\n\n> El 3 nov. 2025, a la(s) 10:00\u202fa.\xa0m., Soporte "
            "<soporte@example.com> escribió:\n> \n> Hola",
            "Gracias",
            id="iPhone",
        ),
        pytest.param(
            "Gracias\n\nEl lunes, 3 de noviembre de 2025, 10:00:00 ART, Soporte <soporte@example.com> "
            "escribió:\n\nHola\nsin marcas",
            "Gracias",
            id="Yahoo, no marks",
        ),
        pytest.param(f"Gracias\n\n{OUTLOOK}", "Gracias", id="Outlook"),
        pytest.param(f"Gracias\n\n{'_' * 32}\n{OUTLOOK}", "Gracias", id="Outlook on the web"),
        pytest.param(f"Gracias\n\n-----Mensaje original-----\n{OUTLOOK}", "Gracias", id="old Outlook"),
        pytest.param(
            f"Gracias\n\n-------- Mensaje original --------\n{OUTLOOK}", "Gracias", id="Samsung and Android"
        ),
        pytest.param(
            "Thanks\n\nFrom: Support <soporte@example.com>\nSent: Monday, November 3, 2025 10:00 AM\n"
            "To: Ana <ana@cliente.example>;\n Bruno <bruno@cliente.example>\nSubject: Printer\n\nHi",
            "Thanks",
            id="Outlook in English, recipients on two lines",
        ),
        pytest.param(
            "Gracias\n\n*De:* Soporte <soporte@example.com>\n*Enviado:* lunes\n*Asunto:* RE: x\n\nHola",
            "Gracias",
            id="labels in bold",
        ),
        pytest.param(
            'Gracias\n\n----- Mensaje original -----\nDe: "Soporte" <soporte@example.com>\nPara: "Ana" '
            "<ana@cliente.example>\nEnviados: Lunes, 3 de Noviembre 2025 10:00:00\nAsunto: x\n\nHola",
            "Gracias",
            id="Zimbra",
        ),
        pytest.param(
            "Mi mail: ana@cliente.example\nEl 3/11/2025 a las 10:00, S escribió:\n> Hola",
            "Mi mail: ana@cliente.example",
            id="an own line with an address above",
        ),
        pytest.param(
            "El lunes 3 paso.\nEl 3/11/2025 a las 10:00, S escribió:\n> Hola",
            "El lunes 3 paso.",
            id="an own line that begins like an attribution",
        ),
        pytest.param(
            "El tema sigue igual.\nS <s@example.com> escribió el 3/11/2025 a las 10:00:\n> Hola",
            "El tema sigue igual.",
            id="an own line that begins like one, above another kind",
        ),
        pytest.param(
            "> ¿La apagaron?\nSí\n> ¿Y ahora?\nTampoco", "Sí\nTampoco", id="answers among the quotes"
        ),
        pytest.param(
            "2025-11-03 10:00 GMT-03:00 Soporte <s@example.com>:\n> Hola\n\nok", "ok", id="old Gmail"
        ),
        pytest.param(
            "Soporte <soporte@example.com> escribió el 3/11/2025 a las 10:00:\n> Hola\nok",
            "ok",
            id="name first",
        ),
    ],
)
def test_own_words(text, own):
    assert split(text, "", is_reply=True)[0] == own


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            "Horario de atención\nDe: 9 a 18 hs\nGracias", id="a line that only looks like a header"
        ),
        pytest.param("De: Rosario\nA: Córdoba\nsale mañana", id="two of them"),
        pytest.param("El cliente escribió:\n«no anda»", id="words copied by hand"),
        pytest.param("El 3/11/2025 a las 10:00 el cliente me escribió:\nno anda nada", id="with a date, too"),
        pytest.param("Hola\n-----\nAna Muñoz\nGerencia", id="a signature under dashes"),
        pytest.param(f"Hola\n{'_' * 32}\nAna Muñoz", id="a signature under a rule"),
        pytest.param("Asunto: impresora\nFecha: hoy\nno anda", id="labels without a sender"),
        pytest.param(
            "Te paso lo que dijo el proveedor\n---------- Forwarded message ---------\nDe: P <p@x.example>\n"
            "Fecha: lunes\nAsunto: x\nPara: <ana@cliente.example>\n\nNo hay repuesto",
            id="a mail handed on with the reply",
        ),
        pytest.param("> solo una cita\n> y nada más", id="a quote alone"),
        pytest.param(OUTLOOK, id="a quoted mail alone"),
    ],
)
def test_all_of_it_stays(text):
    assert split(text, "", is_reply=True) == (text, "")


def test_a_first_mail_or_a_forward_is_never_split():
    text = f"Mirá esto\n\n{OUTLOOK}"
    assert split(text, "", is_reply=False) == (text, "")


@pytest.mark.parametrize(
    ("markup", "own"),
    [
        pytest.param(
            '<div>Gracias</div><div class="gmail_quote"><div class="gmail_attr">El lun, 3 nov 2025 a las '
            '10:00, S (<a href="mailto:s@example.com">s@example.com</a>) escribió:<br></div>'
            '<blockquote class="gmail_quote"><div>Hola</div></blockquote></div>',
            "Gracias",
            id="Gmail",
        ),
        pytest.param(
            '<div class="gmail_quote"><div class="gmail_attr">El lun, 3 nov 2025 a las '
            '10:00, S (s@example.com) escribió:<br></div><blockquote class="gmail_quote">¿La apagaron?'
            '</blockquote>Sí<blockquote class="gmail_quote">¿Y ahora?</blockquote>Tampoco</div>',
            "Sí\n\nTampoco",
            id="Gmail, answered among the quotes",
        ),
        pytest.param(
            '<p>Gracias</p><div id="appendonsend"></div><hr><div id="divRplyFwdMsg"><b>De:</b> S '
            "&lt;s@example.com&gt;<br><b>Enviado:</b> lunes<br><b>Para:</b> Ana<br>"
            "<b>Asunto:</b> x</div><div>Hola</div>",
            "Gracias",
            id="Outlook on the web",
        ),
        pytest.param(
            '<p class="MsoNormal">Gracias</p><div style="border-top:solid #E1E1E1 1.0pt">'
            "<p class=MsoNormal><b>De:</b> S &lt;s@example.com&gt; <br><b>Enviado el:</b> lunes<br>"
            "<b>Asunto:</b> x</p></div><p>Hola</p>",
            "Gracias",
            id="Outlook",
        ),
        pytest.param(
            '<div class="moz-cite-prefix">El 3/11/2025 a las 10:00, S escribió:<br></div>'
            '<blockquote type="cite">Hola</blockquote><p>Gracias</p>',
            "Gracias",
            id="Thunderbird, answered below",
        ),
        pytest.param(
            '<div dir="ltr">Gracias</div><div dir="ltr"><br><blockquote type="cite">El 3 nov. 2025, a la(s) '
            "10:00, S &lt;s@example.com&gt; escribió:<br></blockquote></div>"
            "<blockquote type=cite>Hola</blockquote>",
            "Gracias",
            id="iPhone",
        ),
        pytest.param(
            '<div>Gracias</div><div class="yahoo_quoted"><div>El lunes, S escribió:</div>'
            "<div>Hola</div></div>",
            "Gracias",
            id="Yahoo",
        ),
    ],
)
def test_own_words_of_html(markup, own):
    text = html.to_text(markup)
    assert split(text, markup, is_reply=True)[0] == own
    assert split(text.replace("> ", ""), markup, is_reply=True)[0] == own, "beside plain text without marks"


LINES = st.lists(
    st.sampled_from(
        [
            "hola",
            "",
            "> cita",
            "De: Ana <a@b.example>",
            "Enviado: lunes",
            "Para: b@c.example",
            "Asunto: x",
            "_" * 20,
            "-----Mensaje original-----",
            "El lun, 3 nov 2025 a las 10:00, Ana (<a@b.example>)",
            "escribió:",
            "-- ",
        ]
    ),
    max_size=12,
)


@given(LINES)
def test_not_one_line_is_lost(lines):
    own, quoted = split("\n".join(lines), "", is_reply=True)
    kept = [line.strip() for line in (own + "\n" + quoted).split("\n") if line.strip()]
    assert sorted(kept) == sorted(line.strip() for line in lines if line.strip())


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("On a" + " a" * 500_000, id="a line that begins like an attribution"),
        pytest.param("El " * 300_000, id="words that begin like one"),
        pytest.param("De: a@b\n" * 100_000, id="lines that look like a header"),
        pytest.param("_" * 1_000_000, id="a rule"),
        pytest.param("-" * 1_000_000, id="dashes"),
        pytest.param(" " * 1_000_000, id="blanks"),
        pytest.param("El 1/1/2025 10:00 a@b.example\n" * 30_000, id="attributions without an end"),
        pytest.param("a@" * 500_000 + ":", id="addresses without an end"),
        pytest.param("\n" * 1_000_000, id="line ends"),
    ],
)
def test_hostile_lines_come_through_whole(text):
    own, quoted = split(text, "", is_reply=True)
    assert len(own) + len(quoted) <= len(text)
