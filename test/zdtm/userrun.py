# SPDX-License-Identifier: GPL-2.0-or-later
"""The flavor user: an ordinary user's program, and the tool run by that user with CAP_CHECKPOINT_RESTORE alone."""
import os
import shutil

import run

USER = 12345


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
