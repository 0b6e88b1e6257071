"""`sysmo check`: settings that ask for a second look, database, disk, queues (invariants O1)."""

import ipaddress
from collections.abc import Iterator
from urllib.parse import urlsplit

from sqlmodel import Session

from gateway.cli.findings import Finding, found, note, problem
from gateway.cli.request import Words
from gateway.config import Config
from gateway.migrations import HEAD
from gateway.runtime import Runtime
from gateway.services import attention, health, topics
from gateway.services.health import Queue

MIB = 1024 * 1024


def check_settings(config: Config, _: Words) -> Iterator[Finding]:
    """Settings that are valid and may still not be what was meant."""
    site = urlsplit(config.site.base_url)
    if site.scheme != "https" and not _is_loopback(site.hostname or ""):
        yield problem("settings.base_url", _("[site] base_url: links in e-mail need https."))
    if config.mail.address.endswith(("@example.com", "@example.org", "@example.net")):
        yield note("settings.address", _("[mail] address is still the one of the example."))
    if config.mail.reply_address.rpartition("@")[2] != config.mail.address.rpartition("@")[2]:
        yield note(
            "settings.reply_address",
            _("[mail] reply_address is empty or of another domain than address: answers must reach us, too."),
        )
    if config.smtp.enabled and config.smtp.tls_cert is None and not _is_loopback(config.smtp.host):
        yield note("settings.tls", _("[smtp] tls_cert: without a certificate e-mail comes in unprotected."))
    if not config.trust.authserv_ids and not config.trust.dkim:
        yield problem(
            "settings.trust", _("[trust]: without authserv_ids and dkim no sender can ever be verified.")
        )
    if config.mailer.transport == "folder":
        yield note(
            "settings.mailer",
            _("[mailer] transport = folder: outgoing e-mail is written to files and sent to nobody."),
        )
    yield found("settings", _("The configuration can be used."))


def check_store(runtime: Runtime, session: Session, _: Words) -> Iterator[Finding]:
    """The database, which was proven durable when it was opened, the disk and the queues."""
    now = runtime.now()
    with runtime.db.transaction() as writing:
        health.prove_write(writing, now=now)
    engine = runtime.db.engine.dialect.name
    yield found(
        "database", _("The database keeps every commit and can be written."), engine=engine, schema=HEAD
    )
    state = health.readiness(session, runtime.blobs, runtime.config.imap, now=now)
    free = state.disk.free
    disk_words = _("Free disk space: {mib} MiB.").format(mib=free // MIB)
    yield (found if state.disk.ok else problem)("disk", disk_words, free=free)
    yield _queue(
        "journal", state.journal, _("Incoming e-mail that waits: {count}; the oldest for {seconds} s."), _
    )
    yield _queue(
        "outbox", state.outbox, _("Outgoing e-mail that is due: {count}; the oldest for {seconds} s."), _
    )
    if state.smarthost.paused_until is not None:
        until = state.smarthost.paused_until
        yield note(
            "outbox.paused", _("Outgoing e-mail is paused until {time}.").format(time=until), until=until
        )
    for box in state.mailboxes:
        if not box.ok:
            words = _("The mailbox {name} was not read lately: {error}").format(
                name=box.name, error=box.error or "-"
            )
            yield problem("mailbox", words, name=box.name, polled_at=box.polled_at, error=box.error)


def check_attention(runtime: Runtime, session: Session, _: Words) -> Iterator[Finding]:
    """What waits for a person."""
    aside = attention.set_aside(session)
    for check, count, words in (
        (
            "journal.failed",
            aside.failed,
            _("Incoming e-mail that could not be read: {count} (sysmo mail list --outcome failed)."),
        ),
        (
            "journal.held",
            aside.held,
            _("Incoming e-mail that is held: {count} (sysmo mail list --outcome held)."),
        ),
        ("outbox.failed", aside.undelivered, _("Outgoing e-mail that was not delivered: {count}.")),
        (
            "outbox.uncertain",
            aside.uncertain,
            _("Outgoing e-mail of which nobody knows if it arrived: {count}."),
        ),
    ):
        if count:
            yield note(check, words.format(count=count), count=count)
    days = attention.HELD_LONG.days
    if count := attention.held_since(session, runtime.now() - attention.HELD_LONG):
        words = _("Held for more than {days} days, waiting: {count} (sysmo mail list --outcome held).")
        yield note("journal.held_long", words.format(days=days, count=count), count=count, days=days)
    known = [topic.name for topic in topics.list_topics(session)]
    if not known:
        yield note("topics", _("There is no topic yet (sysmo topic add)."))
    for name in attention.unserved_topics(session):
        words = _("The topic {name} has no operators: nobody is told of its requests.")
        yield note("topics.unserved", words.format(name=name), name=name)
    for name, box in runtime.config.imap.items():
        if box.topic and box.topic not in known:
            words = _("[imap.{name}] topic: there is no topic {topic}.").format(name=name, topic=box.topic)
            yield problem("settings.imap", words, name=name, topic=box.topic)


def _queue(check: str, queue: Queue, words: str, _: Words) -> Finding:
    text = words.format(count=queue.waiting, seconds=queue.oldest_seconds or 0)
    kind = found if queue.ok else problem
    return kind(check, text, count=queue.waiting, oldest_seconds=queue.oldest_seconds)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
