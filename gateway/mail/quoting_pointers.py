"""Whether a person's words send the reader to the quote: then it is part of what they say."""

import re

_LONGEST = 1_000

_WHERE = (
    r"abajo|debajo|más abajo|mas abajo|entre l[ií]neas|intercalad[oa]s?|inline|below|abaixo|"
    r"en (?:color )?(?:rojo|azul|verde|negrita|may[úu]sculas|amarillo|otro color)|"
    r"(?:en el|sobre el|sobre tu|sobre su) (?:mismo |propio )?(?:cuerpo|texto|mail|correo|mensaje)|"
    r"in (?:red|blue|green|bold|caps)|em (?:vermelho|azul|verde|negrito)"
)
_ANSWERS = re.compile(
    r"\b(?:respond|respuesta|contest|coment|aclar|agreg|anot|marqu|marc|answer|repl[yi]|comment|respost)"
    rf"\w{{0,8}}[^.;\n]{{0,60}}\b(?:{_WHERE})\b",
    re.IGNORECASE,
)
_SHOWS = re.compile(
    r"\b(?:ver|vean?|veas?|mir[áa]|miren|le[éae]|lean|leer|see|veja|vide|pas[oe]|dejo|reenv[íi]o)\s"
    r"(?:(?:el|la|los|lo|este|esta|the|o|a)\s)?"
    r"(?:(?:mails?|correos?|mensajes?|cadena|hilo|thread|e-?mail|mensagem|conversación|historial)\s)?"
    r"(?:(?:de|que sigue|que está|que dice)\s)?(?:abajo|debajo|más abajo|a continuación|below|abaixo)\b",
    re.IGNORECASE,
)


def points_below(own: str) -> bool:
    """Whether own words say that there is more to read in the mail below: answers in red, a mail to see."""
    return any(sign.search(own[:_LONGEST]) for sign in (_ANSWERS, _SHOWS))
