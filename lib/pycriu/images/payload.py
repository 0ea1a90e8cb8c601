# SPDX-License-Identifier: LGPL-2.1-or-later
"""What lies between the records of some images: pipe contents, socket queues, deleted files.

A payload has read(reader, entry, show), which returns the value of the entry's "extra" (show()
turns bytes into JSON), and write(f, entry, extra). Lengths come from the entry, so write() refuses
an edited entry whose length no longer fits. An image that is more than a list of equal entries
has load() and dump() instead.
"""
import struct

from . import convert
from .display import parse_int
from .errors import ImageError
from .frame import write_padded, write_record


def _length(entry, key):
    return parse_int(entry.get(key, 0))


def _check_length(entry, key, data):
    if _length(entry, key) != len(data):
        raise ImageError("says %d, but extra has %d bytes"
                         % (_length(entry, key), len(data))).at(key)
    return data


class _Counted:
    """As many bytes as one or several fields add up to."""

    def __init__(self, *keys):
        self.keys = keys

    def read(self, reader, entry, show):
        return show(reader.exact(sum(_length(entry, k) for k in self.keys), "payload"))

    def write(self, f, entry, extra):
        data = convert.from_base64(extra or "")
        if len(self.keys) == 1:
            _check_length(entry, self.keys[0], data)
        elif sum(_length(entry, k) for k in self.keys) != len(data):
            raise ImageError("%s do not add up to the %d bytes of extra"
                             % (" and ".join(self.keys), len(data)))
        f.write(data)


class _TcpStream:
    """The receive queue, then the send queue."""

    @staticmethod
    def read(reader, entry, show):
        return {q: show(reader.exact(_length(entry, q + "_len"), q)) for q in ("inq", "outq")}

    @staticmethod
    def write(f, entry, extra):
        for q in ("inq", "outq"):
            data = convert.from_base64((extra or {}).get(q, ""))
            f.write(_check_length(entry, q + "_len", data))


class _IpcSem:
    """The values, 16 bits each."""

    @staticmethod
    def read(reader, entry, show):
        count = _length(entry, "nsems")
        data = reader.padded(2 * count, 8, "semaphore values")
        if show is not convert.to_base64:
            return show(data)
        return list(struct.unpack("<%dH" % count, data))

    @staticmethod
    def write(f, entry, extra):
        values = [parse_int(v) for v in extra or []]
        if len(values) != _length(entry, "nsems"):
            raise ImageError("says %s, but extra has %d values"
                             % (entry.get("nsems"), len(values))).at("nsems")
        try:
            data = struct.pack("<%dH" % len(values), *values)
        except struct.error as e:
            raise ImageError(str(e)).at("extra")
        write_padded(f, data, 8)


