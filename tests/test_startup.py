"""Starting: the key is made once and kept from others; what may lose or leak mail is refused."""

import stat
from pathlib import Path

import pytest
from pydantic import SecretStr

from gateway.config import Config, Site
from gateway.errors import ConfigError, TryLater
from gateway.startup import open_database, open_runtime, reach_database, read_secret


def config_in(folder: Path, **database: str) -> Config:
    url = database.get("url", f"sqlite:///{folder}/data/sysmo.db")
    return Config.model_validate(
        {
            "site": {"secret_file": str(folder / "data" / "secret.key")},
            "database": {"url": url, "pool": 2},
            "storage": {"url": str(folder / "data" / "blobs")},
        }
    )


def test_the_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    site = Site(secret_file=tmp_path / "data" / "secret.key")
    secret = read_secret(site)
    assert len(secret) == 64
    assert read_secret(site) == secret
    assert stat.S_IMODE(site.secret_file.stat().st_mode) == 0o600
    assert [file.name for file in site.secret_file.parent.iterdir()] == ["secret.key"]


def test_two_installations_have_two_keys(tmp_path: Path) -> None:
    one, two = (Site(secret_file=tmp_path / name) for name in ("one", "two"))
    assert read_secret(one) != read_secret(two)


def test_a_key_that_is_given_needs_no_file(tmp_path: Path) -> None:
    site = Site(secret=SecretStr("given"), secret_file=tmp_path / "secret.key")
    assert read_secret(site) == b"given"
    assert not site.secret_file.exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    site = Site(secret_file=tmp_path / "secret.key")
    read_secret(site)
    site.secret_file.chmod(mode)
    with pytest.raises(ConfigError, match=rf"\[site\] secret_file: .*{mode:04o}"):
        read_secret(site)


def test_an_empty_key_is_refused(tmp_path: Path) -> None:
    site = Site(secret_file=tmp_path / "secret.key")
    site.secret_file.touch(mode=0o600)
    with pytest.raises(ConfigError, match="empty"):
        read_secret(site)


def test_a_key_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(ConfigError, match=r"\[site\] secret_file"):
        read_secret(Site(secret_file=tmp_path / "data" / "secret.key"))


def test_the_database_and_the_blobs_are_for_their_owner_alone(tmp_path: Path) -> None:
    config = config_in(tmp_path)
    with pytest.raises(ConfigError, match="sysmo migrate"):
        open_runtime(config)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "data").iterdir()}
    assert modes["sysmo.db"] == modes["secret.key"] == 0o600
    assert modes["blobs"] == 0o700


def test_a_database_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    config = config_in(tmp_path)
    open_database(config).close()
    (tmp_path / "data" / "sysmo.db").chmod(0o644)
    with pytest.raises(ConfigError, match=r"\[database\] url: .*0644"):
        open_database(config)


def test_a_blob_folder_that_others_may_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data" / "blobs").mkdir(parents=True)
    (tmp_path / "data" / "blobs").chmod(0o755)
    with pytest.raises(ConfigError, match=r"\[storage\] url: .*0755"):
        open_runtime(config_in(tmp_path))


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("postgresql://sysmo:hunter2canary@db:port/x", id="a port that is no number"),
        pytest.param("postgresql://sysmo:hunter2canary@127.0.0.1:1/x", id="nobody there"),
        pytest.param("sqlite:////proc/none/sysmo.db", id="a folder that cannot be made"),
    ],
)
def test_an_unusable_database_is_named_without_its_password(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigError, match=r"\[database\] url") as refused:
        open_database(config_in(tmp_path, url=url))
    assert "hunter2canary" not in str(refused.value)


def test_only_a_database_that_is_away_is_a_matter_of_time(tmp_path: Path) -> None:
    with pytest.raises(TryLater):
        reach_database(config_in(tmp_path, url="postgresql://sysmo@127.0.0.1:1/x"))
    reach_database(config_in(tmp_path))
