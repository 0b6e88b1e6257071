"""config.toml and the environment → frozen typed sections, read once at start.

`SYSMO_<SECTION>__<KEY>` in the environment wins over the file. An unknown key, in either place, is
an error that names it (invariants O1). Relative paths count from the folder of the file, so that a
command piped to by a mail server finds the same data as one typed at a prompt.
"""

import os
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from gateway.errors import ConfigError

PREFIX = "SYSMO_"
PLAIN_VARIABLES = frozenset(
    {"SYSMO_CONFIG", "SYSMO_FAILPOINT", "SYSMO_TEST_DATABASE_URL", "SYSMO_TEST_LOSSY_DATABASE_URL"}
)
MIB = 1024 * 1024


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


EmailAddress = Annotated[str, AfterValidator(_address)]
Port = Annotated[int, Field(ge=0, le=65535)]


class Section(BaseModel):
    """A table of the file: frozen, and no key that we do not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Site(Section):
    """The installation as people see it, and the key its short codes are made with."""

    name: str = "Sysmo Tickets"
    base_url: str = "http://127.0.0.1:8000"
    language: Literal["es", "en"] = "es"
    timezone: Annotated[str, AfterValidator(_timezone)] = "America/Argentina/Buenos_Aires"
    secret: SecretStr = SecretStr("")
    secret_file: Path = Path("data/secret.key")


class DatabaseSection(Section):
    """Where the rows are."""

    url: SecretStr = SecretStr("sqlite:///data/sysmo.db")
    pool: Annotated[int, Field(ge=2, le=100)] = 8


class Storage(Section):
    """Where large blobs are: a folder, which several machines may share."""

    url: str = "data/blobs"

    @model_validator(mode="after")
    def _folder_only(self) -> Self:
        if "://" in self.url:
            raise ValueError("this version stores blobs in a folder; give a path")
        return self


class Mail(Section):
    """Who we are in the mail we write."""

    address: EmailAddress = "soporte@example.com"
    reply_address: Annotated[str, AfterValidator(_reply_address)] = "soporte+{token}@example.com"
    name: str = ""
    domain: str = ""
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
    hostname: str = ""
    tls_cert: Path | None = None
    tls_key: Path | None = None
    max_bytes: Annotated[int, Field(ge=64 * 1024, le=35 * MIB)] = 35 * MIB
    trusted_peers: tuple[str, ...] = ("127.0.0.1", "::1")
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


class Web(Section):
    """The web role."""

    host: str = "127.0.0.1"
    port: Port = 8000
    proxies: tuple[str, ...] = ()


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


class Config(BaseSettings):
    """The whole of it. Functions get the section they need, never this."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        nested_model_default_partial_update=True,
    )

    site: Site = Site()
    database: DatabaseSection = DatabaseSection()
    storage: Storage = Storage()
    mail: Mail = Mail()
    smtp: Smtp = Smtp()
    imap: dict[str, Imap] = {}
    mailer: Mailer = Mailer()
    trust: Trust = Trust()
    web: Web = Web()
    accounts: Accounts = Accounts()
    tickets: Tickets = Tickets()
    retention: Retention = Retention()
    log: Log = Log()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return env_settings, init_settings


def load(path: Path) -> Config:
    """Read the file and the environment; raise ConfigError with every problem at once."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError([f"{path}: no such file"]) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError([f"{path}: {error}"]) from None
    problems = _unknown_variables()
    try:
        config = Config(**values)
    except ValidationError as error:
        raise ConfigError(problems + [_worded(each) for each in error.errors()]) from None
    if problems:
        raise ConfigError(problems)
    return _anchored(config, path.resolve().parent)


def secret_of(value: SecretStr, file: Path | None) -> str:
    """Return a secret given as such or as a file that holds it; ConfigError when unreadable."""
    if file is None or value.get_secret_value():
        return value.get_secret_value()
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigError([f"{file}: {error.strerror}"]) from None


def _unknown_variables() -> list[str]:
    """A mistyped variable would be passed over in silence, so we look for it ourselves."""
    problems = []
    for name in sorted(os.environ):
        if not name.startswith(PREFIX) or name in PLAIN_VARIABLES:
            continue
        section, _, key = name.removeprefix(PREFIX).lower().partition("__")
        field = Config.model_fields.get(section)
        if section == "imap" and key:
            key = key.partition("__")[2]
            known = set(Imap.model_fields)
        else:
            known = set(getattr(field.annotation, "model_fields", ())) if field else set()
        if key not in known:
            problems.append(f"{name}: unknown variable in the environment")
    return problems


def _worded(error: Any) -> str:
    """One line that names the key, without the value, which may be a secret."""
    section, *keys = [str(part) for part in error["loc"]] or ["config.toml"]
    where = f"[{section}] {'.'.join(keys)}".strip()
    match error["type"]:
        case "extra_forbidden":
            return f"{where}: unknown key"
        case "missing":
            return f"{where}: this key is needed"
        case _:
            return f"{where}: {error['msg'].removeprefix('Value error, ')}"


def _anchored(config: Config, folder: Path) -> Config:
    """Make every relative path count from the folder of the file."""

    def at(path: Path | None) -> Path | None:
        return folder / path if path is not None else None

    url = config.database.url.get_secret_value()
    name = url.removeprefix("sqlite:///")
    if name != url and name and not name.startswith("/"):
        url = f"sqlite:///{folder / name}"
    return config.model_copy(
        update={
            "site": config.site.model_copy(update={"secret_file": at(config.site.secret_file)}),
            "database": config.database.model_copy(update={"url": SecretStr(url)}),
            "storage": config.storage.model_copy(update={"url": str(folder / config.storage.url)}),
            "smtp": config.smtp.model_copy(
                update={"tls_cert": at(config.smtp.tls_cert), "tls_key": at(config.smtp.tls_key)}
            ),
            "imap": {
                name: each.model_copy(
                    update={"password_file": at(each.password_file), "ca_file": at(each.ca_file)}
                )
                for name, each in config.imap.items()
            },
            "mailer": config.mailer.model_copy(
                update={
                    "folder": at(config.mailer.folder),
                    "password_file": at(config.mailer.password_file),
                    "ca_file": at(config.mailer.ca_file),
                    "dkim_key": at(config.mailer.dkim_key),
                }
            ),
        }
    )
