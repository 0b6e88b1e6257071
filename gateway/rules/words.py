"""Text → words to compare and search by."""

import unicodedata


def fold(text: str) -> str:
    """Return a text in lower case, without accents, its blanks made one: "Facturación " → "facturacion"."""
    decomposed = unicodedata.normalize("NFKD", text)
    letters = "".join(each for each in decomposed if not unicodedata.combining(each))
    return " ".join(letters.casefold().split())
