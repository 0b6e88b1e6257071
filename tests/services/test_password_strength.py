"""Passwords that others would guess, in the words and habits of people here (W3)."""

import pytest

from gateway.rules.passwords import plain_form
from gateway.services import password_strength
from gateway.services.password_strength import WORDLISTS, is_common, weakness

OWN = ("Laura Giménez", "laura.gimenez@andina.example", "Distribuidora Andina S.A.", "Sysmo Tickets")


def test_the_blocklist_has_ten_thousand_passwords_that_would_be_long_enough() -> None:
    listed = (WORDLISTS / "common_passwords.txt").read_text(encoding="utf-8").splitlines()
    assert len(set(listed)) == len(listed) >= 10_000
    assert all(len(each) >= 8 and plain_form(each) == each for each in listed)
    assert sum(len(each) >= 12 for each in listed) >= 10_000


@pytest.mark.parametrize(
    "password",
    [
        pytest.param("contraseña123", id="the word itself"),
        pytest.param("CONTRASENA-123", id="without its accent, in capitals, with a sign"),
        pytest.param("Boca-Juniors 1905!", id="a club and its year"),
        pytest.param("aguanteriver2024", id="a club and a cry"),
        pytest.param("valentina123456", id="a name and a walk"),
        pytest.param("mardelplata2025", id="a city and a year"),
        pytest.param("qwertyuiop123", id="the keyboard"),
        pytest.param("25121985", id="a date"),
        pytest.param("teamovalentina", id="what one writes to somebody"),
        pytest.param("ｃｏｎｔｒａｓｅｎａ１２３", id="in wide letters"),
        pytest.param("leavemealone", id="common in English"),
    ],
)
def test_common_passwords_are_known_however_they_are_written(password: str) -> None:
    assert is_common(password)


@pytest.mark.parametrize(
    ("password", "says"),
    [
        pytest.param("gatoperro", "common words", id="two words of ours"),
        pytest.param("pelusavalentina", "common words", id="names"),
        pytest.param("lauraandina", "common words", id="own words"),
        pytest.param("bvcxzasdfghj", "keyboard", id="along the keys"),
        pytest.param("abcabcabcabcabc", "repeats", id="the same again"),
        pytest.param("😀" * 256, "repeats", id="one sign 256 times"),
        pytest.param("abcdefghijklmnop", "order", id="the alphabet"),
        pytest.param("31-12-1999-1", "date", id="a date"),
    ],
)
def test_a_weak_password_is_refused_with_its_reason(password: str, says: str) -> None:
    assert says in (weakness(password, OWN) or "")


@pytest.mark.parametrize(
    "password",
    [
        pytest.param("tres tristes tigres", id="several words"),
        pytest.param("zapallo con queso rallado", id="words that do not go together"),
        pytest.param("q8#vR2!mZx7w", id="made by a machine"),
        pytest.param("é" * 3 + "ñandú bajo la parra", id="accents"),
        pytest.param("ключ под ковриком", id="another script"),
    ],
)
def test_a_good_password_passes(password: str) -> None:
    assert not is_common(password)
    assert weakness(password, OWN) is None


def test_only_the_beginning_of_a_long_password_is_scored_and_few_signs_are_read_as_letters() -> None:
    """zxcvbn refuses more than 72 characters, and takes seconds for many signs that may stand for letters."""
    assert weakness("x9 !Kq" + "4@8({[<3691!|70$5+%2" * 12, ()) is None
    assert password_strength.weakness("a" * 250, ()) is not None
