# SPDX-License-Identifier: LGPL-2.1-or-later
"""The message classes, made from the descriptors that protoc compiled from images/*.proto.

Images are foreign input and must survive decode and encode unchanged, so the classes see a field
as the wire does: a string (a file name, a command name) is any bytes, an enum is any number. Their
names come back in convert.py. The classes with text strings and real enums, for those who talk to
the service and not to images, are in pycriu.rpc.
"""
import os

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_DESCRIPTORS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "images.desc")
_F = descriptor_pb2.FieldDescriptorProto


class Schema:
    """Message classes by name, and what the wire view of a field has forgotten."""

    def __init__(self, path=_DESCRIPTORS):
        self.text_fields = set()        # "message.field" of every string
        self.enum_fields = {}           # "message.field" -> {number: name}
        self._classes = {}
        files = descriptor_pb2.FileDescriptorSet()
        with open(path, "rb") as f:
            files.ParseFromString(f.read())
        enums = {}
        for file in files.file:
            _collect_enums(file.package, file.enum_type, file.message_type, enums)
        self._pool = descriptor_pool.DescriptorPool()
        for file in files.file:
            for message in file.message_type:
                self._to_wire(message, "", enums)
            self._pool.AddSerializedFile(file.SerializeToString())

    def _to_wire(self, message, scope, enums):
        name = scope + message.name
        for field in message.field:
            key = name + "." + field.name
            if field.type == _F.TYPE_STRING:
                self.text_fields.add(key)
                field.type = _F.TYPE_BYTES
            elif field.type == _F.TYPE_ENUM:
                self.enum_fields[key] = enums[field.type_name]
                field.type = _F.TYPE_INT32
                field.ClearField("type_name")
            # Only what is present is shown and written, so a default would have no reader.
            field.ClearField("default_value")
        for inner in message.nested_type:
            self._to_wire(inner, name + ".", enums)

    def message(self, name):
        """The class of the message NAME; KeyError when the schema has none."""
        cls = self._classes.get(name)
        if cls is None:
            descriptor = self._pool.FindMessageTypeByName(name)
            if hasattr(message_factory, "GetMessageClass"):
                cls = message_factory.GetMessageClass(descriptor)
            else:       # protobuf before 4.22, such as Debian 12's
                cls = message_factory.MessageFactory(self._pool).GetPrototype(descriptor)
            self._classes[name] = cls
        return cls


def _collect_enums(scope, enum_types, messages, ret_enums):
    for enum in enum_types:
        ret_enums[scope + "." + enum.name] = {v.number: v.name for v in enum.value}
    for message in messages:
        _collect_enums(scope + "." + message.name, message.enum_type, message.nested_type,
                       ret_enums)


_schema = None


def schema():
    """The one schema of this package, read when first asked for."""
    global _schema
    if _schema is None:
        _schema = Schema()
    return _schema
