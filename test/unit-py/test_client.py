# SPDX-License-Identifier: GPL-2.0-or-later
"""pycriu.criu against a service that says what the test wants."""
import errno
import os
import socket
import tempfile
import threading
import unittest

import pycriu
from pycriu import rpc


class Service(threading.Thread):
    """Answers each packet with the next of the answers given; keeps what was asked."""

    def __init__(self, sock, answers):
        super().__init__(daemon=True)
        self.sock, self.answers, self.asked = sock, answers, []
        self.start()

    def run(self):
        sock = self.sock
        if sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            sock, _ = self.sock.accept()
        for answer in self.answers:
            request = rpc.criu_req()
            request.ParseFromString(sock.recv(1 << 16))
            self.asked.append(request)
            sock.send(answer if isinstance(answer, bytes) else answer.SerializeToString())
        sock.close()


class Client(unittest.TestCase):
    def client(self, *answers):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.addCleanup(ours.close)
        self.addCleanup(lambda: self.service.join(5))
        self.service = Service(theirs, answers)
        self.ours = ours
        client = pycriu.criu()
        client.use_fd(ours.fileno())
        return client

    def test_dump_sends_its_options(self):
        client = self.client(rpc.criu_resp(type=rpc.DUMP, success=True,
                                           dump=rpc.criu_dump_resp(restored=False)))
        client.opts.pid = 77
        client.opts.log_file = "dump.log"
        self.assertFalse(client.dump().restored)
        asked = self.service.asked[0]
        self.assertEqual((asked.type, asked.opts.pid, asked.opts.log_file),
                         (rpc.DUMP, 77, "dump.log"))
        self.assertEqual(asked.opts.images_dir_fd, -1)

    def test_restore_gives_the_pid(self):
        client = self.client(rpc.criu_resp(type=rpc.RESTORE, success=True,
                                           restore=rpc.criu_restore_resp(pid=4711)))
        self.assertEqual(client.restore().pid, 4711)

    def test_failure_has_its_reason(self):
        client = self.client(rpc.criu_resp(type=rpc.RESTORE, success=False,
                                           cr_errno=errno.EEXIST, cr_errmsg="pid 5 is taken"))
        with self.assertRaises(pycriu.CRIUExceptionExternal) as caught:
            client.restore()
        e = caught.exception
        self.assertEqual((e.req_type, e.resp_type, e.errno),
                         (rpc.RESTORE, rpc.RESTORE, errno.EEXIST))
        self.assertIn("pid 5 is taken", str(e))

    def test_answer_of_another_type(self):
        client = self.client(rpc.criu_resp(type=rpc.EMPTY, success=True))
        with self.assertRaises(pycriu.CRIUExceptionExternal) as caught:
            client.check()
        self.assertIn("EMPTY", str(caught.exception))

    def test_steps_are_answered(self):
        def note(name, pid):
            return rpc.criu_resp(type=rpc.NOTIFY, success=True,
                                 notify=rpc.criu_notify(script=name, pid=pid))
        steps = []
        client = self.client(note("pre-dump", 0), note("post-dump", 9),
                             rpc.criu_resp(type=rpc.DUMP, success=True))
        client.notify = lambda script, pid: steps.append((script, pid)) or script != "post-dump"
        client.dump()
        self.assertEqual(steps, [("pre-dump", 0), ("post-dump", 9)])
        self.assertEqual([r.notify_success for r in self.service.asked[1:]], [True, False])

    def test_page_server_keeps_the_connection(self):
        client = self.client(
            rpc.criu_resp(type=rpc.PAGE_SERVER, success=True,
                          ps=rpc.criu_page_server_info(pid=5, port=1234)),
            rpc.criu_resp(type=rpc.WAIT_PID, success=True, status=256))
        ps = client.page_server_chld()
        self.assertEqual((ps.pid, ps.port), (5, 1234))
        self.assertEqual(client.wait_pid(5), 256)
        self.assertTrue(self.service.asked[0].keep_open)
        self.assertEqual(self.service.asked[1].pid, 5)

    def test_no_answer(self):
        client = self.client()
        self.assertRaises(pycriu.CRIUExceptionInternal, client.check)

    def test_nonsense(self):
        client = self.client(b"\xff\xff\xff")
        self.assertRaises(pycriu.CRIUExceptionInternal, client.check)

    def test_listening_socket(self):
        with tempfile.TemporaryDirectory() as d, \
                socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
            path = os.path.join(d, "service")
            client = pycriu.criu()
            client.use_sk(path)
            self.assertRaises(pycriu.CRIUExceptionInternal, client.check)
            listener.bind(path)
            listener.listen(1)
            service = Service(listener, [rpc.criu_resp(type=rpc.CHECK, success=True)])
            client.check()
            service.join(5)
            self.assertEqual(service.asked[0].type, rpc.CHECK)

    def test_binary(self):
        client = pycriu.criu()
        client.use_binary("/no/such/criu")
        with self.assertRaises(pycriu.CRIUException) as caught:
            client.check()
        self.assertIn("/no/such/criu", str(caught.exception))
        client.use_binary("false")
        self.assertRaises(pycriu.CRIUExceptionInternal, client.check)
