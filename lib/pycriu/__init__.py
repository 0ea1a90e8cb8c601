# SPDX-License-Identifier: LGPL-2.1-or-later
"""pycriu: the images of a checkpoint, and the service that makes and restores one.

pycriu.images   reading and writing images: load, loads, dump, dumps, info
pycriu.rpc      the messages of the service
pycriu.criu     a client of the service
"""
import importlib

# Found on first use: the client and its messages cost time that a reader of images need not pay.
_HOMES = {
    "criu": "client",
    "CRIUException": "client",
    "CRIUExceptionInternal": "client",
    "CRIUExceptionExternal": "client",
}
_MODULES = ("images", "rpc", "rpc_pb2", "explore")

__all__ = list(_HOMES) + list(_MODULES)


def __getattr__(name):
    if name in _MODULES:
        return importlib.import_module("." + name, __name__)
    if name in _HOMES:
        return getattr(importlib.import_module("." + _HOMES[name], __name__), name)
    raise AttributeError("module %r has no attribute %r" % (__name__, name))
