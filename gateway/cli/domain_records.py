"""What the DNS says of our domain, in plain words: SPF, DKIM, DMARC (RFC 7208, 6376, 7489).

Without them other mail systems doubt our mail, however well we send it.
"""

from collections.abc import Callable, Iterator

from gateway.catalogue import _
from gateway.cli.findings import Finding, found, note, problem
from gateway.cli.request import Words

Lookup = Callable[[str], list[str] | None]
"""Name → its TXT records; None when nobody answered."""


def judge_domain(domain: str, lookup: Lookup, *, selector: str | None, words: Words) -> Iterator[Finding]:
    """Look at the three records. `selector` is the whole name of our DKIM key, when we sign ourselves."""
    yield _spf(domain, lookup(domain), words)
    yield _dkim(selector, lookup(selector) if selector else [], words)
    yield _dmarc(domain, lookup(f"_dmarc.{domain}"), words)


def _spf(domain: str, texts: list[str] | None, words: Words) -> Finding:
    if texts is None:
        return _unanswered("dns.spf", domain, words)
    records = [text for text in texts if text.lower().split(" ")[0] == "v=spf1"]
    match records:
        case []:
            sentence = _(
                "SPF: {domain} does not say who sends its e-mail. Add a TXT record that starts with v=spf1."
            )
            return problem("dns.spf", words(sentence).format(domain=domain), domain=domain)
        case [record] if record.lower().split()[-1] in ("+all", "all"):
            sentence = _("SPF: {domain} lets everybody send its e-mail (+all): {record}")
        case [record]:
            text = words(_("SPF: {domain} says who sends its e-mail: {record}"))
            return found("dns.spf", text.format(domain=domain, record=_shown(record)), record=record)
        case _:
            sentence = _("SPF: {domain} has several records, so none counts: {record}")
    joined = " / ".join(records)
    return problem("dns.spf", words(sentence).format(domain=domain, record=_shown(joined)), record=joined)


def _dkim(selector: str | None, texts: list[str] | None, words: Words) -> Finding:
    if selector is None:
        return note("dns.dkim", words(_("DKIM: we do not sign; the smarthost should, for our domain.")))
    if texts is None:
        return _unanswered("dns.dkim", selector, words)
    keys = [_tags(text).get("p") for text in texts]
    if any(keys):
        text = words(_("DKIM: the key is published at {selector}."))
        return found("dns.dkim", text.format(selector=selector), selector=selector)
    text = words(_("DKIM: we sign, but there is no key at {selector}, so our signatures fail."))
    return problem("dns.dkim", text.format(selector=selector), selector=selector)


def _dmarc(domain: str, texts: list[str] | None, words: Words) -> Finding:
    if texts is None:
        return _unanswered("dns.dmarc", domain, words)
    records = [text for text in texts if text.replace(" ", "").lower().startswith("v=dmarc1")]
    if len(records) != 1:
        text = words(_("DMARC: {domain} has {count} policies at _dmarc.{domain}; it needs one."))
        return problem("dns.dmarc", text.format(domain=domain, count=len(records)), domain=domain)
    if _tags(records[0]).get("p", "").lower() == "none":
        text = words(_("DMARC: {domain} only watches (p=none), so others may forge it: {record}"))
        return note("dns.dmarc", text.format(domain=domain, record=_shown(records[0])), record=records[0])
    text = words(_("DMARC: {domain} has a policy: {record}"))
    return found("dns.dmarc", text.format(domain=domain, record=_shown(records[0])), record=records[0])


def _unanswered(check: str, name: str, words: Words) -> Finding:
    return note(check, words(_("The DNS did not answer for {name}.")).format(name=name), name=name)


def _tags(record: str) -> dict[str, str]:
    """`v=DMARC1; p=none` → its parts."""
    pairs = (part.partition("=") for part in record.split(";"))
    return {name.strip().lower(): value.strip() for name, _equals, value in pairs}


def _shown(record: str) -> str:
    """A record as one short printable line: whoever owns the DNS wrote it."""
    cut = record if len(record) <= 200 else record[:200] + "…"
    return cut if cut.isprintable() else cut.encode("unicode_escape").decode("ascii")
