from pathlib import Path

import pytest

from sav_core.errors import SettingError
from sav_core.settings import Settings, find_assets


def test_an_empty_environment_gives_the_defaults():
    assert Settings.from_environment({}) == Settings()
    assert Settings.from_environment({"SAV_CACHE_GIB": "", "SAV_MODEL": ""}) == Settings()


def test_each_variable_is_read(tmp_path):
    given = {"SAV_MODEL": "org/model", "SAV_ASSETS": str(tmp_path), "SAV_CACHE_DIR": "/c"}
    found = Settings.from_environment({**given, "SAV_CACHE_GIB": "0.5", "SAV_BATCH_GIB": "3"})
    assert found == Settings("org/model", tmp_path, Path("/c"), 1 << 29, 3 << 30)


def test_an_unset_list_of_models_allows_any_and_an_empty_one_none():
    assert Settings.from_environment({}).allowed_models is None
    assert Settings.from_environment({"SAV_ALLOWED_MODELS": ""}).allowed_models == ()
    assert Settings.from_environment({"SAV_ALLOWED_MODELS": " a/b, c/d,"}).allowed_models == ("a/b", "c/d")


def test_a_switch_is_1_or_0():
    assert Settings.from_environment({"SAV_MCP": "1"}).mcp
    assert not Settings.from_environment({"SAV_MCP": "0"}).mcp
    with pytest.raises(SettingError, match="SAV_MCP must be 1 or 0, but is 'yes'"):
        Settings.from_environment({"SAV_MCP": "yes"})


def test_the_limits_of_an_address_are_counts_and_trusted_proxies_are_networks():
    found = Settings.from_environment({"SAV_REQUESTS_PER_SECOND": "7", "SAV_CONNECTIONS": "9"})
    assert (found.requests_per_second, found.connections, found.trusted_proxies) == (7, 9, None)
    assert Settings.from_environment({"SAV_TRUSTED_PROXIES": "10.0.0.0/8, ::1"}).trusted_proxies == ("10.0.0.0/8", "::1")
    for count in ("0", "-1", "1.5", "many", "9" * 5000):
        with pytest.raises(SettingError, match="SAV_CONNECTIONS must be a whole number from 1 on, such as 400, but is"):
            Settings.from_environment({"SAV_CONNECTIONS": count})
    for network in ("*", "proxy.example", "10.0.0.1/8"):
        with pytest.raises(
            SettingError, match="SAV_TRUSTED_PROXIES must be addresses or networks, commas between, such as"
        ):
            Settings.from_environment({"SAV_TRUSTED_PROXIES": network})


def test_the_embedded_model_moves_with_the_assets(tmp_path):
    assert Settings.from_environment({"SAV_ASSETS": str(tmp_path)}).model == str(tmp_path / "model")


def test_the_assets_lie_in_an_installed_package_and_beside_one_in_a_checkout(tmp_path):
    package, beside = tmp_path / "sav_core", tmp_path / "assets"
    beside.mkdir()
    assert find_assets(package=package) == beside
    (package / "assets").mkdir(parents=True)
    assert find_assets(package=package) == package / "assets"
    assert find_assets(str(beside), package) == beside


def test_assets_that_are_nowhere_are_said_to_be(tmp_path):
    with pytest.raises(SettingError, match=r"The assets .* are neither at .*sav_core/assets nor at .*: install"):
        find_assets(package=tmp_path / "sav_core")
    (tmp_path / "assets").mkdir()
    with pytest.raises(SettingError, match=r"SAV_ASSETS must be a folder with model, .* but '.*/none' is none"):
        find_assets(str(tmp_path / "none"), tmp_path / "sav_core")


@pytest.mark.parametrize("size", ["-1", "0", "nan", "inf", "much"])
def test_a_size_that_cannot_be_is_refused(size):
    with pytest.raises(SettingError, match=f"SAV_CACHE_GIB must be a positive number of GiB, such as 0.5, but is '{size}'"):
        Settings.from_environment({"SAV_CACHE_GIB": size})
