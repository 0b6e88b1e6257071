"""The fingerprint by which two deliveries of one mail are known for the same (invariants E1)."""

import hashlib

_FIELDS = (b"from", b"to", b"date", b"subject")


def digest(raw: bytes) -> str:
    """Return the SHA-256 in hex of a mail's From, To, Date, Subject and body.

    Taken from the octets, so it does not depend on how well the mail can be understood. What differs
    between a delivery by SMTP and a fetch by IMAP is left out: every other header field, folding,
    the kind of line ends, blank lines at the end.
    """
    head, body = _split(raw.replace(b"\r\n", b"\n"))
    fields: dict[bytes, list[bytes]] = {name: [] for name in _FIELDS}
    current: list[bytes] | None = None
    for line in head.split(b"\n"):
        if line[:1] in (b" ", b"\t"):
            if current:
                current[-1] += line
            continue
        name, _, value = line.partition(b":")
        current = fields.get(name.strip().lower())
        if current is not None:
            current.append(value)
    canonical = hashlib.sha256()
    for name, values in fields.items():
        for value in values:
            canonical.update(name + b":" + b" ".join(value.split()) + b"\n")
    canonical.update(b"\n" + body.rstrip(b"\n"))
    return canonical.hexdigest()


def _split(raw: bytes) -> tuple[bytes, bytes]:
    """Return header and body; a mail that starts with a blank line has no header."""
    if raw.startswith(b"\n"):
        return b"", raw[1:]
    head, _, body = raw.partition(b"\n\n")
    return head, body
