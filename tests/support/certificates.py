"""Certificates for tests, made by openssl."""

import ssl
import subprocess
from pathlib import Path


def new_pair(folder: Path, name: str) -> None:
    """Make a certificate for localhost that signs itself, and its key."""
    openssl(
        *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"),
        *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
        *("-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem"),
    )


def openssl(*arguments: str | Path) -> None:
    """Run openssl."""
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=60)


def trusting(certificate: Path) -> ssl.SSLContext:
    """A client's context that trusts one certificate."""
    return ssl.create_default_context(cafile=str(certificate))
