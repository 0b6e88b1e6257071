"""Every sentence people read is in the Spanish catalogue, and every state and reason in both."""

import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_file

from gateway.catalogue import LANGUAGES, catalogue, label, translator
from gateway.models.queues import OutboxState, Purpose
from gateway.models.site import Deed
from gateway.rules.admission import Outcome
from gateway.rules.lifecycle import Channel, EventKind, Status
from gateway.rules.mailbox_errors import MailboxError
from gateway.rules.people import Party, Role, UserStatus
from gateway.rules.refusals import Refusal
from gateway.services.trouble import Trouble

ROOT = Path(__file__).parent.parent
METHODS = {".py": "python", ".html": "jinja2.ext:babel_extract"}
MARKS = {"_": None, "words": None, "Invalid": (2,)}
"""Calls whose text people read: `_` in pages and services, `words` in commands, a refused field."""

KEY = re.compile(r"[a-z-]+\.[a-z0-9_-]+", re.ASCII)
PLACE = re.compile(r"\{\w*\}")


def sentences() -> Iterator[str]:
    """Every sentence in the code, with its {places}."""
    for folder in ("gateway", "webui"):
        for file in sorted((ROOT / folder).rglob("*")):
            if file.suffix in METHODS:
                for found in extract_from_file(METHODS[file.suffix], file, keywords=MARKS):
                    texts = (found[1],) if isinstance(found[1], str) else found[1]
                    yield next(text for text in texts if text)


def keys(language: str) -> set[str]:
    return {key for key in catalogue(language) if KEY.fullmatch(key)}


def test_the_spanish_catalogue_has_every_sentence_of_the_code() -> None:
    lacking = sorted(set(sentences()) - set(catalogue("es")))
    assert not lacking, "add to gateway/locale/es: " + "; ".join(lacking)


def test_no_catalogue_keeps_a_sentence_that_nobody_says() -> None:
    said = set(sentences())
    assert sorted(set(catalogue("es")) - keys("es") - said) == []


def test_both_languages_have_the_same_keys() -> None:
    assert keys("es") == keys("en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_has_the_places_of_its_sentence(language: str) -> None:
    for sentence, text in catalogue(language).items():
        wanted = catalogue("en")[sentence] if KEY.fullmatch(sentence) else sentence
        assert sorted(PLACE.findall(text)) == sorted(PLACE.findall(wanted)), sentence


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("kind", "members"),
    [
        pytest.param("status", Status, id="states of a request"),
        pytest.param("role", Role, id="roles"),
        pytest.param("user", UserStatus, id="states of an account"),
        pytest.param("party", Party, id="parties"),
        pytest.param("channel", Channel, id="channels"),
        pytest.param("event", EventKind, id="events"),
        pytest.param("delivery", OutboxState, id="states of mail out"),
        pytest.param("outcome", Outcome, id="outcomes"),
        pytest.param("deed", Deed, id="deeds"),
        pytest.param("deed-kind", Deed, id="kinds of deeds"),
        pytest.param("purpose", Purpose, id="purposes of mail out"),
        pytest.param("mailbox-error", MailboxError, id="errors of mailboxes"),
        pytest.param("unsent", Refusal, id="why mail out is refused"),
        pytest.param("unsent", Trouble, id="why mail out is not sent"),
    ],
)
def test_every_value_of_an_enum_has_words(language: str, kind: str, members: type[StrEnum]) -> None:
    translate = translator(language)
    for member in members:
        assert translate(f"{kind}.{member}") != f"{kind}.{member}"


def test_label_falls_back_on_the_bare_name() -> None:
    assert label(translator("es"), "held", "something-new") == "something-new"


def test_an_unknown_language_is_spanish() -> None:
    assert translator("fr")("yesterday") == "ayer"


def test_english_says_e_mail_and_spanish_correo() -> None:
    """The glossary; what a machine is called, and what is typed, keeps its name."""
    named = re.compile(
        r"\{\w*\}|\[mail(?:er)?\]|sysmo mail|[Mm]ail servers?|mail flow rule|[Mm]ailing list|#assign EMAIL"
    )
    folder = ROOT / "templates" / "email"
    english = [*sentences(), *(catalogue("en")[key] for key in keys("en"))]
    english += [_shown(file) for file in sorted((folder / "en").iterdir())]
    spanish = [*catalogue("es").values(), *(_shown(file) for file in sorted((folder / "es").iterdir()))]
    bare = re.compile(r"(?<![\w-])e?mails?\b", re.IGNORECASE)
    assert [each for each in english if bare.search(named.sub("", each))] == []
    assert [each for each in spanish if re.search(r"\be?-?mails?\b", named.sub("", each), re.I)] == []


def _shown(template: Path) -> str:
    """A template of a mail without what is computed in it."""
    return re.sub(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}|<[^>]*>", "", template.read_text(), flags=re.DOTALL)
