"""Own words apart from quotes, as mail programs in Spanish and English write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mail import html
from gateway.mail.quoting.own_words import split

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


ATTRIBUTION = "El lun, 3 nov 2025 a las 10:00, Soporte (<soporte@example.com>) escribió:"
QUOTED = f"{ATTRIBUTION}\n> ¿La apagaron?"


@pytest.mark.parametrize(
    "said",
    [
        pytest.param("Enviado desde mi iPhone", id="iPhone"),
        pytest.param("Enviado desde mi Moto G (5) Plus", id="a model"),
        pytest.param("Enviado desde mi Samsung Mobile de Claro", id="a carrier"),
        pytest.param("Enviado do meu iPhone", id="in Portuguese"),
        pytest.param("Sent from my Galaxy", id="in English"),
        pytest.param("Enviado desde Correo para Windows", id="Windows Mail"),
        pytest.param("Obtener Outlook para iOS\n<https://aka.ms/o0ukef>", id="a link on the next line"),
        pytest.param("Enviado desde [Outlook para Android](https://aka.ms/AAb9ysg)", id="a link around it"),
        pytest.param("Enviado desde mi celular. Disculpá la brevedad.", id="an apology"),
        pytest.param("Yahoo Mail: Busca, organiza, conquista", id="an advert"),
        pytest.param("\u2063Enviado desde BlueMail para Android \u200b", id="marks nobody sees"),
        pytest.param("Libre de virus. www.avast.com", id="a scanner"),
        pytest.param(
            "---\nEl software de antivirus Avast ha analizado este correo electrónico en busca de virus.\n"
            "https://www.avast.com/antivirus",
            id="a scanner under a rule",
        ),
        pytest.param(
            "P Por favor, considere el medio ambiente antes de imprimir este mensaje.", id="the environment"
        ),
        pytest.param(
            "CONFIDENCIALIDAD\n\nLa información contenida en este mensaje es confidencial y puede estar "
            "amparada por el secreto profesional. Si lo recibió por error, bórrelo.",
            id="lawyers, with a title",
        ),
        pytest.param(
            "Este mensaje es confidencial y para uso exclusivo de su destinatario. Si usted no es\n"
            "el destinatario, notifique al remitente y elimínelo.\n\nThis message is confidential. If you "
            "received it in error please notify the sender and delete it.",
            id="lawyers, twice",
        ),
        pytest.param("-- \nAna Muñoz\nAdministración", id="a signature behind its dashes"),
        pytest.param("-- \nEnviado desde mi Huawei", id="a phone's line behind dashes"),
    ],
)
def test_what_programs_and_companies_add_goes_with_the_quote(said):
    own, quoted = split(f"Ya anda.\n\n{said}\n\n{QUOTED}", "", is_reply=True)
    assert own == "Ya anda."
    assert all(line in quoted for line in said.split("\n"))


HISTORY = [
    pytest.param(QUOTED, id="Gmail"),
    pytest.param(OUTLOOK, id="Outlook"),
    pytest.param(f"{'_' * 32}\n{OUTLOOK}", id="Outlook on the web"),
    pytest.param(f"-----Mensaje original-----\n{OUTLOOK}", id="old Outlook"),
    pytest.param("> El 3 nov 2025, a las 10:00, S <s@x.example> escribió:\n> \n> Hola", id="iPhone"),
    pytest.param("---- El lun, 03 nov 2025 10:00:00 -0300 S <s@x.example> escribió ----\n\nHola", id="Zoho"),
    pytest.param("  El 3 nov 2025 10:00, S<s@x.example> escribió:   Hola", id="Yahoo on Android"),
]


@pytest.mark.parametrize("history", HISTORY)
@pytest.mark.parametrize(
    "own",
    [
        pytest.param("De: 9 a 18 hs\nPara: el depósito\nAsunto: urgente", id="labels by hand"),
        pytest.param("Vuelo\nDe: Rosario\nA: Córdoba\nFecha: 3/11/2025 10:00", id="a journey"),
        pytest.param("Para: el jueves", id="one label"),
        pytest.param("El martes me escribió:\nno anda", id="what somebody wrote to me"),
        pytest.param("El 3/11 a las 9:30 Juan (j@x.example) me escribió:\n> no anda", id="with marks"),
        pytest.param("El 3/11/2025 a las 10:00 se cortó la luz:\n- piso 1\n- piso 2", id="a list of cuts"),
        pytest.param("Lunes 3/11 10:00: Ana\nMartes 4/11 11:00: Juan", id="turns"),
        pytest.param("Corrí esto:\n> ping 10.0.0.1\nHost inaccesible", id="a console"),
        pytest.param("Los límites:\n> 50 %\n> 20 unidades", id="comparisons"),
        pytest.param("Ruta:\n> Inicio > Red\nno aparece", id="a menu"),
        pytest.param("2025-11-03 10:00:01 ERROR de ana@x.example:\n> fallo", id="a log"),
        pytest.param("---- Resumen ----\nuno\n_______________\ndos", id="rules"),
        pytest.param("Enviado desde mi casa no anda", id="not an advert"),
        pytest.param("Este mensaje es confidencial, no lo reenvíen.", id="a wish"),
        pytest.param("Este mail fue analizado por ESET y dice que tiene virus", id="a fear"),
        pytest.param("Confidencialidad", id="a title of nothing"),
        pytest.param(
            "Si recibió por error la factura, por favor elimínela y notifíquenos al remitente de siempre.",
            id="a plea that sounds like lawyers",
        ),
        pytest.param(
            "Este correo con datos confidenciales llegó por error a otro destinatario, hay que eliminarlo.",
            id="an accident lawyers warn of",
        ),
        pytest.param(
            "Aviso importante: el lunes cerramos y no se atiende, la mesa queda a cargo de Juan, de guardia.",
            id="a notice of their own",
        ),
        pytest.param("- uno\n- dos\n-- tres", id="hyphens"),
        pytest.param("--\nFactura A\nFactura B", id="dashes without their blank"),
        pytest.param("-- \nAna\n\nPD: falta uno", id="a postscript"),
        pytest.param("?", id="a question mark"),
    ],
)
def test_no_own_line_is_lost_above_any_history(own, history):
    assert split(f"{own}\n\n{history}", "", is_reply=True)[0] == own


@pytest.mark.parametrize(
    ("text", "own"),
    [
        pytest.param(f"-- \nAna\n\n{QUOTED}\n\nAbajo", "Abajo", id="signature, quote, answer"),
        pytest.param(f"{QUOTED}\n\nSí\n\n-- \nAna", "Sí", id="quote, answer, signature"),
        pytest.param(f"Ok\n\n{ATTRIBUTION}\n\n\n\n> Hola", "Ok", id="blank lines below the attribution"),
        pytest.param(
            "Ok\n\n--- El lun, 3/11/25, S <s@x.example> escribió:\n\nDe: S <s@x.example>\nHola",
            "Ok",
            id="Yahoo of old",
        ),
        pytest.param("Ok\nEl S <s@x.example>, 3 nov. 2025 10:00 escribió:\n\nHola", "Ok", id="Xiaomi"),
        pytest.param(
            "Ok\n\nDe: Soporte/Sysmo\nPara: Ana/Cliente@Cliente\nFecha: 03/11/2025 10:00\nAsunto: x\n\nHola",
            "Ok",
            id="Notes",
        ),
        pytest.param(
            "Ok\n\n> De: S <s@x.example>\n> Enviado: lunes\n> Asunto: x\n>\n> Hola\n\nAbajo",
            "Ok\n\nAbajo",
            id="header lines behind marks",
        ),
        pytest.param(
            "Ok\n\nDe: S <s@x.example>\nEnviado: lunes\nAsunto: x\n\n> Hola\n\nAbajo",
            "Ok\n\nAbajo",
            id="header lines above marks",
        ),
        pytest.param(
            f"Les dejo abajo los números:\n14\n15\n\n{OUTLOOK}", None, id="own words below own words"
        ),
    ],
)
def test_where_quotes_end(text, own):
    assert split(text, "", is_reply=True)[0] == (own or text.partition("\n\nDe:")[0])


@pytest.mark.parametrize(
    "own",
    [
        pytest.param("Te respondo abajo en rojo.", id="in red"),
        pytest.param("Contesto entre líneas:", id="between the lines"),
        pytest.param("Ver mail de abajo.", id="a mail to see"),
        pytest.param("My answers below", id="in English"),
    ],
)
def test_a_quote_the_words_above_point_to_is_shown(own):
    text = f"{own}\n\n{OUTLOOK}\nSí"
    assert split(text, "", is_reply=True) == (text, "")


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
        pytest.param("On a" + " a" * 200_000, id="a line that begins like an attribution"),
        pytest.param("El " * 100_000, id="words that begin like one"),
        pytest.param("De: a@b\n" * 20_000, id="lines that look like a header"),
        pytest.param("_" * 1_000_000, id="a rule"),
        pytest.param("-" * 1_000_000, id="dashes"),
        pytest.param(" " * 1_000_000, id="blanks"),
        pytest.param("El 1/1/2025 10:00 a@b.example\n" * 8_000, id="attributions without an end"),
        pytest.param("a@" * 200_000 + ":", id="addresses without an end"),
        pytest.param("\n" * 200_000, id="line ends"),
    ],
)
def test_hostile_lines_come_through_whole(text):
    own, quoted = split(text, "", is_reply=True)
    assert len(own) + len(quoted) <= len(text)
