"""Which encoding a text file is in, found from the whole file, never guessed from its first line alone."""

from __future__ import annotations

import codecs

import charset_normalizer

from crmlab.reading.names import known_name_count
from crmlab.reading.streams import ByteSource
from crmlab.tables import TableError

_CHUNK = 1 << 20
_SAMPLE = 1 << 18
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What shops outside UTF-8 really send: mainland China, Taiwan and Hong Kong, western Windows, Japan, central Europe.
_LEGACY = ("gb18030", "big5hkscs", "cp1252", "cp932", "cp1250", "cp1251")


def detect_encoding(source: ByteSource) -> str:
    """Return the name of a Python codec that reads the file.

    A byte-order mark decides; then UTF-8, if the whole file is valid UTF-8; then UTF-16 without a mark; then the legacy
    encoding under which the first line holds most known column names; then what charset-normalizer finds in the lines
    that are not ASCII.

    Raises
    ------
    TableError
        If the file is not text.
    """
    with source.open() as stream:
        head = stream.read(_SAMPLE)
    for bom, name in _BOMS:
        if head.startswith(bom):
            return name
    utf16 = _utf16_without_mark(head)
    if utf16:
        return utf16
    if head.count(0) > 0 or _control_share(head) > 0.02:
        raise TableError(f"{source.path} is not a text file: export the orders as CSV, Excel or Parquet.")
    foreign = _lines_not_utf8(source)
    if foreign is None:
        return "utf-8"
    return _legacy_encoding(head.split(b"\n", 1)[0], foreign)


def _utf16_without_mark(head: bytes) -> str | None:
    even, odd = head[0:4000:2], head[1:4000:2]
    if len(odd) < 8:
        return None
    if odd.count(0) > 0.4 * len(odd) and even.count(0) < 0.05 * len(even):
        return "utf-16-le"
    if even.count(0) > 0.4 * len(even) and odd.count(0) < 0.05 * len(odd):
        return "utf-16-be"
    return None


def _control_share(head: bytes) -> float:
    control = sum(head.count(byte) for byte in range(32) if byte not in (9, 10, 12, 13, 26, 27))
    return control / max(len(head), 1)


def _lines_not_utf8(source: ByteSource) -> bytes | None:
    """Return the lines around the first bytes that are not UTF-8, or None where the whole file is UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with source.open() as stream:
            while chunk := stream.read(_CHUNK):
                try:
                    decoder.decode(chunk)
                except UnicodeDecodeError:
                    rest = chunk + stream.read(_SAMPLE)
                    lines = [line for line in rest.split(b"\n") if any(byte > 127 for byte in line)]
                    return b"\n".join(lines)[:_SAMPLE]
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return b""
    except (OSError, EOFError) as error:
        raise TableError(f"{source.path} is a broken compressed file ({error}): save or download it again.") from None
    return None


def _legacy_encoding(first_line: bytes, foreign: bytes) -> str:
    scores = {}
    for name in _LEGACY:
        try:
            foreign.decode(name)
            scores[name] = known_name_count(first_line.decode(name))
        except UnicodeDecodeError:
            continue
    best = max(scores, key=lambda name: scores[name], default=None)
    if best is not None and scores[best] > min(scores.values()):
        return best
    found = charset_normalizer.from_bytes(foreign, cp_isolation=list(_LEGACY)).best()
    return found.encoding if found else "cp1252"
