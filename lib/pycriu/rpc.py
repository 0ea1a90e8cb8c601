# SPDX-License-Identifier: LGPL-2.1-or-later
"""The messages of the service (images/rpc.proto), as protoc compiles them for Python."""
from .rpc_pb2 import *      # noqa: F401,F403
