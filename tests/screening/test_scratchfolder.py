import pytest

from screening.compute import scratchfolder
from screening.compute.scratchfolder import ScratchFolder

PREFIX = "molq-test-"


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setattr(scratchfolder.tempfile, "gettempdir", lambda: str(tmp_path))
    return tmp_path


def test_the_folder_of_a_killed_process_is_swept_and_that_of_a_living_one_is_not(root):
    living = ScratchFolder(PREFIX)
    dead, unborn, stranger = (root / name for name in (f"{PREFIX}1", f"{PREFIX}2", "other"))
    for folder in (dead, unborn, stranger):
        folder.mkdir()
        (folder / "file").touch()
    (dead / "lock").touch()
    (stranger / "lock").touch()
    another = ScratchFolder(PREFIX)
    assert sorted(root.iterdir()) == sorted([living.path, another.path, unborn, stranger])
    assert another.path.stat().st_mode & 0o077 == 0
    living.remove()
    another.remove()
    assert sorted(root.iterdir()) == sorted([unborn, stranger])


def test_a_path_for_sockets_is_short(root):
    folder = ScratchFolder(PREFIX, short=True)
    assert len(str(folder.path)) < 40
    folder.remove()
    assert not folder.path.exists()
