"""Certificates for tests, made with the openssl command: an authority of their own, and one that nobody trusts."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.servers.jars import MissingError

CONFIG = """
[ca]
default_ca=ours
[ours]
database={directory}/index.txt
new_certs_dir={directory}
rand_serial=yes
default_md=sha256
policy=any
unique_subject=no
copy_extensions=copy
[any]
commonName=supplied
[req]
distinguished_name=name
[name]
"""
PAST, SOON, LATE = "20200101000000Z", "20200201000000Z", "20991231000000Z"


@dataclass(frozen=True)
class Certificate:
    """PEM files. both: chain and key in one, as Kafka takes its own."""

    chain: Path
    key: Path
    both: Path


class Authority:
    """A certificate authority in a directory of its own."""

    def __init__(self, directory: Path) -> None:
        if shutil.which("openssl") is None:
            raise MissingError("no openssl to make certificates with")
        directory.mkdir()
        self._directory = directory
        self._config = directory / "openssl.cnf"
        self._config.write_text(CONFIG.format(directory=directory))
        (directory / "index.txt").touch()
        self.file = directory / "authority.pem"
        self._key = directory / "authority.key"
        self._openssl(
            "req", "-x509", *self._new_key(self._key), "-out", str(self.file), "-days", "3650", "-subj", "/CN=authority",
            "-addext", "basicConstraints=critical,CA:TRUE",
        )  # fmt: skip

    def sign(self, name: str, *, hosts: str = "", expired: bool = False) -> Certificate:
        """A certificate for a name. hosts: its subjectAltName."""
        key, request, chain, both = (self._directory / f"{name}.{end}" for end in ("key", "csr", "pem", "both.pem"))
        more = ("-addext", f"subjectAltName={hosts}") if hosts else ()
        self._openssl("req", *self._new_key(key), "-out", str(request), "-subj", f"/CN={name}", *more)
        dates = ("-startdate", PAST, "-enddate", SOON if expired else LATE)
        signing = ("-cert", str(self.file), "-keyfile", str(self._key), "-in", str(request), "-out", str(chain))
        self._openssl("ca", "-batch", "-notext", *dates, *signing)
        both.write_text(chain.read_text() + self.file.read_text() + key.read_text())
        return Certificate(chain, key, both)

    def locked(self, certificate: Certificate, password: str) -> Path:
        """The same key with a password."""
        file = certificate.key.with_suffix(".locked")
        self._openssl("pkcs8", "-topk8", "-in", str(certificate.key), "-out", str(file), "-passout", f"pass:{password}", config=False)
        return file

    def _new_key(self, file: Path) -> list[str]:
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", str(file)]

    def _openssl(self, *arguments: str, config: bool = True) -> None:
        where = ("-config", str(self._config)) if config else ()
        done = subprocess.run(["openssl", arguments[0], *where, *arguments[1:]], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
