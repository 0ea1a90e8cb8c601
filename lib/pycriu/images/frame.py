# SPDX-License-Identifier: LGPL-2.1-or-later
"""Bytes of an image: magics, length words, padding. Nothing here believes a length."""
import struct

from .errors import ImageError
from .kinds import BY_MAGIC, HEAD_MAGICS

_U32 = struct.Struct("<I")
# A longer record does not occur (an mm_entry with 100,000 mappings has 5 MB) and protobuf would
# refuse it; a damaged length word usually says more.
MAX_RECORD = 1 << 30
_STEP = 1 << 20


class Reader:
    """A stream read strictly forward, so pipes and sockets serve as well as files."""

    def __init__(self, f):
        self.f = f
        self.pos = 0

    def some(self, size):
        """Up to SIZE bytes: fewer only at the end. Memory grows with what comes, not with SIZE."""
        parts = []
        while size > 0:
            part = self.f.read(min(size, _STEP))
            if not part:
                break
            parts.append(part)
            size -= len(part)
            self.pos += len(part)
        return b"".join(parts)

    def exact(self, size, what):
        data = self.some(size)
        if len(data) != size:
            raise ImageError("%s needs %d bytes, %d are left: truncated or corrupt"
                             % (what, size, len(data)))
        return data

    def padded(self, size, align, what):
        """SIZE bytes followed by zeros up to a multiple of ALIGN."""
        data = self.exact(size + -size % align, what)
        return data[:size]

    def u32_or_end(self, what):
        data = self.some(4)
        if not data:
            return None
        if len(data) < 4:
            raise ImageError("%s is cut off after %d of 4 bytes: truncated" % (what, len(data)))
        return _U32.unpack(data)[0]

    def record(self):
        """The next packed message, or None at the end of the file."""
        size = self.u32_or_end("length word")
        if size is None:
            return None
        if size > MAX_RECORD:
            raise ImageError("length word says %d bytes: corrupt" % size)
        return self.exact(size, "message")

    def rest(self):
        return self.some(1 << 62)


def read_head(reader):
    """The kind of the image, and which head magic it has: none, common or service."""
    magic = reader.u32_or_end("magic")
    if magic is None:
        raise ImageError("empty file, no image")
    head = "none"
    for name, number in HEAD_MAGICS.items():
        if magic == number:
            head = name
            magic = reader.u32_or_end("magic")
            if magic is None:
                raise ImageError("ends after the head magic: truncated")
    kind = BY_MAGIC.get(magic)
    if kind is None:
        raise ImageError("unknown magic 0x%08x: not an image, or a raw one (pages, tar and the "
                         "like), which crit does not read" % magic)
    return kind, head


def write_head(f, kind, head):
    if head != "none":
        f.write(_U32.pack(HEAD_MAGICS[head]))
    f.write(_U32.pack(kind.magic))


def write_record(f, data):
    f.write(_U32.pack(len(data)))
    f.write(data)


def write_padded(f, data, align):
    f.write(data)
    f.write(bytes(-len(data) % align))
