"""Every mail of tests/corpus, read as the product reads it, against what stands beside it.

`name.eml` is the mail as it came, octet for octet. `name.toml` says in `about` what is hard about
it, in `[arrival]` how it came where that matters, and in `[expect]` what must come of it: fields of
the Reading by their names. Addresses are written as e-mail addresses, attachments as tables of the
fields that matter, so a report; `…_contains` and `…_lacks` list pieces of a text. What is not named is
not asked. `[surroundings]` says which border is believed and whether signatures are checked; then `[dns]`
has the records there are, by name. Clues are written as kind, number and value.
"""

import tomllib
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.mail.addresses import Address
from gateway.mail.clues import Clue
from gateway.mail.interpret import read
from gateway.mail.reading import Arrival, Reading, Surroundings

CORPUS = Path(__file__).parent.parent / "corpus"
MAILS = sorted(CORPUS.glob("*.eml"))
SURROUNDINGS = Surroundings("example.com", "soporte+{token}@example.com", "here", dkim=False)


@pytest.mark.parametrize("file", [pytest.param(each, id=each.stem) for each in MAILS])
def test_each_mail_comes_to_what_stands_beside_it(file):
    said = tomllib.loads(file.with_suffix(".toml").read_text(encoding="utf-8"))
    arrival = {"door": "smtp", "envelope_from": None, "recipients": ["soporte@example.com"]}
    arrival |= {"listed_peer": False} | said.get("arrival", {})
    arrival["recipients"] = tuple(arrival["recipients"])
    surroundings = replace(SURROUNDINGS, **said.get("surroundings", {}))
    records: dict[str, bytes] = {name: record.encode() for name, record in said.get("dns", {}).items()}
    reading = read(
        file.read_bytes(), Arrival(**arrival), surroundings, resolve=lambda name, _: records.get(name)
    )
    assert {key: found(reading, key, value) for key, value in said["expect"].items()} == said["expect"]


def test_every_mail_has_its_expectation_and_no_expectation_lacks_its_mail():
    assert len(MAILS) >= 40
    assert {each.stem for each in MAILS} == {each.stem for each in CORPUS.glob("*.toml")}


def found(reading: Reading, key: str, expected: Any) -> Any:
    """Return what a reading has for a key, in the form the expectation is written in."""
    if key.endswith("_contains"):
        text = getattr(reading, key.removesuffix("_contains"))
        return [piece for piece in expected if piece in text]
    if key.endswith("_lacks"):
        text = getattr(reading, key.removesuffix("_lacks"))
        return [piece for piece in expected if piece not in text]
    if key == "attachments":
        files = [
            {name: getattr(each, name) for name in ("filename", "content_type", "inline")}
            | {"size": len(each.content)}
            for each in reading.attachments
        ]
        if len(files) != len(expected):
            return files
        return [{name: each[name] for name in asked} for each, asked in zip(files, expected, strict=True)]
    if key == "report" and reading.report is not None:
        return {name: written(getattr(reading.report, name)) for name in expected}
    if key == "sender_name":
        return reading.sender.name if reading.sender else ""
    return written(getattr(reading, key))


def written(value: Any) -> Any:
    match value:
        case Address():
            return value.email
        case Clue():
            return " ".join(str(each) for each in (value.kind, value.number, value.value) if each)
        case tuple():
            return [written(each) for each in value]
        case None:
            return ""
        case datetime():
            return value
        case _:
            return value
