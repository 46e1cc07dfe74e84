"""Downloads against a server of our own: resumed, checked, unpacked inside the folder only."""

from __future__ import annotations

import hashlib
import io
import stat
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sr.base.errors import DataError
from sr.data import fetch as fetching
from sr.data.catalog import SOURCES, Archive, Source
from sr.data.fetch import download, fetch
from sr.data.unpack import unpack
from tests.helpers.file_server import CONTENT, Server, serving


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(fetching.time, "sleep", lambda _: None)
    with serving() as served:
        yield served


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_a_download_that_breaks_off_goes_on_where_it_stopped(
    server: Server, tmp_path: Path
) -> None:
    server.cut = [4000, 3000]
    seen: list[tuple[int, int | None]] = []
    archive = Archive(server.url, f"sha256:{sha256(CONTENT)}")
    fetched = download(archive, tmp_path, progress=lambda *a: seen.append(a))
    assert fetched.path.read_bytes() == CONTENT
    assert fetched.is_verified
    assert server.asked == [None, "bytes=4000-", "bytes=7000-"]
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert [p.name for p in tmp_path.iterdir()] == ["photos.bin"]


def test_a_later_run_goes_on_with_what_an_earlier_one_kept(server: Server, tmp_path: Path) -> None:
    server.cut = [5000] + [0] * fetching.ATTEMPTS
    with pytest.raises(DataError, match="5,000 bytes are kept"):
        download(Archive(server.url), tmp_path)
    server.cut, server.asked = [], []
    assert download(Archive(server.url), tmp_path).path.read_bytes() == CONTENT
    assert server.asked == ["bytes=5000-"]


@pytest.mark.parametrize("kind", ["no ranges", "another file", "another size", "whole already"])
def test_what_a_server_does_with_a_range_never_mixes_files(
    kind: str, server: Server, tmp_path: Path
) -> None:
    server.cut = [5000] + [0] * fetching.ATTEMPTS
    if kind == "another size":
        server.tag = None
    with pytest.raises(DataError):
        download(Archive(server.url), tmp_path)
    server.cut = []
    if kind == "no ranges":
        server.ranges = False
    elif kind == "another file":
        server.content, server.tag = CONTENT[::-1], '"two"'
    elif kind == "another size":
        server.content = CONTENT[::-1] + b"more"
    else:
        (tmp_path / "photos.bin.part").write_bytes(CONTENT)
    assert download(Archive(server.url), tmp_path).path.read_bytes() == server.content


def test_a_wrong_checksum_is_an_error_and_the_file_is_removed(
    server: Server, tmp_path: Path
) -> None:
    for kind in ("sha256", "md5"):
        with pytest.raises(DataError, match=f"{kind} .* is not the published"):
            download(Archive(server.url, f"{kind}:{'0' * 32}"), tmp_path)
        assert list(tmp_path.iterdir()) == []


