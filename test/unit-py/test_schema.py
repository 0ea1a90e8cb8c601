# SPDX-License-Identifier: GPL-2.0-or-later
"""images/*.proto against wire.txt: nothing of the format moves unnoticed."""
import os
import re
import unittest

from google.protobuf import descriptor_pb2

import pycriu.images

HERE = os.path.dirname(os.path.abspath(__file__))
OWN = 1000      # fields from this number on are extensions of ours

F = descriptor_pb2.FieldDescriptorProto
LABELS = {F.LABEL_OPTIONAL: "optional", F.LABEL_REQUIRED: "required", F.LABEL_REPEATED: "repeated"}


def read_table():
    messages, enums = {}, {}
    block = None
    with open(os.path.join(HERE, "wire.txt"), encoding="ascii") as f:
        for line in f:
            words = line.split()
            if line.startswith("#"):
                continue
            if not line.startswith("\t"):
                home = messages if words[0] == "message" else enums
                block = home.setdefault(tuple(words[1:]), [])
            else:
                block += words if "=" in words[0] else [" ".join(words)]
    return messages, enums


def type_text(field):
    if not field.type_name:
        return F.Type.Name(field.type)[len("TYPE_"):].lower()
    return field.type_name.split(".")[-1]


def field_text(field):
    text = "%d %s %s %s" % (field.number, LABELS[field.label], type_text(field), field.name)
    if field.HasField("default_value"):
        text += " =" + field.default_value
    if field.options.packed:
        text += " packed"
    return text


def read_schema():
    """The same two dictionaries from what protoc made of images/*.proto."""
    messages, enums = {}, {}
    files = descriptor_pb2.FileDescriptorSet()
    with open(os.path.join(os.path.dirname(pycriu.images.__file__), "images.desc"), "rb") as f:
        files.ParseFromString(f.read())

    def walk(file, scope, message_types, enum_types):
        for enum in enum_types:
            enums[file, scope + enum.name] = ["%s=%d" % (v.name, v.number) for v in enum.value]
        for message in message_types:
            name = scope + message.name
            messages[file, name] = [field_text(f) for f in message.field if f.number < OWN]
            walk(file, name + ".", message.nested_type, message.enum_type)

    for file in files.file:
        walk(file.name, "", file.message_type, file.enum_type)
    return messages, enums


class Wire(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.want_messages, self.want_enums = read_table()
        self.messages, self.enums = read_schema()

    def test_table_is_read(self):
        self.assertEqual(len(self.want_messages[("core.proto", "task_core_entry")]), 19)
        self.assertIn("SERIAL=6", self.want_enums[("tty.proto", "TtyType")])

    def test_every_field_is_as_it_was(self):
        for key, fields in self.want_messages.items():
            with self.subTest(message=key):
                self.assertEqual(sorted(self.messages.get(key, [])), sorted(fields))

    def test_every_enum_is_as_it_was(self):
        for key, values in self.want_enums.items():
            with self.subTest(enum=key):
                self.assertEqual(sorted(self.enums.get(key, [])), sorted(values))

    def test_new_fields_keep_their_distance(self):
        """A message that is not in the table is ours; a file of the table has only known ones."""
        for key, fields in self.messages.items():
            if key not in self.want_messages:
                with self.subTest(message=key):
                    self.assertNotIn(key[1], {name for _, name in self.want_messages},
                                     "a second message of that name")
                    self.assertTrue(all(re.match(r"\d+ ", f) for f in fields))


class Kinds(unittest.TestCase):
    """The two lists of image files, the C one and the Python one."""

    def test_same_magic_and_message(self):
        from pycriu.images.kinds import BY_MAGIC
        top = os.path.dirname(os.path.dirname(HERE))
        with open(os.path.join(top, "criu", "image", "images.def"), encoding="utf-8") as f:
            rows = re.findall(r'^IMAGE\(\w+,\s*"([^"]+)",\s*(0x[0-9a-f]+),\s*(\w+)\)', f.read(), re.M)
        self.assertGreater(len(rows), 10)
        for name, magic, message in rows:
            with self.subTest(file=name):
                self.assertEqual(BY_MAGIC[int(magic, 0)].message, message)
