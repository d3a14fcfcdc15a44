"""Packages of npm for a test, from a folder with package.json and package-lock.json, installed once into the build tree."""

import fcntl
import shutil
import subprocess


def install(source, work, *programs):
    """Copies the folder's files and those programs to `work`, and installs what the lock file names, unless that is there already."""
    work.mkdir(parents=True, exist_ok=True)
    with open(work / "installing", "w") as lock:  # two tests may want the same
        fcntl.flock(lock, fcntl.LOCK_EX)
        for name in ("package.json", "package-lock.json", ".npmrc", *programs):
            shutil.copy(source / name, work)
        installed, wanted, stamp = work / "node_modules/.package-lock.json", work / "package-lock.json", work / "installed-lock.json"
        if installed.exists() and stamp.exists() and stamp.read_bytes() == wanted.read_bytes():
            return
        subprocess.run(["npm", "ci", "--no-fund", "--no-audit", "--loglevel=error"], cwd=work, check=True)
        shutil.copy(wanted, stamp)
