"""Who is named with @ in a comment."""

import pytest

from gateway.rules.mentions import Nameable, find

PEOPLE = {
    1: Nameable("Ana Ruiz", "ana.ruiz@sysmo.example"),
    2: Nameable("Sofía Paz", "spaz@sysmo.example"),
    3: Nameable("Ana Gómez", "agomez@sysmo.example"),
    4: Nameable("", "guardia@sysmo.example"),
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("@sofia, mirá esto", {2}, id="first name, without its accent"),
        pytest.param("¿Lo ves, @SOFÍA?", {2}, id="capitals and accent"),
        pytest.param("@ana fijate", {1, 3}, id="a name that fits two names both"),
        pytest.param("@ana.ruiz fijate.", {1}, id="whole name with a dot"),
        pytest.param("@AnaGómez.", {3}, id="whole name in one, at the end of a sentence"),
        pytest.param("(@spaz)", {2}, id="by address"),
        pytest.param("@guardia", {4}, id="somebody without a name"),
        pytest.param("escribile a ana.ruiz@sysmo.example", set(), id="an address names nobody"),
        pytest.param("@ ana", set(), id="a lone sign"),
        pytest.param("el precio es 3 @ana2", set(), id="another word"),
        pytest.param("", set(), id="nothing"),
        pytest.param("@" * 100_000, set(), id="nothing but signs"),
    ],
)
def test_find(text, expected):
    assert find(text, PEOPLE) == expected
