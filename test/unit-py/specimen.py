# SPDX-License-Identifier: GPL-2.0-or-later
"""Packed messages with every field set, made without pycriu: a second writer to read from."""
import os

from google.protobuf import descriptor_pb2

import pycriu.images

F = descriptor_pb2.FieldDescriptorProto
_ZIGZAG = (F.TYPE_SINT32, F.TYPE_SINT64)
_SIGNED = (F.TYPE_INT32, F.TYPE_INT64)
_SMALL = (F.TYPE_UINT32, F.TYPE_INT32, F.TYPE_SINT32, F.TYPE_FIXED32)


def varint(value):
    value &= (1 << 64) - 1
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def u32(value):
    return value.to_bytes(4, "little")


def load_messages():
    """{"name": DescriptorProto}, {"enum": [numbers]} of the compiled schema."""
    files = descriptor_pb2.FileDescriptorSet()
    with open(os.path.join(os.path.dirname(pycriu.images.__file__), "images.desc"), "rb") as f:
        files.ParseFromString(f.read())
    messages, enums = {}, {}

    def walk(scope, message_types, enum_types):
        for enum in enum_types:
            enums[scope + enum.name] = [v.number for v in enum.value]
        for message in message_types:
            messages[scope + message.name] = message
            walk(scope + message.name + ".", message.nested_type, message.enum_type)

    for file in files.file:
        walk("", file.message_type, file.enum_type)
    return messages, enums


MESSAGES, ENUMS = load_messages()


class Maker:
    """Deterministic values: SEED varies them, FIXED pins single fields ("message.field": value)."""

    def __init__(self, seed=0, fixed=None, only_required=False):
        self.state = seed * 7919 + 1
        self.fixed = fixed or {}
        self.only_required = only_required

    def number(self, bits):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) & ((1 << 64) - 1)
        mixed = self.state >> 16 | self.state << 48
        return (mixed >> (self.state % bits)) & ((1 << bits) - 1)

    def message(self, name, depth=0):
        out = b""
        for field in sorted(MESSAGES[name].field, key=lambda f: f.number):
            if field.label == F.LABEL_REPEATED:
                count = 0 if self.only_required or depth > 6 else 2
            elif field.label == F.LABEL_REQUIRED:
                count = 1
            else:
                count = 0 if self.only_required else 1
            if field.options.packed:
                out += self.packed(field, count)
                continue
            for _ in range(count):
                out += self.field(name, field, depth)
        return out

    def packed(self, field, count):
        """One run of varints: only our own extensions are written so."""
        data = b"".join(varint(self.scalar(field)) for _ in range(count))
        return varint(field.number << 3 | 2) + varint(len(data)) + data if data else b""

    def field(self, name, field, depth):
        key = name + "." + field.name
        tag = field.number << 3
        if field.type == F.TYPE_MESSAGE:
            data = self.message(field.type_name.lstrip("."), depth + 1)
            return varint(tag | 2) + varint(len(data)) + data
        if field.type in (F.TYPE_STRING, F.TYPE_BYTES):
            data = self.fixed.get(key, self.data())
            return varint(tag | 2) + varint(len(data)) + data
        value = self.fixed.get(key)
        if field.type == F.TYPE_FIXED64:
            return varint(tag | 1) + (value or self.number(64)).to_bytes(8, "little")
        if value is None:
            value = self.scalar(field)
        return varint(tag) + varint(value)

    def data(self):
        """Anything goes into a file name but NUL, also what is no UTF-8."""
        return bytes(1 + self.number(8) % 255 for _ in range(self.number(5)))

    def scalar(self, field):
        if field.type == F.TYPE_BOOL:
            return self.number(8) & 1
        if field.type == F.TYPE_ENUM:
            numbers = ENUMS[field.type_name.lstrip(".")]
            # now and then one that a newer writer may know
            return 77 if self.number(8) % 5 == 0 else numbers[self.number(16) % len(numbers)]
        bits = 32 if field.type in _SMALL else 64
        value = self.number(bits)
        if field.type in _SIGNED and value >> (bits - 1):
            value -= 1 << bits
        return value
