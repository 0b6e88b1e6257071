"""Bad configuration: one broken file per key, each refused in one line that names the key (O1)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.config import Config, load
from gateway.config_sections import Section
from gateway.errors import ConfigError

CANARY = "hunter2-canary"
MAILBOX = "[imap.soporte]\nhost = 'mail.example.com'\nusername = 'soporte'\n"


@pytest.fixture(autouse=True)
def _no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SYSMO_CONFIG", raising=False)


def write(folder: Path, toml: str) -> Path:
    file = folder / "config.toml"
    file.write_text(toml, encoding="utf-8")
    return file


def problems_of(folder: Path, toml: str) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        load(write(folder, toml))
    return refused.value.problems


BROKEN = [
    ("site", "name", '"two\\nlines"'),
    ("site", "base_url", '"soporte.example.com"'),
    ("site", "language", '"fr"'),
    ("site", "timezone", '"America/Atlantis"'),
    ("site", "secret", "7"),
    ("site", "secret_file", "7"),
    ("database", "url", '"mysql://root:hunter2-canary@127.0.0.1/sysmo"'),
    ("database", "pool", "1"),
    ("storage", "url", '"s3://bucket/prefix"'),
    ("mail", "address", '"soporte"'),
    ("mail", "reply_address", '"soporte@example.com"'),
    ("mail", "name", "7"),
    ("mail", "domain", '"exa mple.com"'),
    ("mail", "attach_max_bytes", "-1"),
    ("mail", "acknowledge", '"perhaps"'),
    ("smtp", "enabled", '"perhaps"'),
    ("smtp", "host", "7"),
    ("smtp", "port", "65536"),
    ("smtp", "hostname", '"-"'),
    ("smtp", "tls_cert", '"cert.pem"'),
    ("smtp", "tls_key", '"key.pem"'),
    ("smtp", "max_bytes", "1_000_000_000"),
    ("smtp", "trusted_peers", '"127.0.0.1"'),
    ("smtp", "per_minute", "0"),
    ("imap.soporte", "host", "7"),
    ("imap.soporte", "port", '"imaps"'),
    ("imap.soporte", "security", '"ssl"'),
    ("imap.soporte", "username", "7"),
    ("imap.soporte", "password", '["hunter2-canary"]'),
    ("imap.soporte", "password_file", '"none"'),
    ("imap.soporte", "folder", "7"),
    ("imap.soporte", "processed", '"INBOX"'),
    ("imap.soporte", "idle", "7"),
    ("imap.soporte", "poll_seconds", "0"),
    ("imap.soporte", "topic", "7"),
    ("imap.soporte", "address", "7"),
    ("imap.soporte", "ca_file", '"none.pem"'),
    ("mailer", "transport", '"pigeon"'),
    ("mailer", "folder", "7"),
    ("mailer", "host", '"relay.example.com"'),
    ("mailer", "port", "-1"),
    ("mailer", "security", '"ssl"'),
    ("mailer", "username", "7"),
    ("mailer", "password", "7"),
    ("mailer", "password_file", '"none"'),
    ("mailer", "timeout_seconds", "0"),
    ("mailer", "ca_file", '"none.pem"'),
    ("mailer", "lease_seconds", "0"),
    ("mailer", "connections", "0"),
    ("mailer", "dkim_domain", '"example.com"'),
    ("mailer", "dkim_selector", '"sysmo"'),
    ("mailer", "dkim_key", '"none.pem"'),
    ("trust", "authserv_ids", '["ok", 7]'),
    ("trust", "dkim", "7"),
    ("trust", "operator_mail", '"always"'),
    ("trust", "unknown_senders", '"refuse"'),
    ("trust", "form_senders", '["no address"]'),
    ("web", "host", "7"),
    ("web", "port", '"http"'),
    ("web", "proxies", '["*"]'),
    ("web", "metrics_token", "7"),
    ("accounts", "registration", "7"),
    ("accounts", "password_min", "7"),
    ("tickets", "reopen_days", "-1"),
    ("tickets", "auto_close_days", "-1"),
    ("tickets", "cc_participants", "7"),
    ("retention", "raw_mail_days", "0"),
    ("retention", "held_days", "30"),
    ("retention", "outbox_days", "0"),
    ("log", "format", '"xml"'),
    ("log", "level", '"loud"'),
]


@pytest.mark.parametrize(
    ("section", "key", "value"), [pytest.param(*each, id=f"{each[0]} {each[1]}") for each in BROKEN]
)
def test_a_broken_key_is_named_in_one_line(tmp_path: Path, section: str, key: str, value: str) -> None:
    mailbox = MAILBOX if section == "imap.soporte" else f"[{section}]\n"
    before = "\n".join(line for line in mailbox.splitlines() if not line.startswith(f"{key} "))
    (problem,) = problems_of(tmp_path, f"{before}\n{key} = {value}\n")
    assert problem.startswith(f"[{section}]")
    assert key in problem
    assert "\n" not in problem
    assert CANARY not in problem


def _keys() -> Iterator[tuple[str, str]]:
    for section, field in Config.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Section):
            yield from ((section, key) for key in kind.model_fields)
        else:
            yield from (("imap.soporte", key) for key in _mailbox_keys())


def _mailbox_keys() -> Iterator[str]:
    config = Config(imap={"soporte": {"host": "mail.example.com", "username": "soporte"}})  # type: ignore[dict-item]
    yield from type(config.imap["soporte"]).model_fields


def test_every_key_has_its_broken_file() -> None:
    assert sorted(_keys()) == sorted((section, key) for section, key, _ in BROKEN)


@pytest.mark.parametrize(
    ("toml", "expected"),
    [
        pytest.param("[site]\nnmae = 'Sysmo'\n", ["[site] nmae: unknown key"], id="a mistyped key"),
        pytest.param("[stie]\nname = 'Sysmo'\n", ["[stie]: unknown key"], id="a mistyped section"),
        pytest.param("name = 'Sysmo'\n", ["[name]: unknown key"], id="a key outside every section"),
        pytest.param(MAILBOX + "inbox = 'INBOX'", ["[imap.soporte] inbox: unknown key"], id="of a mailbox"),
        pytest.param(
            "[imap.soporte]\nhost = 'mail.example.com'\n",
            ["[imap.soporte] username: this key is needed"],
            id="a mailbox without its user name",
        ),
        pytest.param(
            "[imap]\nhost = 'mail.example.com'\n",
            ["[imap.host]: a mailbox is a section of its own, as in [imap.soporte]"],
            id="a mailbox without its name",
        ),
        pytest.param(
            MAILBOX.replace("soporte]", "Soporte]"),
            ["[imap.Soporte]: a mailbox's name has lower-case letters, digits and hyphens"],
            id="a mailbox that the environment could not name",
        ),
        pytest.param(
            "[site]\nnmae = 'Sysmo'\n[web]\nport = -1\n",
            ["[site] nmae: unknown key", "[web] port: Input should be greater than or equal to 0"],
            id="several, all at once",
        ),
    ],
)
def test_what_is_wrong_with_a_file(tmp_path: Path, toml: str, expected: list[str]) -> None:
    assert problems_of(tmp_path, toml) == expected


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        pytest.param("SYSMO_SITE__NMAE", "Sysmo", "SYSMO_SITE__NMAE: unknown variable", id="a mistyped key"),
        pytest.param(
            "SYSMO_STIE__NAME", "Sysmo", "SYSMO_STIE__NAME: unknown variable", id="a mistyped section"
        ),
        pytest.param(
            "SYSMO_SITE_NAME", "Sysmo", "SYSMO_SITE_NAME: unknown variable", id="one underscore only"
        ),
        pytest.param("SYSMO_SITE", "Sysmo", "SYSMO_SITE: unknown variable", id="a section without a key"),
        pytest.param("SYSMO_IMAP__HOST", "x", "SYSMO_IMAP__HOST: unknown variable", id="no mailbox named"),
        pytest.param("SYSMO_WEB__PORT", "http", "[web] port:", id="a value that cannot be"),
        pytest.param(
            "SYSMO_SMTP__TRUSTED_PEERS", "127.0.0.1", "SYSMO_SMTP__TRUSTED_PEERS: write a list", id="no list"
        ),
        pytest.param("SYSMO_DATABASE__URL", f"mysql://{CANARY}@h/x", "[database] url:", id="a secret value"),
    ],
)
def test_a_wrong_variable_is_named_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, expected: str
) -> None:
    monkeypatch.setenv(name, value)
    problems = problems_of(tmp_path, "")
    assert problems[0].startswith(expected)
    assert len(problems) == 1
    assert CANARY not in problems[0]


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYSMO_WEB__PORT", "8001")
    monkeypatch.setenv("SYSMO_IMAP__SOPORTE__PASSWORD", CANARY)
    monkeypatch.setenv("SYSMO_SMTP__TRUSTED_PEERS", '["192.0.2.0/24"]')
    config = load(write(tmp_path, MAILBOX + "[web]\nport = 8002\nhost = '::1'\n"))
    assert (config.web.port, config.web.host) == (8001, "::1")
    assert config.imap["soporte"].password.get_secret_value() == CANARY
    assert config.smtp.trusted_peers == ("192.0.2.0/24",)


def test_no_secret_is_ever_printed(tmp_path: Path) -> None:
    toml = f"""
        [site]
        secret = "{CANARY}"
        [database]
        url = "postgresql://sysmo:{CANARY}@db.example.com/sysmo"
        [mailer]
        transport = "smtp"
        host = "relay.example.com"
        password = "{CANARY}"
        {MAILBOX}
        password = "{CANARY}"
    """
    config = load(write(tmp_path, toml))
    assert CANARY not in repr(config)
    assert CANARY not in str(config)
    assert CANARY not in str(config.model_dump())
    assert CANARY not in config.model_dump_json()


@pytest.mark.parametrize(
    "toml",
    [
        pytest.param("[site\n", id="a bracket is missing"),
        pytest.param("[web]\nport = 1\n[web]\nhost = ''\n", id="a section twice"),
    ],
)
def test_a_broken_file_is_named_with_the_line(tmp_path: Path, toml: str) -> None:
    (problem,) = problems_of(tmp_path, toml)
    assert str(tmp_path / "config.toml") in problem
    assert "line" in problem


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml: no such file"):
        load(tmp_path / "none.toml")


def test_relative_paths_count_from_the_folder_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path, "[mailer]\nfolder = 'out'\n")
    monkeypatch.chdir("/")
    config = load(file)
    assert config.database.url.get_secret_value() == f"sqlite:///{tmp_path}/data/sysmo.db"
    assert config.storage.url == str(tmp_path / "data/blobs")
    assert config.mailer.folder == tmp_path / "out"
    assert config.site.secret_file == tmp_path / "data/secret.key"


def test_an_empty_file_is_enough(tmp_path: Path) -> None:
    assert load(write(tmp_path, "")).site.language == "es"


def test_the_shipped_file_changes_no_default(tmp_path: Path) -> None:
    shipped = Path(__file__).parents[1] / "config.toml"
    copied = write(tmp_path, shipped.read_text(encoding="utf-8"))
    given = load(copied)
    assert given == load(write(tmp_path, ""))
