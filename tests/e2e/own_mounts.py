"""File systems that a test mounts for itself."""

import subprocess


def may_mount():
    """Whether this user may mount, and see what he has mounted."""
    probe = "mount -t tmpfs tarsier-test /mnt && umount /mnt"
    return subprocess.run(["unshare", "--mount", "sh", "-c", probe], capture_output=True, check=False).returncode == 0
