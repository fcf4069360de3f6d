"""Why a TLS connection to Kafka fails: a handshake of our own, as librdkafka does not tell an expired certificate from a foreign one."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING, Final

from streams.contract.certificates import context_of

if TYPE_CHECKING:
    from streams.contract.settings import KafkaSettings

Told = tuple[str, str]
"""What is wrong, and what to do about it."""

_CONNECT_SECONDS: Final = 3.0
_ALERT_SECONDS: Final = 1.0
"""In TLS 1.3 a server that does not take our certificate says so after the handshake, as the first thing to be read."""

_VERDICTS: Final[dict[int, Told]] = {
    9: ("its certificate is not valid yet", "check the clocks of this machine and of the one that made the certificate"),
    10: ("its certificate has expired", "renew the broker's certificate"),
    62: ("its certificate is for another host name", "use a host of the certificate in KAFKA_BOOTSTRAP_SERVERS and advertised.listeners"),
    64: ("its certificate is for another host name", "use a host of the certificate in KAFKA_BOOTSTRAP_SERVERS and advertised.listeners"),
} | dict.fromkeys(
    (2, 18, 19, 20, 21),
    ("its certificate is signed by another authority", "set KAFKA_CA_FILE to the authority that signed the broker's certificate"),
)
"""By OpenSSL's verify codes (X509_V_ERR_...)."""

_EXPIRED: Final = 10
_ROUNDS: Final = 4
"""A handshake takes two."""

_NO_TLS: Final = ("the listener does not talk TLS", "check KAFKA_SECURITY_PROTOCOL and the port in KAFKA_BOOTSTRAP_SERVERS")
_ASKS: Final = ("it asks for a certificate of ours", "set KAFKA_CERTIFICATE_FILE and KAFKA_KEY_FILE")
_OURS_EXPIRED: Final = ("our certificate has expired", "renew the one of KAFKA_CERTIFICATE_FILE")
_OURS_REFUSED: Final = (
    "it does not take our certificate",
    "check that the one of KAFKA_CERTIFICATE_FILE is valid today and signed by an authority that Kafka trusts",
)


def tls_trouble(kafka: KafkaSettings) -> Told | None:
    """What is wrong with TLS at the first broker that can be reached; None where nothing is, or none can be reached."""
    if not kafka.encrypted:
        return None
    try:
        context = context_of(kafka.ca_file, kafka.certificate_file, kafka.key_file, kafka.key_password.reveal())
    except (OSError, ValueError):
        return ("the files for TLS cannot be used", "check KAFKA_CA_FILE, KAFKA_CERTIFICATE_FILE and KAFKA_KEY_FILE")
    for server in kafka.bootstrap_servers.split(","):
        host, _, port = server.strip().rpartition(":")
        host = host.strip("[]")
        try:
            with socket.create_connection((host, int(port)), timeout=_CONNECT_SECONDS) as plain:
                told = _shaken(plain, context, host, shown=bool(kafka.certificate_file))
                return _OURS_EXPIRED if told == _OURS_REFUSED and own_has_expired(kafka) else told
        except OSError:
            continue
    return None


def _shaken(plain: socket.socket, context: ssl.SSLContext, host: str, *, shown: bool) -> Told | None:
    try:
        with context.wrap_socket(plain, server_hostname=host) as secure:
            secure.settimeout(_ALERT_SECONDS)
            secure.recv(1)
    except ssl.SSLCertVerificationError as error:
        return _VERDICTS.get(error.verify_code, (f"its certificate is not accepted, {error.verify_message}", "check KAFKA_CA_FILE"))
    except ssl.SSLEOFError:
        return _NO_TLS
    except ssl.SSLError as error:
        return told_by_alert(error.reason or "", shown=shown)
    except OSError:  # silence is what a broker does that is content
        return None
    return None


def told_by_alert(reason: str, *, shown: bool) -> Told | None:
    """What OpenSSL's name of an error means. shown: whether we have shown a certificate of ours."""
    if "WRONG_VERSION" in reason or "RECORD_LAYER" in reason or "HTTP_REQUEST" in reason:
        return _NO_TLS
    if "ALERT" not in reason:
        return None
    if not shown:
        return _ASKS if "CERT" in reason or "HANDSHAKE_FAILURE" in reason else None
    return _OURS_EXPIRED if "CERTIFICATE_EXPIRED" in reason else _OURS_REFUSED


def own_has_expired(kafka: KafkaSettings) -> bool:
    """Whether our certificate is out of date. Java's TLS does not say so; OpenSSL does, in a handshake with ourselves in memory."""
    ours = (kafka.certificate_file, kafka.key_file, kafka.key_password.reveal)
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    server.verify_mode = ssl.CERT_REQUIRED
    server.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # whoever signed it is not the question
    server.load_verify_locations(kafka.certificate_file)
    for context in (server, client):
        context.load_cert_chain(*ours)
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (client.wrap_bio(back, there), server.wrap_bio(there, back, server_side=True))
    for _ in range(_ROUNDS):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLCertVerificationError as error:
                return error.verify_code == _EXPIRED
            except ssl.SSLError:
                return False
    return False
