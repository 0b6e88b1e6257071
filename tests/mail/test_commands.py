import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.mail import commands
from gateway.mail.commands import Command, Commands, Verb, find_commands

TAKE, CLOSE, INTERNAL = Command(Verb.TAKE), Command(Verb.CLOSE), Command(Verb.INTERNAL)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", Commands((), ""), id="nothing"),
        pytest.param("Ya lo miramos.\n\nSaludos", Commands((), "Ya lo miramos.\n\nSaludos"), id="text only"),
        pytest.param("#tomar", Commands((TAKE,), ""), id="a command alone"),
        pytest.param("#take\n#close\nListo.\n", Commands((TAKE, CLOSE), "Listo."), id="two, then text"),
        pytest.param(
            "\n\n#tomar\n\n#cerrar\n\nListo", Commands((TAKE, CLOSE), "Listo"), id="blank lines between"
        ),
        pytest.param(
            "Debe plata.\n\n #INTERNO",
            Commands((), "Debe plata.\n\n #INTERNO", ("#INTERNO",)),
            id="the whole was for the team",
        ),
        pytest.param(
            "Hola\n" * 90 + "#interno",
            Commands((), "Hola\n" * 90 + "#interno", ("#interno",)),
            id="far below",
        ),
        pytest.param(
            "Usá la etiqueta #interno.\n#1 no anda",
            Commands((), "Usá la etiqueta #interno.\n#1 no anda"),
            id="no command of its own",
        ),
        pytest.param("#INTERNO\nOjo", Commands((INTERNAL,), "Ojo"), id="capitals"),
        pytest.param("#Ínternó\nOjo", Commands((INTERNAL,), "Ojo"), id="accents"),
        pytest.param("＃ｉｎｔｅｒｎｏ\nOjo", Commands((INTERNAL,), "Ojo"), id="wide letters"),
        pytest.param("\ufeff#in\u200bterno \r\nOjo", Commands((INTERNAL,), "Ojo"), id="invisible characters"),
        pytest.param("  #interno  \nOjo", Commands((INTERNAL,), "Ojo"), id="blanks around"),
        pytest.param("#interno\n#interno\nOjo", Commands((INTERNAL,), "Ojo"), id="said twice"),
        pytest.param("#reabrir", Commands((Command(Verb.REOPEN),), ""), id="reopen"),
        pytest.param(
            "#asignar Ana@Acme.com", Commands((Command(Verb.ASSIGN, "ana@acme.com"),), ""), id="assign"
        ),
        pytest.param(
            "#assign ana@acme.com<mailto:ana@acme.com>",
            Commands((Command(Verb.ASSIGN, "ana@acme.com"),), ""),
            id="assign with the link a mail program adds",
        ),
        pytest.param(
            "#assign <ana@acme.com>",
            Commands((Command(Verb.ASSIGN, "ana@acme.com"),), ""),
            id="assign in brackets",
        ),
        pytest.param(
            "#Temática  Redes y  Telefonía",
            Commands((Command(Verb.TOPIC, "Redes y Telefonía"),), ""),
            id="topic",
        ),
        pytest.param("#123\nNo anda", Commands((), "#123\nNo anda"), id="number is text"),
        pytest.param(
            "#1 no anda la impresora", Commands((), "#1 no anda la impresora"), id="number and words are text"
        ),
        pytest.param("#factura adjunta", Commands((), "#factura adjunta"), id="other hashtag is text"),
        pytest.param("#", Commands((), "#"), id="lone sign is text"),
        pytest.param("Hola\n#cerrar", Commands((), "Hola\n#cerrar"), id="below text it is no command"),
        pytest.param(
            "#tomar\n#123\n#cerrar", Commands((TAKE,), "#123\n#cerrar"), id="text ends the commands"
        ),
        pytest.param(
            "[EXTERNAL]\nHola", Commands((), "[EXTERNAL]\nHola"), id="tag of a mail gateway is text"
        ),
        pytest.param(
            "Cerrar el ticket, por favor", Commands((), "Cerrar el ticket, por favor"), id="sentence is text"
        ),
    ],
)
def test_find_commands(text, expected):
    assert find_commands(text) == expected


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("#interno.", id="full stop behind"),
        pytest.param("#interno:", id="colon behind"),
        pytest.param("# interno", id="blank behind the sign"),
        pytest.param("##interno", id="two signs"),
        pytest.param("#internno", id="letter too many"),
        pytest.param("#inerno", id="letter missing"),
        pytest.param("#interon", id="letters swapped"),
        pytest.param("#cerar", id="misspelt close"),
        pytest.param("#tkae", id="swapped in a word of four"),
        pytest.param("#іnterno", id="Cyrillic letter"),
        pytest.param("#inter", id="cut short"),
        pytest.param("A#interno", id="letter in front"),
        pytest.param("#in terno", id="torn apart"),
        pytest.param("#i n t e r n o", id="spaced out"),
        pytest.param("#internoavisar a Luz", id="text stuck to it"),
        pytest.param("*#interno*", id="bold marks"),
        pytest.param("> #interno", id="quote mark in front"),
        pytest.param("“#interno”", id="in quotes"),
        pytest.param("[interno]", id="in brackets without the sign"),
        pytest.param("Interno", id="word alone without the sign"),
        pytest.param("/interno", id="other sign"),
        pytest.param("#interno ojo con este cliente", id="text on the line"),
        pytest.param("#cerrar gracias", id="argument where none belongs"),
        pytest.param("#asignar", id="argument missing"),
        pytest.param("#asignar Ana", id="no address"),
        pytest.param("#asignar ana@acme.com ya", id="more than an address"),
        pytest.param("#tematica", id="topic without a name"),
        pytest.param("#interno" + " " * 1_000 + "x", id="text hidden far to the right"),
    ],
)
def test_a_damaged_command_is_a_mistake(line):
    found = find_commands(f"{line}\nNo le digan nada todavía")
    assert len(found.mistakes) == 1
    assert found.given == ()
    assert found.rest == "No le digan nada todavía"


