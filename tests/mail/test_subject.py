import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mail import subject
from gateway.rules import limits


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Impresora rota", None, id="no token"),
        pytest.param("RE: RV: Red [#7-k7q2]", (7, "k7q2"), id="prefixes in front"),
        pytest.param("[#9] Fwd: Red [#7-k7q2]", (7, "k7q2"), id="last of two"),
        pytest.param("Red [#7-k7q2] [#9]", (9, None), id="last of two is bare"),
        pytest.param("RED [#7-K7Q2]", (7, "k7q2"), id="capitals"),
        pytest.param("Red [#1042]", (1042, None), id="bare number"),
        pytest.param("Red [#7-k7q2] sigue igual", (7, "k7q2"), id="text behind"),
        pytest.param("[#0] Red", None, id="no ticket has number zero"),
        pytest.param("[#07-k7q2] Red", None, id="no number starts with zero"),
        pytest.param("[#1234567890] Red", None, id="number of ten digits"),
        pytest.param("[#7-k7q] Red", None, id="code cut short"),
        pytest.param("[#7-k7q1] Red", None, id="digit no code has"),
        pytest.param("[#٧] Red", None, id="digits of another script"),
        pytest.param("[#7-\u212a7q2] Red", None, id="Kelvin sign is no k"),
        pytest.param("Factura #7", None, id="number without brackets"),
        pytest.param("x" * 2**20 + " [#7-k7q2]", (7, "k7q2"), id="end of a very long subject"),
    ],
)
def test_find_code(text, expected):
    assert subject.find_code(text) == expected
    assert subject.find_ticket_number(text) == (expected[0] if expected else None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Impresora rota", "Impresora rota", id="nothing to strip"),
        pytest.param("Re: RE: Rta: Impresora [#7-k7q2]", "Impresora", id="answers and token"),
        pytest.param("RV: Fwd: FW: Impresora", "Impresora", id="forwards"),
        pytest.param(
            "Re[2]: AW (3) : Impresora", "AW (3) : Impresora", id="blank before the count is no prefix"
        ),
        pytest.param("Re[2]: Re(3) : Impresora", "Impresora", id="counted prefixes"),
        pytest.param("Re：Impresora", "Impresora", id="wide colon"),
        pytest.param("Re:Impresora", "Impresora", id="no blank behind"),
        pytest.param("[EXTERNAL] RE: Impresora", "[EXTERNAL] Impresora", id="tag of a gateway stays"),
        pytest.param("RE: [lista] RV: Impresora", "[lista] Impresora", id="tag between prefixes stays"),
        pytest.param("Reclamo: impresora", "Reclamo: impresora", id="word that begins like a prefix"),
        pytest.param("Ref: factura", "Ref: factura", id="a reference is no reply"),
        pytest.param("Error [#404]", "Error [#404]", id="bare number was typed by somebody"),
        pytest.param("[#7-k7q2] Re: Impresora", "Impresora", id="token in front"),
        pytest.param("Re: ", "", id="prefix alone"),
        pytest.param("Impre\r\nsora\trota", "Impre sora rota", id="line breaks"),
        pytest.param("atpmiorcsed\u202erota", "atpmiorcsedrota", id="direction mark"),
        pytest.param("x" * 600, "x" * 499 + "…", id="too long"),
    ],
)
def test_strip(text, expected):
    assert subject.strip(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Impresora rota", "Impresora rota [#1042-k7q2]", id="appended"),
        pytest.param("Impresora [#1042-k7q2]", "Impresora [#1042-k7q2]", id="once"),
        pytest.param("Impresora [#7-aaaa]", "Impresora [#1042-k7q2]", id="in place of another"),
        pytest.param("", "[#1042-k7q2]", id="no subject"),
        pytest.param("[cerrar] todo", "(cerrar) todo [#1042-k7q2]", id="command in brackets"),
        pytest.param("[ #Ínterno: x] a", "( #Ínterno: x) a [#1042-k7q2]", id="command in disguise"),
        pytest.param("[[close]]", "((close)) [#1042-k7q2]", id="command in two brackets"),
        pytest.param("[EXTERNAL] [lista] a", "[EXTERNAL] [lista] a [#1042-k7q2]", id="tags are no commands"),
        pytest.param("a\r\nBcc: x@y.com", "a Bcc: x@y.com [#1042-k7q2]", id="line break"),
    ],
)
def test_write(text, expected):
    assert subject.write(text, 1042, "k7q2") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Impresora", "Re: Impresora [#7-k7q2]", id="first answer"),
        pytest.param("RE: RV: Impresora [#7-k7q2]", "Re: Impresora [#7-k7q2]", id="one prefix however many"),
        pytest.param("[EXTERNAL] Re: Impresora", "Re: [EXTERNAL] Impresora [#7-k7q2]", id="behind a tag"),
        pytest.param("", "Re: [#7-k7q2]", id="no subject"),
    ],
)
def test_reply_subject(text, expected):
    assert subject.reply_subject(text, 7, "k7q2") == expected


@pytest.mark.parametrize(
    ("text", "reply", "forward"),
    [
        pytest.param("Impresora", False, False, id="new"),
        pytest.param("Re: Impresora", True, False, id="reply"),
        pytest.param("RTA: Impresora", True, False, id="reply in Spanish"),
        pytest.param("RV: Impresora", False, True, id="forward of Outlook in Spanish"),
        pytest.param("Fwd: Re: Impresora", False, True, id="forward of a reply"),
        pytest.param("Re: Fwd: Impresora", True, False, id="reply to a forward"),
        pytest.param("Reenviado: Impresora", False, True, id="forward in Spanish"),
        pytest.param("[EXTERNAL] FW: Impresora", False, True, id="forward behind a tag"),
        pytest.param("Reunión: lunes", False, False, id="word that begins like a prefix"),
    ],
)
def test_is_reply_and_is_forward(text, reply, forward):
    assert (subject.is_reply(text), subject.is_forward(text)) == (reply, forward)


@given(st.text(alphabet="Re: fwd[]#17-k2cerrar\r\n\u202e(é", max_size=700), st.integers(1, 999_999_999))
def test_any_subject_leads_back_to_its_ticket(text, number):
    for written in (subject.write(text, number, "k7q2"), subject.reply_subject(text, number, "k7q2")):
        assert subject.find_code(written) == (number, "k7q2")
        assert len(written) <= limits.SUBJECT_CHARACTERS
        assert written.isprintable()
        assert "[cerrar" not in written


@pytest.mark.parametrize(
    "text", ["[" * 2**20, "Re: " * 2**18, "[a]" * 2**18, "[#7-k7q2]" * 2**17, "\u202e" * 2**20]
)
def test_a_mebibyte_of_subject_is_cut(text):
    assert len(subject.strip(text)) <= limits.SUBJECT_CHARACTERS
    assert len(subject.write(text, 7, "k7q2")) <= limits.SUBJECT_CHARACTERS
