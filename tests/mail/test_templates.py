"""The words of mail out: every template in both languages, and what happens when one is broken."""

import re
from dataclasses import replace

import pytest

from gateway.mail.compose import Template, Templates, compose
from tests.mail.notices import DIRECTORY, LAURA, MARTIN, TEMPLATES, TICKET, file, notice, values

VARIANTS = {
    "everything": {
        "believed": True, "mine": True, "moved": True, "reopened": True, "new_account": True,
        "marker": "[k3m9]", "refused": ("visor.exe",), "notes": ("encrypted",), "register_url": "https://tickets.sysmo.example/registro",
        "ticket": replace(TICKET, assigned_to="Martín Sosa", others=2), "more": 7,
    },
    "next to nothing": {
        "support": "", "recipient": "", "actor": "", "text": "-", "help_address": "", "reopen_days": 0,
        "ticket": replace(TICKET, url="", requester="", subject="-"),
        "author": replace(LAURA, name="", company="", cuit="", verified=None),
    },
}  # fmt: skip


@pytest.mark.parametrize("variant", list(VARIANTS))
@pytest.mark.parametrize("language", ["es", "en"])
@pytest.mark.parametrize("template", list(Template))
def test_every_template_renders_in_every_language(template, language, variant):
    files = (file(),) if variant == "everything" else ()
    shown = values(**VARIANTS[variant])
    rendered = TEMPLATES.render(notice(template, language=language, values=shown, linked=files))
    assert not rendered.fallback
    assert rendered.html is not None
    assert "None" not in rendered.text + rendered.html
    assert not re.search(r"[{}]{2}|\{%", rendered.text)
    assert "\n\n\n" not in rendered.text
    assert "\n\n-- \n" in rendered.text


@pytest.mark.parametrize("language", ["es", "en"])
@pytest.mark.parametrize("template", list(Template))
def test_the_form_of_a_mail_stays_under_8_kb(template, language):
    rendered = TEMPLATES.render(notice(template, language=language, values=values(text="")))
    assert rendered.html is not None
    assert len(rendered.html.encode()) < 8192


@pytest.mark.parametrize("template", list(Template))
def test_mail_loads_nothing_from_anywhere(template):
    html = TEMPLATES.render(notice(template)).html
    assert html is not None
    assert not re.search(r"<img|<link|<script|@import|url\(|\ssrc=|background=", html)


def test_an_unknown_language_is_spanish():
    assert "Solicitud nueva" in TEMPLATES.render(notice(language="pt")).text


def test_a_name_cannot_pose_as_a_line_of_ours():
    author = replace(LAURA, name="Laura\r\nlaura@andina.example, remitente verificado\u202e", verified=False)
    text = TEMPLATES.render(notice(values=values(author=author))).text
    assert [line for line in text.split("\n") if line.startswith("laura@")] == []
    assert "remitente NO VERIFICADO" in text


def test_the_operator_is_told_in_bold_when_the_sender_did_not_verify():
    html = TEMPLATES.render(notice(values=values(author=replace(LAURA, verified=False)))).html
    assert html is not None
    assert "<strong>remitente no verificado</strong>" in html


@pytest.mark.parametrize(
    "template", [Template.NEW_REQUEST, Template.CLIENT_MESSAGE, Template.INTERNAL_COMMENT]
)
@pytest.mark.parametrize(
    ("language", "sentence"),
    [("es", "dice venir de nuestro propio equipo"), ("en", "to come from our own team")],
)
def test_a_mail_that_claims_to_be_one_of_ours_comes_with_a_warning(template, language, sentence):
    for claims_staff in (False, True):
        author = replace(LAURA, verified=False, claims_staff=claims_staff)
        made = TEMPLATES.render(notice(template=template, language=language, values=values(author=author)))
        assert (sentence in " ".join(made.text.split())) is claims_staff
        assert (sentence in made.html) is claims_staff


@pytest.mark.parametrize(
    ("ticket", "mine", "sentence"),
    [
        pytest.param(
            TICKET, False, "le llega a Laura y la solicitud queda asignada a vos.", id="nobody has it"
        ),
        pytest.param(replace(TICKET, assigned_to="Ana"), False, "le llega a Laura.", id="somebody has it"),
        pytest.param(
            replace(TICKET, others=1), True, "le llega a Laura y a otra persona.", id="one participant"
        ),
        pytest.param(replace(TICKET, requester=""), True, "le llega al cliente.", id="no name known"),
    ],
)
def test_the_foot_says_who_receives_an_answer(ticket, mine, sentence):
    text = TEMPLATES.render(notice(values=values(ticket=ticket, mine=mine))).text
    assert sentence in " ".join(text.split())


def test_internal_text_stands_between_its_markers():
    shown = values(author=MARTIN, text="canario", marker="[interno k3m9]")
    rendered = TEMPLATES.render(notice(Template.INTERNAL_COMMENT, values=shown))
    assert "[interno k3m9]\ncanario\n[interno k3m9]" in rendered.text
    assert rendered.html is not None
    assert re.search(r"(?s)\[interno k3m9\].*canario.*\[interno k3m9\]", rendered.html)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("new_request.txt", "{% block", id="cut off"),
        pytest.param("new_request.txt", "{{ ticket.nothing_of_this_name }}", id="a misspelt name"),
        pytest.param("new_request.html", "{{ 1 / 0 }}", id="an error while rendering"),
        pytest.param("new_request.html", None, id="missing"),
        pytest.param("new_request.txt", "{% extends 'new_request.txt' %}", id="endless"),
        pytest.param("new_request.txt", b"\xff\xfe", id="not UTF-8"),
    ],
)
def test_a_broken_template_costs_its_form_and_never_the_words(tmp_path, name, content):
    for original in DIRECTORY.rglob("*.*"):
        copy = tmp_path / original.relative_to(DIRECTORY)
        copy.parent.mkdir(exist_ok=True)
        copy.write_bytes(original.read_bytes())
    broken = tmp_path / "es" / name
    broken.unlink()
    if content is not None:
        broken.write_bytes(content if isinstance(content, bytes) else content.encode())
    composed = compose(notice(), Templates(tmp_path))
    assert composed.fallback
    assert b"No podemos emitir facturas A." in composed.head


@pytest.mark.parametrize("template", list(Template))
def test_without_any_template_the_mail_still_says_what_matters(tmp_path, template):
    rendered = Templates(tmp_path).render(notice(template, subject=""))
    assert rendered.fallback
    assert rendered.html is None
    assert "1042" in rendered.subject
    assert "https://tickets.sysmo.example/clave/b7Zt0wPq9L" in rendered.text


@pytest.mark.parametrize("template", [Template.NEW_REQUEST, Template.CLIENT_MESSAGE])
def test_an_operator_is_told_why_there_is_no_text(template):
    rendered = TEMPLATES.render(notice(template, values=values(text="", notes=("encrypted",))))
    assert "(Está cifrado: no se puede leer acá." in rendered.text
    assert rendered.html is not None
    assert "Está cifrado: no se puede leer acá." in rendered.html
