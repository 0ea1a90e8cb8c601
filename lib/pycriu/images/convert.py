# SPDX-License-Identifier: LGPL-2.1-or-later
"""Messages to dictionaries that JSON can hold, and back to the very same bytes."""
import base64
import binascii
import quopri
import warnings

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError

from . import display
from .errors import ImageError
from .schema import schema

# Said of input that ends early; decode() says it better, with the place.
warnings.filterwarnings("ignore", "Unexpected end-group tag", RuntimeWarning)

# Bytes of fields that the schema does not have (a newer writer's), so that they are not lost.
UNKNOWN = "unknown_fields"

# Names of unix sockets are mostly readable, with a NUL at one end.
_QUOTED_PRINTABLE = {"unix_sk_entry.name"}


def to_base64(data):
    return base64.encodebytes(data).decode()


def from_base64(text):
    if not isinstance(text, str):
        raise ImageError("base64 text was expected, not %s" % type(text).__name__)
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as e:
        raise ImageError("bad base64: %s" % e)


def _to_quoted(data):
    text = quopri.encodestring(data)
    if quopri.decodestring(text) != data:       # it takes some liberty with line ends
        text = b"".join(b"=%02X" % byte for byte in data)
    return text.decode("latin-1")


def _from_quoted(text):
    return quopri.decodestring(text.encode("latin-1"))


def _to_text(data):
    """Names are any bytes but NUL; those that are not UTF-8 become lone surrogates, as in os."""
    return data.decode("utf-8", "surrogateescape")


def _from_text(text):
    return text.encode("utf-8", "surrogateescape")


class _Field:
    """How one field is shown and read; made once for each field of the schema."""

    def __init__(self, descriptor):
        key = descriptor.containing_type.full_name + "." + descriptor.name
        self.name = descriptor.name
        self.repeated = descriptor.label == FieldDescriptor.LABEL_REPEATED
        self.message = descriptor.message_type
        self.form = display.form_of(key)
        self.is_bool = descriptor.type == FieldDescriptor.TYPE_BOOL
        self.is_int = False
        self.json_type = str
        self.show = self.read = None
        if key in _QUOTED_PRINTABLE:
            self.show, self.read = _to_quoted, _from_quoted
        elif key in schema().text_fields:
            self.show, self.read = _to_text, _from_text
        elif descriptor.type == FieldDescriptor.TYPE_BYTES:
            self.show, self.read = to_base64, from_base64
        elif key in schema().enum_fields:
            names = display.Names(schema().enum_fields[key])
            self.show, self.read = names.show, names.read
            self.json_type = (str, int)
        elif not self.is_bool and self.message is None:
            self.is_int = True

    def value_to_json(self, value, pretty, in_hex, keep_unknown):
        if self.message is not None:
            return _to_dict(value, pretty, in_hex or (pretty and self.form is display.HEX),
                            keep_unknown)
        if self.show:
            return self.show(value)
        if self.is_int and pretty:
            if self.form is not None:
                return self.form.show(value)
            if in_hex:
                return hex(value)
        return value

    def value_from_json(self, value):
        if self.is_bool:
            if not isinstance(value, bool):
                raise ValueError("true or false was expected, not %r" % (value,))
            return value
        if self.read:
            if not isinstance(value, self.json_type):
                raise ValueError("text was expected, not %s" % type(value).__name__)
            return self.read(value)
        return self.form.read(value) if self.form else display.parse_int(value)


_fields = {}


def _fields_of(descriptor):
    plan = _fields.get(descriptor.full_name)
    if plan is None:
        plan = {d.name: _Field(d) for d in descriptor.fields}
        _fields[descriptor.full_name] = plan
    return plan


def _unknown_bytes(message):
    """What is left of a message when everything known is taken out, at this level only."""
    rest = type(message)()
    rest.CopyFrom(message)
    for descriptor, _ in rest.ListFields():
        rest.ClearField(descriptor.name)
    return rest.SerializePartialToString()


def _to_dict(message, pretty, in_hex, keep_unknown):
    fields = _fields_of(message.DESCRIPTOR)
    result = {}
    for descriptor, value in message.ListFields():
        field = fields[descriptor.name]
        if not field.repeated:
            result[field.name] = field.value_to_json(value, pretty, in_hex, keep_unknown)
        elif pretty and getattr(field.form, "repeated", False):
            result[field.name] = field.form.show(value)
        else:
            result[field.name] = [field.value_to_json(v, pretty, in_hex, keep_unknown)
                                  for v in value]
    unknown = _unknown_bytes(message) if keep_unknown else b""
    if unknown:
        result[UNKNOWN] = to_base64(unknown)
    return result


def _has_unknown(message):
    """Whether there is anything unknown at any level; asked once for each record."""
    known = type(message)()
    known.CopyFrom(message)
    known.DiscardUnknownFields()
    return known.ByteSize() != message.ByteSize()


def decode(name, data, pretty=False):
    """The dictionary of a packed message NAME."""
    message = schema().message(name)()
    try:
        used = message.MergeFromString(data)
    except DecodeError:
        used = -1
    if used != len(data):
        raise ImageError("these %d bytes are no %s: corrupt" % (len(data), name))
    missing = message.FindInitializationErrors()
    if missing:
        raise ImageError("%s lacks %s: corrupt" % (name, ", ".join(sorted(missing)[:5])))
    return _to_dict(message, pretty, False, _has_unknown(message))


def encode(name, entry):
    """The packed message NAME of a dictionary, plain or pretty."""
    message = schema().message(name)()
    _from_dict(message, entry)
    missing = message.FindInitializationErrors()
    if missing:
        raise ImageError("%s lacks %s" % (name, ", ".join(sorted(missing)[:5])))
    return message.SerializeToString()


def _from_dict(message, entry):
    if not isinstance(entry, dict):
        raise ImageError("an object was expected, not %s" % type(entry).__name__)
    fields = _fields_of(message.DESCRIPTOR)
    message.SetInParent()
    for name, value in entry.items():
        if name == UNKNOWN:
            continue
        field = fields.get(name)
        if field is None:
            raise ImageError("%s has no field %s" % (message.DESCRIPTOR.name, name))
        try:
            _set_field(message, field, value)
        except ImageError as e:
            raise e.at(name)
        except (ValueError, TypeError) as e:
            raise ImageError(str(e)).at(name)
    if UNKNOWN in entry:
        try:
            message.MergeFromString(from_base64(entry[UNKNOWN]))
        except DecodeError:
            raise ImageError("no packed fields").at(UNKNOWN)


def _set_field(message, field, value):
    if field.repeated and not isinstance(value, list):
        raise ImageError("a list was expected, not %s" % type(value).__name__)
    if field.message is not None:
        inner = getattr(message, field.name)
        if not field.repeated:
            _from_dict(inner, value)
            return
        for i, v in enumerate(value):
            try:
                _from_dict(inner.add(), v)
            except ImageError as e:
                raise e.at(i)
    elif not field.repeated:
        setattr(message, field.name, field.value_from_json(value))
    elif getattr(field.form, "repeated", False):
        getattr(message, field.name).extend(field.form.read(value))
    else:
        getattr(message, field.name).extend(field.value_from_json(v) for v in value)
