"""Certificates for tests: an authority, and what it signs, valid from yesterday until a moment in seconds."""

import datetime
import pathlib
import subprocess
import tempfile

CONFIG = """
[ca]
default_ca = own
[own]
dir = {folder}
database = $dir/index
new_certs_dir = $dir
rand_serial = yes
unique_subject = no
default_md = sha256
policy = any
[any]
commonName = supplied
[req]
distinguished_name = name
prompt = no
[name]
[leaf]
subjectAltName = IP:127.0.0.1, DNS:localhost
"""


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


class Authority:
    def __init__(self):
        self._directory = tempfile.TemporaryDirectory(prefix="tarsier-certificates-")
        self.folder = pathlib.Path(self._directory.name)
        self.certificate = self.folder / "ca.pem"
        self.config = self.folder / "config"
        self.config.write_text(CONFIG.format(folder=self.folder))
        (self.folder / "index").touch()
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=test authority",
                "-keyout", self.folder / "ca.key", "-out", self.certificate)

    def close(self):
        self._directory.cleanup()

    def sign(self, file, name, seconds=3600):
        """Key and chain in one file, put into its place as a whole, good for so many seconds from now."""
        fresh = self.folder / "fresh"
        end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
        begin = end - datetime.timedelta(days=1)
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}", "-keyout", f"{fresh}.key", "-out", f"{fresh}.csr")
        openssl("ca", "-batch", "-notext", "-config", self.config, "-cert", self.certificate, "-keyfile", self.folder / "ca.key", "-extensions", "leaf",
                "-startdate", f"{begin:%Y%m%d%H%M%SZ}", "-enddate", f"{end:%Y%m%d%H%M%SZ}", "-in", f"{fresh}.csr", "-out", f"{fresh}.pem")
        whole = pathlib.Path(f"{file}.new")
        whole.write_text(pathlib.Path(f"{fresh}.key").read_text() + pathlib.Path(f"{fresh}.pem").read_text())
        whole.rename(file)
        return end.timestamp()
