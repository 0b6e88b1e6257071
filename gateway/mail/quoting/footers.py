"""Sentences that programs and companies put under a mail: from phones, virus scanners, lawyers, lists.

Spanish, English, Portuguese. A sentence is one of these as a whole or not at all: "Enviado desde mi
iPhone" is, "Enviado desde mi casa no anda" is what somebody wrote.
"""

import re

_LONGEST = 400

_LINKS = re.compile(
    r"[<(\[]{0,2}(?:https?://|www\.(?=avast|avg))[^\s<>()\[\]]{1,2000}[>)\]]{0,2}|<#[^<>\s]{1,60}>|"
    r"<mailto:[^<>\s]{1,320}>|\[(?:image|imagen|imagem|cid): ?[^\[\]]{0,200}\]"
)
_DECORATION = ' \t\u00a0*_[]()-–—·.!|"'

_PLAIN_LETTERS = str.maketrans(
    "áàâãéèêíìóòôõúùüñç", "aaaaeeeiioooouuunc", "\u0301\u0303\u0308\u200b\u200c\u200d\u2060\u2063\ufeff\u00ad"
)

_MAY_BEGIN = re.compile(
    r"$|enviad|sent |get |obt|descarg|consigue|baixe|yahoo mail|mensaje rec|message cl|"
    r"mensagem c|(?:el )?texto |quoted text|mostrar|ocultar|show |hide |libre de|virus-free|livre de|"
    r"comprobad|checked|verificad|"
    r"(?:est[ea]|el|this|o) (?:mensaje|correo|e-?mail|message|software|antivirus|mensagem)|"
    r"no (?:se |virus)|nenhum virus|se certifico|(?:informacion de )?eset|avast|avg"
)
_SENT = re.compile(
    r"(?:(?:enviad[oa]|sent) (?:desde|de mi|do|da|via|con|from|mediante|com|pelo|using|with|a traves de|"
    r"de forma segura con)|(?:get|obtener|obten|obtenga|descargar?|consigue|obter|baixe)"
    r"(?= [^?¿]{1,60} (?:para|for) ))"
    r"(?: (?:mi|my|meu|minha|el|la|un|the|o|a))? "
)
_SENT_WITH = frozenset(
    (  # noqa: SIM905  names read better in a row
        "iphone ipad ipod samsung galaxy android huawei xiaomi redmi poco motorola moto lg nokia sony "
        "xperia htc blackberry honor oppo vivo tcl zte alcatel realme oneplus pixel windows celular "
        "movil telefono smartphone tablet tableta outlook yahoo gmail hotmail spark proton protonmail "
        "zoho aol mymail bluemail k-9 fairemail thunderbird nine ios tuta tutanota mailspring canary "
        "airmail titan phone dispositivo device"
    ).split()
)
_AND = frozenset(
    (  # noqa: SIM905  names read better in a row
        "mail correo app aplicacion for para de del con by do da com o a e el la en un una my mi meu "
        "on an and y phone mobile movil plus pro max ultra mini note lite edge fe se xl 4g 5g lte "
        "inalambrico movistar claro personal tuenti wireless secure seguro seguridad email e-mail "
        "electronico free device dispositivo mac google microsoft moviles telemovel aparelho sem fio "
        "duos prime neo play power"
    ).split()
)
_AROUND_NAMES = ".,:!®™\"'()[]*"
_MODEL = re.compile(r"[a-z]|[a-z]{0,3}-?\d{1,4}[a-z]{0,3}\+?")
_MORE = re.compile(
    r"(?:por favor,? |please,? )?(?:disculp|perdon|excus|desculp|sorry|pido disculpas)[^?¿]{1,90}|"
    r"(?:obten|consigue|descarg|get|crea) [^?¿]{1,60}"
)
_WHOLE = re.compile(
    r"yahoo mail: (?:busca|search|pesquis)[^?¿]{1,60}|"
    r"(?:mensaje recortado|message clipped|mensagem cortada)(?:\W{1,4}(?:ver|view|exibir) [^?¿]{1,40})?|"
    r"(?:el )?texto (?:de mensaje )?citado (?:esta )?oculto|quoted text hidden|"
    r"texto das mensagens anteriores oculto|"
    r"(?:mostrar|ocultar|show|hide) (?:el )?(?:texto (?:de la cita|citado)|quoted text)"
)

