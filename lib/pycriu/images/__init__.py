# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reading and writing the images of a checkpoint.

An image is a dictionary {"magic": NAME, "entries": [...]}; an entry has the names of the fields
that are present in the message, bytes as base64, and what follows the record under "extra".
load and dump are exact: dump(load(f)) writes the bytes that were read.
"""
import io

from . import convert, frame, payload
from .errors import ImageError
from .kinds import BY_NAME, HEAD_MAGICS

__all__ = ["ImageError", "load", "loads", "dump", "dumps", "info"]


def _size_text(data):
    size = float(len(data))
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1024 or unit == "GB":
            break
        size /= 1024
    return "... <%s %s>" % ("%d" % size if size == int(size) else "%.1f" % size, unit)


def load(f, pretty=False, no_payload=False):
    """Read an image from a binary file object.

    pretty: numbers as they are best read (hex, flag names, addresses); dump() takes them back.
    no_payload: the size instead of the contents of what is not a record; such an image cannot
    be written again.
    Raises ImageError for what is not a whole, known image.
    """
    reader = frame.Reader(f)
    kind, head = frame.read_head(reader)
    show = _size_text if no_payload else convert.to_base64
    try:
        entries = payload.layout_of(kind).load(kind, reader, pretty, show)
    except ImageError as e:
        raise e.at(kind.name)
    image = {"magic": kind.name, "entries": entries}
    if head != kind.head:       # version 1.0 of the format
        image["head"] = head
    return image


def loads(data, pretty=False, no_payload=False):
    """load() from bytes."""
    return load(io.BytesIO(data), pretty, no_payload)


def dump(image, f):
    """Write an image to a binary file object; ImageError when the dictionary is none."""
    if not isinstance(image, dict) or not isinstance(image.get("entries"), list):
        raise ImageError("an object with \"magic\" and \"entries\" was expected")
    kind = BY_NAME.get(image.get("magic")) if isinstance(image.get("magic"), str) else None
    if kind is None:
        raise ImageError("unknown magic %r" % (image.get("magic"),))
    head = image.get("head", kind.head)
    if head != "none" and head not in HEAD_MAGICS:
        raise ImageError("unknown head %r" % (head,))
    for i, entry in enumerate(image["entries"]):
        if not isinstance(entry, dict):
            raise ImageError("an object was expected").at("entry %d" % i).at(kind.name)
    frame.write_head(f, kind, head)
    try:
        payload.layout_of(kind).dump(kind, f, image["entries"])
    except ImageError as e:
        raise e.at(kind.name)
    except (AttributeError, TypeError, ValueError) as e:    # "extra" of a wrong type
        raise ImageError("bad entry: %s" % e).at(kind.name)


def dumps(image):
    """dump() to bytes."""
    f = io.BytesIO()
    dump(image, f)
    return f.getvalue()


def info(f):
    """{"magic": NAME, "count": N}: what an image is and how many entries it has."""
    image = load(f, no_payload=True)
    count = len(image["entries"])
    if image["magic"] == "PAGEMAP":     # its head is no entry
        count -= 1
    return {"magic": image["magic"], "count": count}