@pytest.mark.parametrize(
    "text",
    ["#cerrar\n#reabrir", "#tomar\n#asignar ana@acme.com", "#tematica Redes\n#tematica Ventas"],
    ids=["close and reopen", "take and assign", "two topics"],
)
def test_commands_that_contradict_each_other_are_a_mistake(text):
    assert find_commands(text).mistakes == (text.splitlines()[1],)


def test_a_mistake_is_quoted_as_it_was_written():
    assert find_commands("#Intérnno  \nOjo").mistakes == ("#Intérnno",)


def test_commands_are_bounded():
    found = find_commands("#tomar\n" * 100_000)
    assert found.given == (Command(Verb.TAKE),)
    assert len(found.mistakes) <= commands.LINES
    assert found.rest.startswith("#tomar")


@pytest.mark.parametrize(
    "text",
    [
        "#" * 2**20,
        "# " * 2**19,
        "\n" * 2**20,
        "#interno " * 2**17,
        "\u0301" * 2**20,
        "#tematica " + "\ufdfa" * 2**20,
    ],
    ids=["signs", "signs and blanks", "blank lines", "one long line", "accents", "letters that grow"],
)
def test_a_mebibyte_gives_no_command(text):
    assert find_commands(text).given == ()


def test_nothing_that_deletes_exports_or_governs_is_a_verb():
    assert {*Verb} == {"take", "assign", "topic", "close", "reopen", "internal"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("cerrar", True, id="word"),
        pytest.param("#Temática: Redes", True, id="sign, accent and argument"),
        pytest.param("EXTERNAL", False, id="tag of a mail gateway, though near to internal"),
        pytest.param("lista-redes", False, id="tag of a list"),
    ],
)
def test_names_command(text, expected):
    assert commands.names_command(text) is expected


@given(st.text(max_size=300))
def test_any_text_is_read_and_kept(text):
    found = find_commands(text)
    if not found.given and not found.mistakes:
        assert found.rest == text.strip("\r\n")
    assert len(found.given) <= commands.COMMANDS


@given(st.sampled_from(["#interno", "#internal"]), st.integers(0, 8), st.characters(codec="utf-8"))
@example("#interno", 3, "\n")
@example("#interno", 1, "\n")
def test_a_letter_put_into_the_internal_marker_never_makes_it_text(marker, position, letter):
    found = find_commands(f"{marker[:position]}{letter}{marker[position:]}\nEs un secreto")
    assert found.mistakes or INTERNAL in found.given


@given(st.sampled_from(["#interno", "#internal"]), st.integers(0, 7))
def test_a_letter_lost_from_the_internal_marker_never_makes_it_text(marker, position):
    found = find_commands(f"{marker[:position]}{marker[position + 1 :]}\nEs un secreto")
    assert found.mistakes


def test_a_command_in_what_somebody_else_wrote_is_no_mistake():
    assert find_commands("Lo paso.\n\nDe: Ana\n\n#interno", is_forward=True).mistakes == ()
