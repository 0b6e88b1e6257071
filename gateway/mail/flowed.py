"""format=flowed text (RFC 3676) → paragraphs on one line, quote marks kept."""

_SIGNATURE = "-- "


def joined(text: str, *, delete_space: bool = False) -> str:
    """Return text with its soft line ends removed; `delete_space` is the DelSp parameter.

    A line that ends in a blank goes on in the next one of the same quote depth. A depth that
    changes ends the paragraph, as section 4.5 wants it. Quotes come out as "> text"; a person's own line
    that begins with ">" keeps the blank it was stuffed with, or it would look like one.
    """
    paragraphs: list[str] = []
    pending: list[str] = []
    pending_depth = 0
    for line in text.split("\n"):
        content = line.lstrip(">")
        depth = len(line) - len(content)
        if content.startswith(" ") and (depth or not content.startswith(" >")):  # space-stuffed
            content = content[1:]
        if pending and depth != pending_depth:
            paragraphs.append(_paragraph(pending, pending_depth))
            pending = []
        is_signature = content == _SIGNATURE
        if pending and is_signature:
            paragraphs.append(_paragraph(pending, pending_depth))
            pending = []
        pending_depth = depth
        if content.endswith(" ") and not is_signature:
            pending.append(content[:-1] if delete_space else content)
            continue
        pending.append(content)
        paragraphs.append(_paragraph(pending, depth))
        pending = []
    if pending:
        paragraphs.append(_paragraph(pending, pending_depth))
    return "\n".join(paragraphs)


def _paragraph(pieces: list[str], depth: int) -> str:
    text = "".join(pieces)
    return ">" * depth + " " + text if depth else text
