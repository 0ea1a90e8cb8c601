# SPDX-License-Identifier: LGPL-2.1-or-later
"""Print where Python looks for packages below the prefix given."""
import sys
import sysconfig

prefix = sys.argv[1]
if "deb_system" not in sysconfig.get_scheme_names():
    print(sysconfig.get_path("purelib", vars={"base": prefix}))
elif prefix == "/usr":
    print("/usr/lib/python3/dist-packages")
else:
    print("%s/lib/python%d.%d/dist-packages" % (prefix, *sys.version_info[:2]))
