"""A sentence with values in it, said in the reader's language: for notices, which are shown as they are."""

from starlette.requests import Request

from gateway.catalogue import Translator, translator
from webui.web import language_of, web_of


def spoken(request: Request, sentence: str, **values: object) -> str:
    """Return a sentence of the catalogues with its {places} filled in."""
    return translator_of(request)(sentence).format(**values)


def translator_of(request: Request) -> Translator:
    """What says sentences in the reader's language."""
    return translator(language_of(request) or web_of(request).runtime.config.site.language)
