"""Pages from templates: escaped, in a language, with dates in the zone of the site."""

import hashlib
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from jinja2.bccache import Bucket, BytecodeCache

from gateway.catalogue import LANGUAGES, label, translator
from gateway.config import Config
from gateway.mail.wording import file_size, tax_number
from gateway.services.reporting.words import ReportWords
from webui.dates import Dates
from webui.text import blocks, initials, paragraphs

HERE = Path(__file__).parent
TEMPLATES = HERE / "templates"
STATIC = HERE / "static"

_LOCALES = {"es": "es-AR", "en": "en"}


class Compiled(BytecodeCache):
    """Templates as Python code, kept in memory: made once for all languages, and for all who share it."""

    def __init__(self) -> None:
        self._codes: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._codes:
            bucket.bytecode_from_string(self._codes[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._codes[bucket.key] = bucket.bytecode_to_string()


class Rendering:
    """The parsed templates, once for each language, and the names under which static files are cached.

    `site_name` is the name of the site as it was last known.
    """

    def __init__(self, config: Config, compiled: Compiled | None = None) -> None:
        self._compiled = compiled or Compiled()
        self.site_name = config.site.name
        self._assets = {file.name: _digest(file) for file in sorted(STATIC.iterdir())}
        self._language = config.site.language
        self._environments = {language: self._environment(language, config) for language in LANGUAGES}

    def render(self, template: str, language: str | None, values: Mapping[str, Any]) -> str:
        """Return a page; without a language in that of the site."""
        known = language if language in self._environments else self._language
        return (
            self._environments[known].get_template(template).render({"site_name": self.site_name, **values})
        )

    def asset(self, name: str) -> str:
        """Return the path of a static file, which changes with its content, so it is cached for ever."""
        return f"/static/{name}?v={self._assets[name]}"

    def _environment(self, language: str, config: Config) -> Environment:
        translate = translator(language)
        environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=select_autoescape(["html"], default=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            bytecode_cache=self._compiled,
        )
        environment.globals.update(
            _=translate,
            asset=self.asset,
            dates=Dates(language, ZoneInfo(config.site.timezone), translate),
            help_address=config.mail.address,
            label=partial(label, translate),
            locale=_LOCALES[language],
            registration=config.accounts.registration,
            tell=ReportWords(language, translate),
        )
        environment.filters.update(
            blocks=blocks,
            cuit=tax_number,
            initials=initials,
            number=lambda value: f"{value:,}".replace(",", "." if language == "es" else ","),
            paragraphs=paragraphs,
            size=lambda octets: file_size(octets, language),
        )
        return environment


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:12]
