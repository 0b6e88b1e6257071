"""config.toml and the environment → frozen typed sections, read once at start.

`SYSMO_<SECTION>__<KEY>` in the environment wins over the file. An unknown key, in either place, is
an error that names it (invariants O1). Relative paths count from the folder of the file, so that a
command piped to by a mail server finds the same data as one typed at a prompt.
"""

import json
import os
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from gateway.config_sections import (
    Accounts,
    DatabaseSection,
    Imap,
    Log,
    Mail,
    Mailer,
    Retention,
    Section,
    Site,
    Smtp,
    Storage,
    Tickets,
    Trust,
    Web,
)
from gateway.errors import ConfigError

__all__ = [
    "Accounts",
    "Config",
    "DatabaseSection",
    "Imap",
    "Log",
    "Mail",
    "Mailer",
    "Retention",
    "Section",
    "Site",
    "Smtp",
    "Storage",
    "Tickets",
    "Trust",
    "Web",
    "load",
    "secret_of",
]

PREFIX = "SYSMO_"
PLAIN_VARIABLES = frozenset(
    {"SYSMO_CONFIG", "SYSMO_FAILPOINT", "SYSMO_TEST_DATABASE_URL", "SYSMO_TEST_LOSSY_DATABASE_URL"}
)
FILES = frozenset({"tls_cert", "tls_key", "password_file", "ca_file", "dkim_key"})

MailboxName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$")]
"""Lower case, as it is in the environment, too."""

Place = tuple[str, ...]
"""Section and keys."""


class Config(BaseSettings):
    """The whole of it. Functions get the section they need, never this."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
    )

    site: Site = Site()
    database: DatabaseSection = DatabaseSection()
    storage: Storage = Storage()
    mail: Mail = Mail()
    smtp: Smtp = Smtp()
    imap: dict[MailboxName, Imap] = {}
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
    problems = _problems_of_environment()
    try:
        config = Config(**values)
    except ValidationError as error:
        # what the environment is to blame for was said already, by the name of its variable
        rest = [each for each in error.errors() if tuple(map(str, each["loc"])) not in problems]
        raise ConfigError([*problems.values(), *map(_worded, rest)]) from None
    except SettingsError:
        raise ConfigError(list(problems.values())) from None
    if problems:
        raise ConfigError(list(problems.values()))
    config = _anchored(config, path.resolve().parent)
    missing = list(_missing_files(config))
    if missing:
        raise ConfigError(missing)
    return config


def secret_of(value: SecretStr, file: Path | None) -> str:
    """Return a secret given as such or as a file that holds it; ConfigError when unreadable."""
    if file is None or value.get_secret_value():
        return value.get_secret_value()
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigError([f"{file}: {error.strerror}"]) from None


def _problems_of_environment() -> dict[Place, str]:
    """What is wrong with our variables, by the place each would set.

    A mistyped one would be passed over in silence, and a list that is none would end with the
    name of its section alone, so we look for both ourselves.
    """
    problems: dict[Place, str] = {}
    for name in sorted(os.environ):
        if not name.upper().startswith(PREFIX) or name in PLAIN_VARIABLES:
            continue
        place = tuple(name.upper().removeprefix(PREFIX).lower().split("__"))
        known = _section_of(place)
        key = place[-1]
        if known is None or key not in known.model_fields:
            problems[place] = f"{name}: unknown variable in the environment"
        elif _takes_a_list(known, key) and not _is_list(os.environ[name]):
            problems[place] = f'{name}: write a list as in ["127.0.0.1", "::1"]'
    return problems


def _section_of(place: Place) -> type[Section] | None:
    """The section a variable sets a key of: SYSMO_WEB__PORT, SYSMO_IMAP__SOPORTE__PASSWORD."""
    match place:
        case ("imap", _, _):
            return Imap
        case (section, _) if section != "imap" and section in Config.model_fields:
            kind: Any = Config.model_fields[section].annotation
            return kind if issubclass(kind, Section) else None
        case _:
            return None


def _takes_a_list(section: type[Section], key: str) -> bool:
    return "tuple" in str(section.model_fields[key].annotation)


def _is_list(text: str) -> bool:
    try:
        return isinstance(json.loads(text), list)
    except ValueError:
        return False


def _worded(error: Any) -> str:
    """One line that names the key, without the value, which may be a secret."""
    section, *keys = [str(part) for part in error["loc"]] or ["config.toml"]
    if section == "imap" and keys:
        section = f"imap.{keys.pop(0)}"
    where = f"[{section}] {'.'.join(keys)}".strip()
    match error["type"]:
        case "extra_forbidden":
            return f"{where}: unknown key"
        case "missing":
            return f"{where}: this key is needed"
        case "tuple_type":
            return f'{where}: write a list as in ["127.0.0.1", "::1"]'
        case "model_type" if section.startswith("imap."):
            return f"{where}: a mailbox is a section of its own, as in [imap.soporte]"
        case "string_pattern_mismatch":
            return f"[{section}]: a mailbox's name has lower-case letters, digits and hyphens"
        case _:
            return f"{where}: {error['msg'].removeprefix('Value error, ')}"


def _missing_files(config: Config) -> Iterator[str]:
    """Files that the settings name and nobody can read."""
    sections: dict[str, Section] = {"smtp": config.smtp, "mailer": config.mailer}
    sections |= {f"imap.{name}": section for name, section in config.imap.items()}
    for name, section in sections.items():
        for key in sorted(FILES & type(section).model_fields.keys()):
            file = getattr(section, key)
            if file is not None and not os.access(file, os.R_OK):
                yield f"[{name}] {key}: {file} cannot be read"


def _base_url(config: Config) -> str:
    """The address of the web as set, else where it listens, so that links work before anything is set."""
    if "base_url" in config.site.model_fields_set:
        return config.site.base_url
    host = f"[{config.web.host}]" if ":" in config.web.host else config.web.host
    return f"http://{host}:{config.web.port}"


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
            "site": config.site.model_copy(
                update={"secret_file": at(config.site.secret_file), "base_url": _base_url(config)}
            ),
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