def test_without_a_published_checksum_the_first_one_is_kept_and_compared(
    server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fetched = download(Archive(server.url), tmp_path)
    assert not fetched.is_verified
    assert "no checksum was published" in caplog.text
    record = tmp_path / "photos.bin.sha256"
    assert record.read_text() == f"{sha256(CONTENT)}  photos.bin\n"
    fetched.path.write_bytes(b"changed")
    with pytest.raises(DataError, match="of the first download"):
        download(Archive(server.url), tmp_path)
    assert not fetched.path.exists()


def test_refusals_are_errors_at_once(server: Server, tmp_path: Path) -> None:
    server.status = 404
    with pytest.raises(DataError, match="404"):
        download(Archive(server.url), tmp_path)
    assert len(server.asked) == 1
    server.status = 503
    with pytest.raises(DataError, match="503"):
        download(Archive(server.url), tmp_path)
    assert len(server.asked) == 1 + fetching.ATTEMPTS


def tar_of(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name.replace("__", "/"))
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def test_a_data_set_is_fetched_once_and_unpacked(server: Server, tmp_path: Path) -> None:
    server.content = tar_of(Set5_HR__baby=b"one", Set5_HR__bird=b"two")
    source = Source("set5", "five", "none", (Archive(server.url.replace(".bin", ".tar.gz")),))
    fetch(source, tmp_path)
    assert (tmp_path / "Set5_HR" / "bird").read_bytes() == b"two"
    assert not (tmp_path / ".downloads" / "photos.tar.gz").exists()
    fetch(source, tmp_path)
    assert len(server.asked) == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == [".downloads", "Set5_HR"]
    (tmp_path / "Set5_HR" / "baby").unlink()
    (tmp_path / "Set5_HR" / "bird").unlink()
    (tmp_path / "Set5_HR").rmdir()
    fetch(source, tmp_path)
    assert (tmp_path / "Set5_HR" / "bird").is_file()


def test_the_catalogue_is_well_formed() -> None:
    for name, source in SOURCES.items():
        assert name == source.name == name.lower()
        assert [bool(source.archives), bool(source.by_hand), bool(source.article)].count(True) == 1
        for archive in source.archives:
            assert archive.url.startswith("https://")
            kind, _, digest = archive.checksum.partition(":")
            assert len(digest) == {"": 0, "md5": 32, "sha256": 64}[kind]


# Unpacking


def write_tar(path: Path, *members: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w") as tar:
        for member in members:
            tar.addfile(member, io.BytesIO(b"x" * member.size))
    return path


def member(
    name: str, size: int = 1, kind: bytes = tarfile.REGTYPE, link: str = ""
) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname = size, kind, link
    return info


@pytest.mark.parametrize("name", ["../out", "/abs", "a/../../out", "a\\..\\out", "C:/out"])
@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_paths_out_of_the_folder_are_refused_and_nothing_is_left(
    kind: str, name: str, tmp_path: Path
) -> None:
    archive = tmp_path / f"a.{kind}"
    if kind == "tar":
        write_tar(archive, member("fine"), member(name))
    else:
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("fine", b"x")
            file.writestr(name, b"x")
    folder = tmp_path / "inner" / "folder"
    with pytest.raises(DataError, match="leads out of the folder"):
        unpack(archive, folder)
    assert list(folder.iterdir()) == []
    assert {p.name for p in tmp_path.iterdir()} == {archive.name, "inner"}


def test_links_and_devices_are_left_out_and_listed(tmp_path: Path) -> None:
    archive = write_tar(
        tmp_path / "a.tar",
        member("fine"),
        member("soft", 0, tarfile.SYMTYPE, "/etc"),
        member("soft/passwd"),
        member("hard", 0, tarfile.LNKTYPE, "fine"),
        member("pipe", 0, tarfile.FIFOTYPE),
    )
    result = unpack(archive, tmp_path / "out")
    assert result.left_out == ("soft", "hard", "pipe")
    assert result.top_names == ("fine", "soft")
    assert not (tmp_path / "out" / "soft").is_symlink()
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as file:
        info = zipfile.ZipInfo("link")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        file.writestr(info, "/etc")
    assert unpack(tmp_path / "b.zip", tmp_path / "out2").left_out == ("link",)


def test_a_link_that_lies_in_the_folder_already_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "photos").symlink_to(tmp_path / "elsewhere")
    unpack(write_tar(tmp_path / "a.tar", member("photos/a.png")), tmp_path / "out")
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert (tmp_path / "out" / "photos" / "a.png").is_file()


def test_bombs_and_broken_archives_leave_nothing(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("zeros", bytes(1 << 20))
    with pytest.raises(DataError, match="nothing was unpacked"):
        unpack(tmp_path / "bomb.zip", out, max_bytes=1 << 19)
    many = write_tar(tmp_path / "many.tar", *(member(f"{n}") for n in range(9)))
    with pytest.raises(DataError, match="more than 8 files"):
        unpack(many, out, max_files=8)
    whole = tar_of(a=bytes(range(256)) * 200)
    (tmp_path / "cut.tgz").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.zip").write_text("<html>not found</html>")
    damaged = bytearray((tmp_path / "bomb.zip").read_bytes())
    damaged[60] ^= 0xFF
    (tmp_path / "damaged.zip").write_bytes(damaged)
    for name in ("cut.tgz", "text.zip", "damaged.zip"):
        with pytest.raises(DataError):
            unpack(tmp_path / name, out)
    assert list(out.iterdir()) == []


def test_archives_of_one_set_share_folders(tmp_path: Path) -> None:
    unpack(write_tar(tmp_path / "a.tar", member("LR/X2/1"), member("LR/X4/1")), tmp_path / "out")
    unpack(write_tar(tmp_path / "b.tar", member("LR/X4/1", 3), member("LR/X4/2")), tmp_path / "out")
    files = sorted(p for p in (tmp_path / "out").rglob("*") if p.is_file())
    assert [p.relative_to(tmp_path / "out").as_posix() for p in files] == [
        "LR/X2/1", "LR/X4/1", "LR/X4/2",
    ]  # fmt: skip
    assert files[1].read_bytes() == b"xxx"