_SCANNED = re.compile(
    r"(?:libre de virus|virus-free|livre de virus)(?:\W{1,3}avast\W{0,3}(?:com)?|\W{1,3}avg\W{0,3}(?:com)?)?|"
    r"(?:este|esta|el|this|o)\b[^?¿]{0,90}\b(?:comprob|analiz|verific|escane|examin|check|scan)[^?¿]{0,90}"
    r"\b(?:virus|contenido peligroso|contenidos peligrosos|antivirus|limpio|clean)\b[^?¿]{0,120}|"
    r"(?:no se encontraron virus|no se han encontrado virus|no virus found|nenhum virus encontrado|"
    r"se certifico que el correo no contiene virus)[^?¿]{0,160}|"
    r"(?:comprobad[oa]|checked|verificad[oa]) (?:por|by) avg[^?¿]{0,160}|"
    r"informacion de eset[^?¿]{0,160}|eset nod32 antivirus ha comprobado este mensaje"
)
_SCANNER = re.compile(
    r"\b(?:avast|avg|eset|nod32|kaspersky|mailscanner|norton|mcafee|panda|bitdefender|avira|"
    r"symantec|clamav)\b"
)
_SCANNER_LINK = re.compile(
    r"\s{0,3}<?https?://(?:www\.)?(?:avast|avg|eset)\.(?:com|es)(?:\.ar)?/?(?:antivirus|sig-email[^\s<>]{0,400})?>?\s{0,3}"
)
_FOUND_ONE = re.compile(r"\b(?:tiene|detecto|encontro|dice|aparece|hay|found a|infect|bloque|elimino)")

_PAPER = re.compile(r"\b(?:imprim|print\b|printing)")
_PLANET = re.compile(r"medio ?ambiente|meio ambiente|environment|planeta|arboles|naturaleza|natureza")
_CARE = re.compile(r"\b(?:piens|pense|consider|cuid|responsab|necesari|proteg|protej|ahorr|preserv|conserv)")

_HEADING = re.compile(
    r"(?:aviso (?:legal|de confidencialidad|de privacidad|importante)|nota de confidencialidad|nota legal|"
    r"confidencialidad|clausula de confidencialidad|confidentiality notice|disclaimer|legal notice|"
    r"aviso de confidencialidade|confidential)\W{0,3}"
)
_LEGAL_START = re.compile(
    r"(?:(?:aviso|nota|importante)\b\W{0,3}(?:\w{1,15} ){0,3})?(?:"
    r"(?:(?:est[ea]|el|la|el presente|la presente|this|o) )(?:mensaje|correo|e-?mail|mail|comunicacion|"
    r"transmision|informacion|message|communication|transmission|electronic|mensagem|contenido|"
    r"information|presente)\b|"
    r"the (?:information|contents?)|o conteudo|as informacoes|las opiniones|los archivos adjuntos|"
    r"si (?:usted|ud|vd|vos|el lector)\b|si (?:ha )?recib\w{1,4} (?:este|esta|el presente|por error este)|"
    r"if you (?:are not|have received|received)|se voce nao|"
    r"(?:esta |queda )?(?:estrictamente |expresamente )?prohibid|"
    r"(?:de conformidad con|en cumplimiento de|conforme) (?:a )?(?:lo |la )|toda divulgacion|se prohibe|any )"
)
_OF_THE_LAW = re.compile(
    r"el titular de los datos personales tiene (?:la facultad|el derecho)|"
    r"la (?:direccion nacional|agencia) [^.]{0,90}organo de control"
)
_LEGAL_SAYS = tuple(
    re.compile(each)
    for each in (
        r"confiden|privilegi|secreto profesional|informacion reservada",
        r"dirigid|uso exclusivo|exclusivamente|unicamente|su destinatario|intended|solely|addressee|"
        r"(?:no|nao) (?:es|e|fuera|fuese|sea|seria) el? ?(?:o )?destinatario",
        r"(?:recib|receiv|receb)[^.]{0,60}(?:por error|por equivocacion|in error|por engano|por erro)|"
        r"por error (?:ha )?recib|si lo recib|received (?:this|it)",
        r"prohib|proibid|no autorizad|unauthori[sz]ed",
        r"25\.326|proteccion de (?:los )?datos personales|derecho de acceso|organo de control",
        r"(?:elimin|borr|destru|delet|apag)[^.]{0,80}(?:notif|avis|comuni|inform|remitente|sender)|"
        r"(?:notif|avis|comuni|inform)[^.]{0,80}(?:elimin|borr|destru|delet|apag)",
        r"(?:no|not) (?:se hace|asume|se responsabiliza|necesariamente|necessarily|liable|accept)",
    )
)
_LEGAL_LENGTH = 70
_LEGAL_ENOUGH = 2

