"""The PEM files that TLS needs, checked before a connection is made: what is wrong is said by the variable that names the file."""

import ssl
from pathlib import Path

from streams.contract.errors import SettingsError


def check_files(authority: str, certificate: str, key: str, password: str) -> None:
    """Raise SettingsError unless TLS can use the files of KAFKA_CA_FILE, KAFKA_CERTIFICATE_FILE and KAFKA_KEY_FILE that are named."""
    if authority:
        _check_authority(authority)
    if bool(certificate) != bool(key):
        there, missing = ("KAFKA_CERTIFICATE_FILE", "KAFKA_KEY_FILE") if certificate else ("KAFKA_KEY_FILE", "KAFKA_CERTIFICATE_FILE")
        raise SettingsError(f"{there} is set and {missing} is not: a certificate and its key belong together.")
    if password and not key:
        raise SettingsError("KAFKA_KEY_PASSWORD is set and KAFKA_KEY_FILE is not: set both, or neither.")
    if certificate:
        _check_readable("KAFKA_CERTIFICATE_FILE", certificate)
        _check_readable("KAFKA_KEY_FILE", key)
        _check_pair(certificate, key, password)


def context_of(authority: str, certificate: str, key: str, password: str) -> ssl.SSLContext:
    """How Python talks TLS with these files: it checks the server's certificate and name, and shows ours if there is one."""
    context = ssl.create_default_context(cafile=authority or None)
    if certificate:
        context.load_cert_chain(certificate, key, lambda: password)
    return context


def _check_authority(file: str) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
    except ssl.SSLError:
        raise SettingsError(f"KAFKA_CA_FILE={file!r} holds no certificate: name a PEM file with -----BEGIN CERTIFICATE-----.") from None
    except OSError as error:
        raise SettingsError(f"KAFKA_CA_FILE={file!r} cannot be read ({error.strerror}): name a PEM file that this user may read.") from None


def _check_readable(variable: str, file: str) -> None:
    try:
        with Path(file).open("rb"):
            pass
    except OSError as error:
        raise SettingsError(f"{variable}={file!r} cannot be read ({error.strerror}): name a PEM file that this user may read.") from None


def _check_pair(certificate: str, key: str, password: str) -> None:
    # The function keeps OpenSSL from asking at the terminal; it is called only where the key has a password.
    asked = False

    def tell() -> str:
        nonlocal asked
        asked = True
        return password

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(certificate, key, tell)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            sentence = (
                f"KAFKA_KEY_FILE={key!r} is not the key of KAFKA_CERTIFICATE_FILE={certificate!r}: name the two that belong together."
            )
        elif asked:
            sentence = f"KAFKA_KEY_FILE={key!r} has a password, and KAFKA_KEY_PASSWORD is not it: set the right one."
        else:
            sentence = (
                f"KAFKA_CERTIFICATE_FILE={certificate!r} and KAFKA_KEY_FILE={key!r} cannot be used: name PEM files with "
                "-----BEGIN CERTIFICATE----- and -----BEGIN PRIVATE KEY-----."
            )
        raise SettingsError(sentence) from None
