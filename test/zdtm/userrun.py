# SPDX-License-Identifier: GPL-2.0-or-later
"""The flavors user and own.

user: an ordinary user's program, and the tool run by that user with CAP_CHECKPOINT_RESTORE alone.
own: the runner, the program and the tool are root of a user namespace that an ordinary user made, with pid and mount namespaces;
the latter two have CAP_CHECKPOINT_RESTORE there, and nobody has anything outside.
"""
import os
import shutil
import subprocess
import sys

import run

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SHOWN_AT = "/mnt"
USER = 12345
CAPS = "-all,+checkpoint_restore"


class UserRun(run.Run):
    def __init__(self, test, opts):
        super().__init__(test, opts)
        for path in (self.dir, self.work, self.path("verdict")):
            os.chown(path, USER, USER)
        # the build may be where that user cannot go
        self.here = {path: shutil.copy(path, os.path.join(self.dir, os.path.basename(path)))
                     for path in (opts.criu, *super().command()) if os.path.exists(path)}

    def command(self):
        return [self.here.get(path, path) for path in super().command()]

    def judge_early_end(self):
        try:
            super().judge_early_end()
        except run.Failed as e:
            if any("errno EPERM" in line or "errno EACCES" in line for line in e.args):
                raise run.Skipped("the program itself needs privileges") from None
            raise

    def become_user(self):
        os.setgroups([])
        os.setresgid(USER, USER, USER)
        os.setresuid(USER, USER, USER)

    def new_images(self):
        super().new_images()
        os.chown(self.images, USER, USER)

    def tool(self):
        caps = "+checkpoint_restore"
        return ["/usr/bin/setpriv", "--reuid", str(USER), "--regid", str(USER), "--clear-groups", "--inh-caps", caps,
                "--ambient-caps", caps, self.here[self.opts.criu]]

    def words(self):
        return ["--unprivileged"]


def enter_own_namespaces():
    """Starts the runner again as that root."""
    script, top = os.path.abspath(sys.argv[0]), []
    user = ["/usr/bin/setpriv", "--reuid", str(USER), "--regid", str(USER), "--clear-groups"]
    # A clone in /root is nobody else's to enter: in a mount namespace of the runner's it is shown elsewhere.
    if subprocess.run([*user, "test", "-r", script], check=False).returncode:
        top = ["/usr/bin/unshare", "-m", "/bin/sh", "-c", f'mount --bind "$0" {SHOWN_AT} && exec "$@"', TOP]
        script = script.replace(TOP, SHOWN_AT, 1)
    words = ["/usr/bin/setpriv", "--reuid", str(USER), "--regid", str(USER), "--clear-groups", "--inh-caps=-all", "--bounding-set=-all",
             "/usr/bin/unshare", "-Urpfm", "--mount-proc", "--kill-child", "/usr/bin/python3", script, *sys.argv[1:]]
    os.chdir("/")
    may = subprocess.run([*words[:words.index("/usr/bin/python3")], "true"], stderr=subprocess.PIPE, text=True, check=False)
    if may.returncode:
        print(f"skip  the flavor own: an ordinary user can make no user namespace here: {may.stderr.strip()}\n"
              "0 passed, 0 failed, 1 skipped")
        sys.exit(0)
    words = [*top, *words]
    os.execv(words[0], words)


def is_in_own_namespace():
    with open("/proc/self/uid_map", encoding="ascii") as f:
        return f.read().split() != ["0", "0", "4294967295"]


class OwnRun(run.Run):
    def __init__(self, test, opts):
        super().__init__(test, opts)
        test.ignore.append(r"stat\.exit_code")     # the kernel shows that of a killed zombie or not by who made it
        test.may_refuse = test.may_refuse or r"\[mem\.unreachable\]|seccomp: thread \d+ has seccomp filters"

    def command(self):
        return ["/usr/bin/setpriv", f"--inh-caps={CAPS}", f"--bounding-set={CAPS}", *super().command()]

    def judge_early_end(self):
        try:
            super().judge_early_end()
        except run.Failed as e:
            if any(f"errno {name}" in line for line in e.args for name in ("EPERM", "EACCES", "EINVAL")):
                raise run.Skipped("the program itself needs privileges, or ids that are not mapped") from None
            raise

    def tool(self):
        return ["/usr/bin/setpriv", f"--inh-caps={CAPS}", f"--bounding-set={CAPS}", *super().tool()]

    def words(self):
        return ["--unprivileged"]
