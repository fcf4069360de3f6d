"""A token server of OAuth 2.0's client credentials; its tokens are unsigned, as a Kafka without a validator of its own takes them."""

import base64
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, unquote


def unsigned(subject, seconds=300.0):
    """A JSON web token that nobody has signed."""
    now = time.time()
    parts = ({"alg": "none"}, {"sub": subject, "iat": now, "exp": now + seconds})
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts) + "."


class TokenServer:
    """Gives a token for the client's own name to whoever shows the secret."""

    def __init__(self, secret, answer=None):
        self.asked = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                form = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
                user, shown = map(unquote, base64.b64decode(self.headers["authorization"].split()[1]).decode().split(":"))
                server.asked.append((user, form))
                status, body = (200, {"access_token": unsigned(user), "expires_in": 300}) if shown == secret else (401, {})
                if answer is not None:
                    status, body = answer
                text = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("content-length", str(len(text)))
                if status == 302:
                    self.send_header("location", "http://127.0.0.1:1/elsewhere")
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/token"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()
