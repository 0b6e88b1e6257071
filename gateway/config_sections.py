"""The sections of config.toml: their keys, with what each may be and its default.

Values are checked as far as they can be without looking at the world outside the file.
"""

import re
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

MIB = 1024 * 1024

_DOMAIN = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?", re.ASCII)


def _address(value: str) -> str:
    local, at, domain = value.rpartition("@")
    if not at or not local or not domain or any(c.isspace() or c in '<>,;"' for c in value):
        raise ValueError(f"«{value}» is not an e-mail address")
    return value.lower()


def _reply_address(value: str) -> str:
    if value and value.count("{token}") != 1:
        raise ValueError("needs {token} once, as in soporte+{token}@example.com, or be empty")
    return _address(value.replace("{token}", "token")) and value.lower() if value else value


def _timezone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"«{value}» is not a time zone") from error
    return value


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("not a web address such as https://soporte.example.com")
    return value.rstrip("/")


def _domain(value: str) -> str:
    if value and not _DOMAIN.fullmatch(value):
        raise ValueError("not a domain such as example.com")
    return value.lower()


def _one_line(value: str) -> str:
    if not value.isprintable() or len(value) > 120:
        raise ValueError("one line of at most 120 characters")
    return value


def _network(value: str) -> str:
    try:
        ip_network(value, strict=False)
    except ValueError:
        raise ValueError(f"«{value}» is not an IP address or network") from None
    return value


def _database_url(value: SecretStr) -> SecretStr:
    """The text is never repeated: it may hold a password."""
    if not value.get_secret_value().startswith(("sqlite:///", "postgresql://")):
        raise ValueError("use sqlite:///FILE or postgresql://…")
    return value


def _folder(value: str) -> str:
    if not value or "://" in value:
        raise ValueError("this version stores blobs in a folder; give a path")
    return value


EmailAddress = Annotated[str, AfterValidator(_address)]
Domain = Annotated[str, AfterValidator(_domain)]
Line = Annotated[str, AfterValidator(_one_line)]
Networks = tuple[Annotated[str, AfterValidator(_network)], ...]
Port = Annotated[int, Field(ge=0, le=65535)]


class Section(BaseModel):
    """A table of the file: frozen, and no key that we do not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Site(Section):
    """The installation as people see it, and the key its short codes are made with."""

    name: Line = "Sysmo Tickets"
    base_url: Annotated[str, AfterValidator(_web_address)] = "http://127.0.0.1:8000"
    language: Literal["es", "en"] = "es"
    timezone: Annotated[str, AfterValidator(_timezone)] = "America/Argentina/Buenos_Aires"
    secret: SecretStr = SecretStr("")
    secret_file: Path = Path("data/secret.key")


class DatabaseSection(Section):
    """Where the rows are."""

    url: Annotated[SecretStr, AfterValidator(_database_url)] = SecretStr("sqlite:///data/sysmo.db")
    pool: Annotated[int, Field(ge=2, le=100)] = 8


class Storage(Section):
    """Where large blobs are: a folder, which several machines may share."""

    url: Annotated[str, AfterValidator(_folder)] = "data/blobs"


class Mail(Section):
    """Who we are in the mail we write."""

    address: EmailAddress = "soporte@example.com"
    reply_address: Annotated[str, AfterValidator(_reply_address)] = "soporte+{token}@example.com"
    name: Line = ""
    domain: Domain = ""
    attach_max_bytes: Annotated[int, Field(ge=0, le=30 * MIB)] = 10 * MIB
    acknowledge: bool = True

    @property
    def message_id_domain(self) -> str:
        """The domain of our Message-IDs: as set, else that of our address."""
        return self.domain or self.address.rpartition("@")[2]


class Smtp(Section):
    """The listener."""

    enabled: bool = True
    host: str = "127.0.0.1"
    port: Port = 2525
    hostname: Domain = ""
    tls_cert: Path | None = None
    tls_key: Path | None = None
    max_bytes: Annotated[int, Field(ge=64 * 1024, le=35 * MIB)] = 35 * MIB
    trusted_peers: Networks = ("127.0.0.1", "::1")
    per_minute: Annotated[int, Field(ge=1)] = 60

    @model_validator(mode="after")
    def _pair(self) -> Self:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("tls_cert and tls_key go together")
        return self


class Imap(Section):
    """One mailbox we fetch from."""

    host: str
    port: Port = 993
    security: Literal["tls", "starttls", "none"] = "tls"
    username: str
    password: SecretStr = SecretStr("")
    password_file: Path | None = None
    folder: str = "INBOX"
    processed: str = ""
    idle: bool = True
    poll_seconds: Annotated[int, Field(ge=1, le=3600)] = 60
    topic: str = ""
    address: str = ""
    ca_file: Path | None = None

    @model_validator(mode="after")
    def _moved_elsewhere(self) -> Self:
        if self.processed and self.processed == self.folder:
            raise ValueError("processed must be another folder than folder")
        return self


class Mailer(Section):
    """Whom our mail is handed to: a smarthost, or a folder where there is none."""

    transport: Literal["smtp", "folder"] = "folder"
    folder: Path = Path("data/sent")
    host: str = ""
    port: Port = 587
    security: Literal["tls", "starttls", "none"] = "starttls"
    username: str = ""
    password: SecretStr = SecretStr("")
    password_file: Path | None = None
    timeout_seconds: Annotated[int, Field(ge=1, le=600)] = 60
    connections: Annotated[int, Field(ge=1, le=20)] = 1
    lease_seconds: Annotated[int, Field(ge=2, le=3600)] = 600
    ca_file: Path | None = None
    dkim_domain: str = ""
    dkim_selector: str = ""
    dkim_key: Path | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.transport == "smtp" and not self.host:
            raise ValueError('transport = "smtp" needs host')
        if self.transport == "folder" and self.host:
            raise ValueError('host is set, so transport must be "smtp"')
        if len({bool(self.dkim_domain), bool(self.dkim_selector), self.dkim_key is not None}) > 1:
            raise ValueError("dkim_domain, dkim_selector and dkim_key go together")
        return self


class Trust(Section):
    """What makes the sender of a mail believable."""

    authserv_ids: tuple[str, ...] = ()
    dkim: bool = True
    operator_mail: Literal["token", "verified"] = "token"
    unknown_senders: Literal["accept", "hold"] = "accept"
    form_senders: tuple[EmailAddress, ...] = ()


class Web(Section):
    """The web role."""

    host: str = "127.0.0.1"
    port: Port = 8000
    proxies: Networks = ()
    metrics_token: SecretStr = SecretStr("")


class Accounts(Section):
    """Rules for accounts."""

    registration: bool = True
    password_min: Annotated[int, Field(ge=8, le=128)] = 12


class Tickets(Section):
    """Rules for requests."""

    reopen_days: Annotated[int, Field(ge=0)] = 30
    auto_close_days: Annotated[int, Field(ge=0)] = 0
    cc_participants: bool = True


class Retention(Section):
    """How long things are kept, in days."""

    raw_mail_days: Annotated[int, Field(ge=1)] = 90
    held_days: Annotated[int, Field(ge=90)] = 90
    outbox_days: Annotated[int, Field(ge=1)] = 30


class Log(Section):
    """How the log is written."""

    format: Literal["text", "json"] = "text"
    level: Literal["debug", "info", "warning", "error"] = "info"
