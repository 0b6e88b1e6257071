import pytest

from gateway.rules.passwords import is_own_name, normal

OWN = ("Laura Giménez", "laura.gimenez@andina.example", "Distribuidora Andina S.A.", "Sysmo Tickets")


@pytest.mark.parametrize(
    ("password", "expected"),
    [
        pytest.param("lauragimenez", True, id="the name"),
        pytest.param("LauraGiménez2026!", True, id="with accent, digits and signs"),
        pytest.param("gimenez-laura-1990", True, id="the other way round"),
        pytest.param("sysmotickets123", True, id="the site"),
        pytest.param("distribuidoraandina", True, id="the company"),
        pytest.param("laura come manzanas", False, id="the name in a sentence"),
        pytest.param("tres tristes tigres", False, id="nothing of theirs"),
        pytest.param("123456789012", False, id="digits alone are another rule's"),
    ],
)
def test_is_own_name(password: str, expected: bool) -> None:
    assert is_own_name(password, OWN) is expected


def test_a_letter_with_accent_is_one_however_it_was_typed() -> None:
    assert normal("contrasen\u0303a") == normal("contraseña")
