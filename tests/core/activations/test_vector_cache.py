import os
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest

from sav_core.activations.vector_cache import VectorCache
from sav_core.errors import StorageError

KEYS = [f"{number:064x}" for number in range(1 << 240, (1 << 240) + 400)]


def vector(seed=0, shape=(2, 3, 4)):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


@pytest.fixture
def cache(tmp_path):
    return VectorCache(tmp_path / "vectors", 1 << 20)


def files(cache):
    return sorted(path for path in cache.folder.rglob("*") if path.is_file())


def test_what_was_put_is_got(cache):
    assert cache.get(KEYS[0]) is None
    cache.put(KEYS[0], vector())
    np.testing.assert_array_equal(cache.get(KEYS[0]), vector())
    assert cache.get(KEYS[1]) is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[: len(content) // 2],
        lambda content: b"\xff" * len(content),
        lambda content: content[:-4] + np.float32(np.nan).tobytes(),
        lambda content: content.replace(b'"vector"', b'"victor"'),
        lambda content: content[:-9] + bytes([content[-9] ^ 1]) + content[-8:],
        lambda content: content[:-16] + bytes(16),
        lambda content: bytes([content[0] ^ 1]) + content[1:],
    ],
    ids=["empty", "truncated", "noise", "not a number", "another name", "one bit", "an unwritten end", "the checksum"],
)
def test_a_damaged_entry_counts_as_absent_and_can_be_put_again(cache, damage):
    cache.put(KEYS[0], vector())
    (path,) = files(cache)
    path.write_bytes(damage(path.read_bytes()))
    assert cache.get(KEYS[0]) is None
    assert files(cache) == []
    cache.put(KEYS[0], vector(1))
    np.testing.assert_array_equal(cache.get(KEYS[0]), vector(1))


def refuse(*_, **__):
    raise PermissionError(13, "Permission denied")


def test_a_folder_that_may_only_be_read_is_still_read(cache, monkeypatch):
    cache.put(KEYS[0], vector())
    cache.put(KEYS[1], vector(1))
    damaged = cache._path(KEYS[1])
    damaged.write_bytes(damaged.read_bytes()[:-1])
    monkeypatch.setattr("os.utime", refuse)
    monkeypatch.setattr(type(damaged), "unlink", refuse)
    np.testing.assert_array_equal(cache.get(KEYS[0]), vector())
    assert cache.get(KEYS[1]) is None


def test_it_stays_below_its_limit_and_keeps_what_was_used_last(tmp_path):
    cache = VectorCache(tmp_path, 20_000)
    for number, key in enumerate(KEYS[:100]):
        cache.put(key, vector(number, (1, 10, 10)))
        path = cache._path(key)
        if path.exists():  # distinct times: a file system may count in whole seconds
            os.utime(path, (number, number))
        if number > 5:
            assert cache.get(KEYS[5]) is not None  # used again and again, so it stays
        assert sum(file.stat().st_size for file in files(cache)) <= 20_000
    assert cache.get(KEYS[99]) is not None
    assert cache.get(KEYS[6]) is None


def test_what_was_used_before_the_clock_was_set_back_makes_room_first(tmp_path):
    cache = VectorCache(tmp_path, 20_000)
    for key in KEYS[:20]:
        cache.put(key, vector(0, (1, 10, 10)))
        ahead = time.time() + 10 * 86_400
        os.utime(cache._path(key), (ahead, ahead))
    for key in KEYS[20:80]:
        cache.put(key, vector(0, (1, 10, 10)))
        assert cache.get(key) is not None, "what is new is not the first to go"
    assert sum(file.stat().st_size for file in files(cache)) <= 20_000


def test_what_an_earlier_process_left_counts(tmp_path):
    first = VectorCache(tmp_path, 1 << 30)
    for key in KEYS[:50]:
        first.put(key, vector(0, (1, 10, 10)))
    VectorCache(tmp_path, 5_000).put(KEYS[60], vector(0, (1, 10, 10)))
    assert sum(file.stat().st_size for file in files(first)) <= 5_000


def _put_and_get(folder, seed):
    cache = VectorCache(folder, 30_000)
    rng = np.random.default_rng(seed)
    for number in rng.integers(0, 60, size=150):
        found = cache.get(KEYS[number])
        if found is None:
            cache.put(KEYS[number], vector(number, (1, 10, 10)))
        elif not np.array_equal(found, vector(number, (1, 10, 10))):
            return f"a wrong vector for {number}"
    return None


def test_several_processes_share_one_folder(tmp_path):
    with ProcessPoolExecutor(3, mp_context=get_context("spawn")) as pool:
        assert list(pool.map(_put_and_get, [tmp_path] * 3, range(3))) == [None] * 3
    assert not [path for path in files(VectorCache(tmp_path, 1)) if path.name.startswith(".")]


def test_a_refusing_disk_is_named_and_leaves_nothing(cache, monkeypatch):
    def full(self, *_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(StorageError, match=r"No space left on device\): free some space and save again"):
        cache.put(KEYS[0], vector())
    assert files(cache) == []


def test_clear_removes_everything(cache):
    for key in KEYS[:5]:
        cache.put(key, vector())
    cache.clear()
    assert files(cache) == []
    cache.put(KEYS[0], vector())
    assert cache.get(KEYS[0]) is not None
