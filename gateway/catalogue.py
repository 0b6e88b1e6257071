"""The words people read: English sentences → the catalogue of a language.

A sentence stands in the code in English, marked with `_`, and is itself the key; names of states
and reasons are keys with a dot ("status.new"), which no language may lack. The catalogues are read
as text, so nobody has to compile them and a translator's slip shows in a review.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po

LANGUAGES = ("es", "en")
LOCALE = Path(__file__).parent / "locale"

Translator = Callable[[str], str]


def _(sentence: str) -> str:
    """Mark a sentence for the catalogues and leave it as it is: whoever shows it translates it."""
    return sentence


def translator(language: str) -> Translator:
    """Return the function that says a sentence in a language; an unknown one is the first, Spanish.

    What a catalogue lacks comes back as it was given. Values go in afterwards, by name:
    `translate("{count} requests").format(count=4)`.
    """
    words = catalogue(language if language in LANGUAGES else LANGUAGES[0])
    return lambda sentence: words.get(sentence, sentence)


def label(translate: Translator, kind: str, name: str) -> str:
    """Return the words for a state or reason ("held", "stranger"); the bare name when there are none."""
    key = f"{kind}.{name}"
    words = translate(key)
    return name if words == key else words


@cache
def catalogue(language: str) -> dict[str, str]:
    """Return all that a catalogue says, by key; read once per process."""
    with (LOCALE / language / "LC_MESSAGES" / "sysmo.po").open("rb") as file:
        messages = read_po(file, locale=language)
    return {
        message.id: message.string
        for message in messages
        if isinstance(message.id, str) and isinstance(message.string, str) and message.id and message.string
    }
