"""From a path to bytes: what kind of file it is, and its content uncompressed."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa

from crmlab.tables import TableError

# First bytes of the formats that shops send (file format specifications).
_MAGIC = {
    b"PAR1": "parquet",
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstandard",
    b"PK\x03\x04": "zip",
    b"\xd0\xcf\x11\xe0": "excel",
}
_UNREADABLE = {
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"SQLite format 3": "an SQLite database",
    b"7z\xbc\xaf": "a 7-zip archive",
    b"Rar!": "a RAR archive",
    b"ARROW1": "an Arrow file",
    b"\x7fELF": "a program",
    b"MZ": "a program",
    b"\x80\x04\x95": "a Python pickle, which crmlab never opens because it could run code",
}


def check_path(path: str | Path) -> Path:
    """Return `path` if it is a readable file with something in it.

    Raises
    ------
    TableError
        For an address, a folder, a missing or an empty file, in one sentence.
    """
    text = str(path)
    if "://" in text or text.startswith(("http:", "https:", "ftp:", "s3:")):
        raise TableError(f"{text} is a web address: download the file first and give its path.")
    file = Path(path)
    if file.is_dir():
        raise TableError(f"{text} is a folder: give the path of one file in it.")
    try:
        size = file.stat().st_size
    except FileNotFoundError:
        raise TableError(f"{text} does not exist: check the path, the working folder is {Path.cwd().name!r}.") from None
    except OSError as error:
        raise TableError(f"{text} cannot be opened: {error.strerror or error}.") from None
    if not file.is_file():
        raise TableError(f"{text} is not a regular file.")
    if size == 0:
        raise TableError(f"{text} is empty.")
    return file


def kind_of(path: Path) -> str:
    """Return parquet, excel, text, gzip, bzip2, xz, zstandard or zip, told from the first bytes, not from the name."""
    try:
        with path.open("rb") as stream:
            head = stream.read(4096)
    except OSError as error:
        raise TableError(f"{path} cannot be opened: {error.strerror or error}.") from None
    for magic, what in _UNREADABLE.items():
        if head.startswith(magic):
            raise TableError(f"{path} is {what}: export the orders as CSV, Excel or Parquet.")
    kind = next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), "text")
    if kind == "zip":
        kind = _kind_of_zip(path)
    return kind


def _kind_of_zip(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except zipfile.BadZipFile:
        what = "a broken Excel file" if path.suffix.lower().startswith((".xls", ".ods")) else "a broken zip file"
        raise TableError(f"{path} is {what}: open it in its program, save it again, or export CSV.") from None
    return "excel" if "[Content_Types].xml" in names or "content.xml" in names else "zip"


class _Counted(io.RawIOBase):
    """A raw file that knows how much of it has been read, for progress."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb", buffering=0)
        self.size = path.stat().st_size
        self.position = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        count = self._file.readinto(buffer)
        self.position += count
        return count

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self.position = self._file.seek(offset, whence)
        return self.position

    def tell(self) -> int:
        return self.position

    def close(self) -> None:
        self._file.close()
        super().close()


class ByteSource:
    """The uncompressed bytes of a file, from the start as often as wanted.

    Parameters
    ----------
    path : Path
        The file.
    kind : str
        As `kind_of` says.
    """

    def __init__(self, path: Path, kind: str) -> None:
        self.path = path
        self.kind = kind
        self._counted: _Counted | None = None

    @property
    def share_read(self) -> float:
        """Share of the file that has been read, 0 to 1."""
        return self._counted.position / max(self._counted.size, 1) if self._counted else 0.0

    def open(self) -> BinaryIO:
        """Return a new stream of uncompressed bytes."""
        self._counted = _Counted(self.path)
        raw = io.BufferedReader(self._counted, 1 << 20)
        if self.kind == "gzip":
            return cast(BinaryIO, gzip.GzipFile(fileobj=raw))
        if self.kind == "bzip2":
            return cast(BinaryIO, bz2.BZ2File(raw))
        if self.kind == "xz":
            return cast(BinaryIO, lzma.LZMAFile(raw))
        if self.kind == "zstandard":
            return cast(BinaryIO, pa.CompressedInputStream(pa.PythonFile(raw, mode="r"), "zstd"))
        if self.kind == "zip":
            archive = zipfile.ZipFile(raw)
            members = [
                name for name in archive.namelist() if not name.endswith("/") and not name.startswith("__MACOSX")
            ]
            if len(members) != 1:
                listed = ", ".join(members[:5]) or "nothing"
                raise TableError(
                    f"{self.path} is an archive of {len(members)} files ({listed}): unpack it and give one."
                )
            return cast(BinaryIO, archive.open(members[0]))
        return cast(BinaryIO, raw)