_LISTS = re.compile(
    r"listinfo|googlegroups|grupos de google|google groups|lista de correo|lista de distribuci|"
    r"mailing list|cancelar la suscripci|unsubscribe"
)


def may_begin(words: str) -> bool:
    """Whether words could be the first of a sentence of a phone or a scanner; links alone could, too."""
    return _MAY_BEGIN.match(words) is not None


def is_sent_from(words: str) -> bool:
    """Whether words, as `folded` gives them, say by which device or program a mail was sent, no more."""
    sentence, _, apology = words.partition(". ")
    found = _SENT.match(sentence)
    if found is None or (apology and not _MORE.fullmatch(apology)):
        return _WHOLE.fullmatch(words) is not None
    named = list(filter(None, (word.strip(_AROUND_NAMES) for word in sentence[found.end() :].split())))
    if not 1 <= len(named) <= 12:
        return False
    return any(word in _SENT_WITH for word in named) and all(
        word in _SENT_WITH or word in _AND or _MODEL.fullmatch(word) for word in named
    )


def is_scanner_link(text: str) -> bool:
    """Whether a line is no more than the address virus scanners put under their sentence."""
    return _SCANNER_LINK.fullmatch(text[:500]) is not None


def is_scanned(words: str) -> bool:
    """Whether a virus scanner says here that it found nothing."""
    if _SCANNED.fullmatch(words) is None or _FOUND_ONE.search(words):
        return False
    return len(words) < 40 or "busca de virus" in words or _SCANNER.search(words) is not None


def begins_like_notice(words: str) -> bool:
    """Whether a line could be the first of a notice."""
    return bool(
        _HEADING.match(words) or _LEGAL_START.match(words) or _PAPER.search(words)
    ) or words.startswith(("el titular de los datos", "la direccion nacional", "la agencia"))


def is_notice(words: str) -> bool:
    """Whether a paragraph is a legal notice or asks to think before printing."""
    return _is_legal(words) or _is_about_paper(words) or _OF_THE_LAW.match(words) is not None


def is_heading(words: str) -> bool:
    """Whether this is the title of a legal notice, if one stands below."""
    return _HEADING.fullmatch(words) is not None


def _is_about_paper(words: str) -> bool:
    return len(words) <= 300 and all(sign.search(words) for sign in (_PAPER, _PLANET, _CARE))


def _is_legal(words: str) -> bool:
    """Whether a paragraph begins as legal notices do and says two of the things they say; titled, one."""
    title = _HEADING.match(words)
    begin = title or _LEGAL_START.match(words)
    if begin is None or len(words) < _LEGAL_LENGTH:
        return False
    return sum(said.search(words) is not None for said in _LEGAL_SAYS) >= _LEGAL_ENOUGH - (title is not None)


def is_about_list(words: str) -> bool:
    """Whether this tells of the mailing list a mail came through."""
    return _LISTS.search(words) is not None


def folded(text: str, longest: int = _LONGEST) -> str:
    """Return words to compare by: no links, accents, capitals, decoration; one blank between words."""
    bare = text[: longest * 4]
    if "<" in bare or "://" in bare or "[" in bare or "www." in bare:
        bare = _LINKS.sub(" ", bare)
    return " ".join(bare[: longest * 2].lower().translate(_PLAIN_LETTERS).split()).strip(_DECORATION)
