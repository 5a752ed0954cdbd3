"""Sharing files out to processes: each once, in order, whatever becomes of the others."""

import os
import signal
import subprocess
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.stages import parallel
from reconciler.stages.parallel import in_parallel, shares

FILES = ["a", "b", "c", "d"]


def read(files):
    return os.getpid(), list(files)


def ask(work=read, files=FILES, processes=3):
    return list(in_parallel(work, files, processes))


@given(st.lists(st.integers(0, 1000), max_size=40), st.integers(1, 9))
def test_every_file_has_one_share_in_the_old_order(sizes, number):
    found = shares(sizes, number)
    assert [index for share in found for index in share] == list(range(len(sizes)))
    assert 1 <= len(found) <= number
    assert all(found[1:])


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=40), st.integers(1, 9))
def test_no_share_is_larger_than_an_even_one_and_a_file(sizes, number):
    even, most = sum(sizes) / number, max(sizes)
    assert all(sum(sizes[share.start : share.stop]) <= even + most for share in shares(sizes, number))


def test_processes_share_the_files_and_this_one_takes_the_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in FILES:
        (tmp_path / name).write_text("x" * 10)
    found = ask(processes=2)
    assert [files for _, files in found] == [["a", "b"], ["c", "d"]]
    assert found[0][0] == os.getpid() != found[1][0]


def test_no_process_is_left_behind(tmp_path):
    ask()
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_one_that_is_given_up_leaves_no_process_behind(large):
    results = in_parallel(read, large, 3)
    next(results)
    results.close()
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def die(files):
    os.kill(os.getpid(), signal.SIGKILL)


def fail(files):
    raise MemoryError


def cannot_be_sent(files):
    return lambda: None


@pytest.mark.parametrize("end", [die, fail, cannot_be_sent])
def test_what_another_process_could_not_do_is_done_here(large, end, capfd):
    here = os.getpid()
    found = ask(lambda files: read(files) if os.getpid() == here else end(files), large)
    assert [file for _, files in found for file in files] == large
    assert {pid for pid, _ in found} == {here}
    assert capfd.readouterr() == ("", "")


def test_where_no_process_can_be_split_off_all_is_done_here(large, monkeypatch):
    def refuse():
        raise BlockingIOError("too many processes")

    monkeypatch.setattr(os, "fork", refuse)
    assert {pid for pid, _ in ask(files=large)} == {os.getpid()}


def test_an_exception_of_this_process_is_raised(large):
    with pytest.raises(MemoryError):
        ask(fail, large)


@pytest.fixture
def large(tmp_path):
    """Files that are worth three processes."""
    files = [tmp_path / name for name in FILES]
    for file in files:
        file.write_bytes(b" " * parallel.SHARE_BYTES)
    return [str(file) for file in files]


def test_a_large_set_is_shared_by_the_cores_there_are(large, monkeypatch):
    monkeypatch.setattr(parallel, "_can_fork", lambda: True)
    for cores in range(1, 4):
        monkeypatch.setattr(parallel, "_cores", lambda cores=cores: cores)
        assert len({pid for pid, _ in ask(files=large, processes=None)}) == cores


def test_a_command_of_one_thread_can_be_split():
    program = "from reconciler.stages import parallel; print(parallel._can_fork())"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == str(sys.platform == "linux")


def test_a_small_set_is_read_by_one(large, monkeypatch):
    monkeypatch.setattr(parallel, "_can_fork", lambda: True)
    monkeypatch.setattr(parallel, "_cores", lambda: 8)
    assert len(ask(files=large[:1], processes=None)) == 1


def test_what_can_be_read_only_once_is_read_by_this_process(large, tmp_path, monkeypatch):
    monkeypatch.setattr(parallel, "_can_fork", lambda: True)
    monkeypatch.setattr(parallel, "_cores", lambda: 8)
    os.mkfifo(tmp_path / "pipe")
    assert len(ask(files=large, processes=None)) > 1
    assert len(ask(files=[*large, str(tmp_path / "pipe")], processes=None)) == 1


def test_beside_another_thread_no_process_is_split_off(large, monkeypatch):
    monkeypatch.setattr(parallel, "_cores", lambda: 2)
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        assert len(ask(files=large, processes=None)) == 1
    finally:
        done.set()
        thread.join()
