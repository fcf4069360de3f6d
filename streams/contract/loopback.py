"""Whether a name or an address is this machine's own."""

import ipaddress


def is_loopback(host: str) -> bool:
    """Whether a host is this machine's own: localhost, 127.0.0.0/8 or ::1, with or without brackets."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
