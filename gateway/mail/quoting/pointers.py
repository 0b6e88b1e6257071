"""Whether a person's words send the reader to the quote: then it is part of what they say."""

import re

_LINES = 30
_CHARACTERS = 300

_ANSWERING = (
    r"\b(?:respond|respuesta|contest|coment|aclar|agreg|anot|marqu|marc|answer|repl[yi]|comment|respost)"
)
_IN_COLOUR = re.compile(
    rf"{_ANSWERING}\w{{0,8}}[^.;]{{0,60}}\b(?:"
    r"en (?:color )?(?:rojo|azul|verde|negrita|may[úu]sculas|amarillo|otro color)|"
    r"in (?:red|blue|green|bold|caps)|em (?:vermelho|azul|verde|negrito)|"
    r"entre l[ií]neas|intercalad[oa]s?|inline|"
    r"(?:en el|sobre el|sobre tu|sobre su) (?:mismo |propio )?(?:cuerpo|texto|mail|correo|mensaje))\b",
    re.IGNORECASE,
)
_BELOW = re.compile(
    rf"{_ANSWERING}\w{{0,8}}[^.;]{{0,60}}\b(?:abajo|debajo|below|abaixo)\b|"
    r"\b(?:ver|vean?|veas?|mir[áa]|miren|le[éae]|lean|leer|see|veja|vide|pas[oe]|dejo|reenv[íi]o)\s"
    r"(?:(?:el|la|los|lo|este|esta|the|o|a)\s)?"
    r"(?:(?:mails?|correos?|mensajes?|cadena|hilo|thread|e-?mail|mensagem|conversación|historial)\s)?"
    r"(?:(?:de|que sigue|que está|que dice)\s)?(?:más )?(?:abajo|debajo|a continuación|below|abaixo)\b",
    re.IGNORECASE,
)


def points_below(own: str) -> bool:
    """Whether own words say that there is more to read in the mail below: answers in red, a mail to see.

    "Les dejo abajo los números:" with lines of their own below it points to these.
    """
    lines = [line for line in own.split("\n") if line.strip()][:_LINES]
    for position, line in enumerate(lines, start=1):
        words = line[:_CHARACTERS]
        if _IN_COLOUR.search(words):
            return True
        if _BELOW.search(words) and (position == len(lines) or not line.rstrip().endswith(":")):
            return True
    return False
