"""A network of its own for the test's process and those that it starts: what looks at this machine sees theirs alone."""

import ctypes
import fcntl
import os
import pathlib
import socket
import struct

NEW_USER, NEW_NETWORK = 0x10000000, 0x40000000
SET_FLAGS, UP = 0x8914, 1


def enter():
    """Whether it could be had: as root, or where users may have namespaces. Before the process has threads."""
    unshare = ctypes.CDLL(None, use_errno=True).unshare
    user, group = os.getuid(), os.getgid()
    if unshare(NEW_NETWORK) != 0:
        if unshare(NEW_USER | NEW_NETWORK) != 0:
            return False
        pathlib.Path("/proc/self/setgroups").write_text("deny")
        pathlib.Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        pathlib.Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    with socket.socket() as s:
        fcntl.ioctl(s, SET_FLAGS, struct.pack("16sh22x", b"lo", UP))
    return True
