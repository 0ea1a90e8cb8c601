# SPDX-License-Identifier: LGPL-2.1-or-later
"""A client of the checkpoint service: one request, one answer, over a SOCK_SEQPACKET socket.

    c = pycriu.criu()
    c.use_binary("criu")
    c.opts.pid = 1234
    c.opts.images_dir_fd = os.open("/var/tmp/ckpt", os.O_DIRECTORY)
    c.dump()
"""
import errno
import os
import socket
import subprocess

from google.protobuf.message import DecodeError

from . import rpc

_ERRORS = {
    errno.EBADRQC: "bad options",
    errno.ESRCH: "no such process",
    errno.EEXIST: "a process with this pid exists already",
}


class CRIUException(Exception):
    """What all exceptions of this module are."""


class CRIUExceptionInternal(CRIUException):
    """The service could not be asked, or did not answer as a service does."""


class CRIUExceptionExternal(CRIUException):
    """The service answered that it failed.

    req_type, resp_type: rpc.criu_req_type values of request and answer
    errno: why, 0 if the service did not say
    """

    def __init__(self, req_type, resp_type, errno=0, message=""):
        self.req_type = req_type
        self.resp_type = resp_type
        self.errno = errno
        text = "%s failed" % rpc.criu_req_type.Name(req_type)
        if req_type != resp_type:
            text += ": answer of type %s" % rpc.criu_req_type.Name(resp_type)
        if errno:
            text += ": %s (%d)" % (_ERRORS.get(errno) or os.strerror(errno), errno)
        super().__init__("%s: %s" % (text, message) if message else text)


class _Connection:
    """A connected socket, and how to get rid of it."""

    def __init__(self, sock, child=None):
        self.sock = sock
        self.child = child

    def send(self, request):
        try:
            self.sock.send(request.SerializeToString())
        except OSError as e:
            raise CRIUExceptionInternal("cannot send to the service: %s" % e.strerror)

    def receive(self):
        try:
            # the size of the packet, then the packet
            size = self.sock.recv_into(bytearray(1), 1, socket.MSG_PEEK | socket.MSG_TRUNC)
            data = self.sock.recv(size) if size else b""
        except OSError as e:
            raise CRIUExceptionInternal("cannot read from the service: %s" % e.strerror)
        if not data:
            raise CRIUExceptionInternal("the service closed the connection without an answer")
        response = rpc.criu_resp()
        try:
            response.ParseFromString(data)
        except DecodeError:
            raise CRIUExceptionInternal("the service's answer is no criu_resp")
        return response

    def close(self):
        self.sock.close()
        if self.child:
            self.child.wait()


class criu:     # noqa: N801  (the name that callers use)
    """The service, by one of three ways, and the options of the next request in opts.

    notify: called with (script, pid) at each step, when opts.notify_scripts is set; false fails
    the step.
    progress: called with a criu_progress message about every progress_ms milliseconds of a run.
    """

    def __init__(self):
        self.opts = rpc.criu_opts()
        self.notify = None
        self.progress = None
        self.progress_ms = 250
        self._kept = None
        self.use_binary("criu")

    def use_sk(self, path):
        """Connect to the service that listens at PATH."""
        def connect():
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            try:
                sock.connect(path)
            except OSError as e:
                sock.close()
                raise CRIUExceptionInternal("%s: %s" % (path, e.strerror))
            return _Connection(sock)
        self._connect = connect

    def use_fd(self, fd):
        """Talk on FD, a connected socket; it stays open and the caller's."""
        def connect():
            try:
                return _Connection(socket.socket(fileno=os.dup(fd)))
            except OSError as e:
                raise CRIUExceptionInternal("descriptor %d: %s" % (fd, e.strerror))
        self._connect = connect

    def use_binary(self, name):
        """Start NAME (found in PATH) for each request.

        It is our child, so to dump the caller itself use_sk() is the way.
        """
        def connect():
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                try:
                    child = subprocess.Popen([name, "swrk", str(theirs.fileno())],
                                             pass_fds=[theirs.fileno()])
                except OSError as e:
                    ours.close()
                    raise CRIUExceptionInternal("%s: %s" % (name, e.strerror))
            return _Connection(ours, child)
        self._connect = connect

    def check(self):
        """Can this machine checkpoint and restore?"""
        self._ask(rpc.CHECK)

    def dump(self):
        """Dump opts.pid, or the caller itself; the answer has restored set in a caller restored."""
        return self._ask(rpc.DUMP).dump

    def pre_dump(self):
        """Save the memory of opts.pid and let it run on."""
        self._ask(rpc.SINGLE_PRE_DUMP)

    def restore(self):
        """Restore opts.images_dir_fd; the answer has the pid of the root task."""
        return self._ask(rpc.RESTORE).restore

    def page_server_chld(self):
        """Start a page server; the answer has its pid and port. wait_pid() ends the connection."""
        return self._ask(rpc.PAGE_SERVER_CHLD, answer=rpc.PAGE_SERVER, keep=True).ps

    def wait_pid(self, pid):
        """The wait status of a page server that page_server_chld() started."""
        return self._ask(rpc.WAIT_PID, pid=pid).status

    def get_version(self):
        """The version message of the service."""
        return self._ask(rpc.VERSION).version

    def _ask(self, kind, answer=None, keep=False, pid=None):
        request = rpc.criu_req(type=kind)
        if pid is not None:
            request.pid = pid
        elif kind != rpc.VERSION:
            request.opts.CopyFrom(self.opts)
            if not request.opts.HasField("images_dir_fd"):
                request.opts.images_dir_fd = -1
        if self.progress:
            request.progress_ms = self.progress_ms
        if keep:
            request.keep_open = True
        connection, self._kept = self._kept or self._connect(), None
        try:
            response = self._exchange(connection, request)
            if response.type != (answer or kind) or not response.success:
                raise CRIUExceptionExternal(kind, response.type, response.cr_errno,
                                            response.cr_errmsg)
            if keep:
                self._kept = connection
        finally:
            if self._kept is not connection:
                connection.close()
        return response

    def _exchange(self, connection, request):
        connection.send(request)
        while True:
            response = connection.receive()
            if response.HasField("progress"):
                if self.progress:
                    self.progress(response.progress)
                continue
            if response.type != rpc.NOTIFY:
                return response
            note = response.notify
            good = self.notify(note.script, note.pid) if self.notify else True
            connection.send(rpc.criu_req(type=rpc.NOTIFY, notify_success=bool(good)))