class _IpcMsg:
    """For each message of the queue a record and its text."""

    @staticmethod
    def read(reader, entry, show):
        extra = []
        for i in range(_length(entry, "qnum")):
            record = reader.record()
            if record is None:
                raise ImageError("queue has %d messages, file ends after %d: truncated"
                                 % (_length(entry, "qnum"), i))
            message = convert.decode("ipc_msg", record)
            extra += [message, show(reader.padded(message["msize"], 8, "message text"))]
        return extra

    @staticmethod
    def write(f, entry, extra):
        extra = extra or []
        if 2 * _length(entry, "qnum") != len(extra):
            raise ImageError("says %s, but extra has %d messages"
                             % (entry.get("qnum"), len(extra) // 2)).at("qnum")
        for message, text in zip(extra[::2], extra[1::2]):
            data = convert.from_base64(text)
            write_record(f, convert.encode("ipc_msg", message))
            write_padded(f, _check_length(message, "msize", data), 8)


class _IpcShm:
    """The segment itself, in old dumps; new ones have it in a pagemap."""

    @staticmethod
    def read(reader, entry, show):
        if entry.get("in_pagemaps"):
            return None
        return show(reader.padded(_length(entry, "size"), 4, "segment"))

    @staticmethod
    def write(f, entry, extra):
        if entry.get("in_pagemaps"):
            return
        write_padded(f, _check_length(entry, "size", convert.from_base64(extra or "")), 4)


class _Pagemap:
    """A head that names the pages file, then the entries."""

    @staticmethod
    def load(kind, reader, pretty, show):
        record = reader.record()
        if record is None:
            raise ImageError("no pagemap_head: truncated").at("record 0")
        entries = [_decode_at(0, "pagemap_head", record, pretty)]
        for record in iter(reader.record, None):
            entries.append(_decode_at(len(entries), kind.message, record, pretty))
        return entries

    @staticmethod
    def dump(kind, f, entries):
        if not entries:
            raise ImageError("no pagemap_head").at("entry 0")
        for i, entry in enumerate(entries):
            write_record(f, _encode_at(i, kind.message if i else "pagemap_head", entry))


class _Ghost:
    """A deleted file: its inode, then the contents up to the end or in chunks between holes."""

    @staticmethod
    def load(kind, reader, pretty, show):
        record = reader.record()
        if record is None:
            raise ImageError("no ghost_file_entry: truncated").at("record 0")
        entries = [_decode_at(0, kind.message, record, pretty)]
        if not entries[0].get("chunks"):
            entries[0]["extra"] = show(reader.rest())
            return entries
        for record in iter(reader.record, None):
            index = len(entries)
            chunk = _decode_at(index, "ghost_chunk_entry", record, pretty)
            try:
                chunk["extra"] = show(reader.exact(chunk["len"], "chunk"))
            except ImageError as e:
                raise e.at("record %d" % index)
            entries.append(chunk)
        return entries

    @staticmethod
    def dump(kind, f, entries):
        if not entries:
            raise ImageError("no ghost_file_entry").at("entry 0")
        chunks = entries[0].get("chunks")
        if not chunks and len(entries) > 1:
            raise ImageError("a second entry needs \"chunks\": true in the first").at("entry 1")
        for i, entry in enumerate(entries):
            entry = dict(entry)
            data = convert.from_base64(entry.pop("extra", "") or "")
            name = "ghost_chunk_entry" if i else kind.message
            write_record(f, _encode_at(i, name, entry))
            if i:
                _check_length(entry, "len", data)
            f.write(data)


def _decode_at(index, name, record, pretty):
    try:
        return convert.decode(name, record, pretty)
    except ImageError as e:
        raise e.at("record %d" % index)


def _encode_at(index, name, entry):
    try:
        return convert.encode(name, entry)
    except ImageError as e:
        raise e.at("entry %d" % index)


class _Plain:
    """Equal entries, each with its payload if the kind has one."""

    def __init__(self, payload=None):
        self.payload = payload

    def load(self, kind, reader, pretty, show):
        entries = []
        while True:
            try:
                record = reader.record()
                if record is None:
                    return entries
                entry = convert.decode(kind.message, record, pretty)
                extra = self.payload.read(reader, entry, show) if self.payload else None
            except ImageError as e:
                raise e.at("record %d" % len(entries))
            if extra is not None:
                entry["extra"] = extra
            entries.append(entry)

    def dump(self, kind, f, entries):
        for i, entry in enumerate(entries):
            try:
                if self.payload:
                    entry = dict(entry)
                    extra = entry.pop("extra", None)
                write_record(f, convert.encode(kind.message, entry))
                if self.payload:
                    self.payload.write(f, entry, extra)
            except ImageError as e:
                raise e.at("entry %d" % i)


_LAYOUTS = {
    None: _Plain(),
    "pagemap": _Pagemap,
    "ghost": _Ghost,
    "pipe": _Plain(_Counted("bytes")),
    "sk_queue": _Plain(_Counted("length")),
    "bpfmap": _Plain(_Counted("keys_bytes", "values_bytes")),
    "tcp_stream": _Plain(_TcpStream),
    "ipc_sem": _Plain(_IpcSem),
    "ipc_msg": _Plain(_IpcMsg),
    "ipc_shm": _Plain(_IpcShm),
}


def layout_of(kind):
    return _LAYOUTS[kind.payload]
