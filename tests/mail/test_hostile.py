"""A mail made to be expensive is read like any other, and says what was beyond a limit (B6, D4).

What reading it costs is measured by `make bench` (`cost`), from the same mails.
"""

import pytest

from benchmarks.hostile import DOUBLED, HOSTILE
from gateway.mail.interpret import read
from gateway.mail.reading import Arrival, Surroundings

SURROUNDINGS = Surroundings(
    "example.com", "soporte+{token}@example.com", "here", ("mx.example.com",), dkim=False
)
ARRIVAL = Arrival("imap", "", ("soporte@example.com",), listed_peer=False)


@pytest.mark.parametrize(("raw", "note"), [pytest.param(*each, id=name) for name, each in HOSTILE.items()])
def test_a_hostile_mail_is_read_and_says_what_was_beyond_a_limit(raw: bytes, note: str):
    reading = read(raw, ARRIVAL, SURROUNDINGS)
    assert "unreadable" not in reading.notes
    assert not note or note in reading.notes
    assert reading.sender is not None


@pytest.mark.parametrize("name", DOUBLED)
def test_the_mails_that_are_doubled_are_within_the_limits(name: str):
    """Else the benchmark would measure what it costs to say no."""
    make, size = DOUBLED[name]
    reading = read(make(2 * size), ARRIVAL, SURROUNDINGS)
    assert [each for each in reading.notes if "too-" in each] == []
    assert not reading.unreadable
