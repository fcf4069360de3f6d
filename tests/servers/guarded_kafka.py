"""An Apache Kafka that asks for a login and grants rights by ACLs, in the state in which an operator hands it over."""

import subprocess
from pathlib import Path

from confluent_kafka.admin import AclBinding, AclOperation, AclPermissionType, AdminClient, ResourcePatternType, ResourceType

from streams.contract.settings import KafkaSettings, Secret
from streams.kafka.brokers import ensure_topics
from streams.kafka.clients import librdkafka
from tests.servers.certificates import Authority
from tests.servers.kafka import JarKafka
from tests.support.stand_ins import free_port

ADMIN, READER = "admin", "reader"
PASSWORD = "a long passphrase"

LISTENERS = {
    "LOGIN": "SASL_PLAINTEXT",
    "TLS": "SASL_SSL",
    "MUTUAL": "SSL",
    "EXPIRED": "SSL",
    "ELSEWHERE": "SSL",
}
"""Listeners and their protocols. MUTUAL asks for the client's certificate; that of EXPIRED is old, that of ELSEWHERE names another host."""

CERTIFICATES = {"TLS": "broker", "MUTUAL": "broker", "EXPIRED": "expired", "ELSEWHERE": "elsewhere"}

LOGIN = """
inter.broker.listener.name=LOGIN
sasl.enabled.mechanisms=SCRAM-SHA-256,PLAIN,OAUTHBEARER
sasl.mechanism.inter.broker.protocol=SCRAM-SHA-256
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:admin;User:ANONYMOUS
ssl.principal.mapping.rules=RULE:^CN=([^,]+).*$/$1/
"""
MECHANISMS = """
listener.name.{name}.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required \\
  username="admin" password="{password}";
listener.name.{name}.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \\
  user_admin="{password}" user_reader="{password}" user_shelfcast-consume="{password}";
listener.name.{name}.oauthbearer.sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required \\
  unsecuredLoginStringClaim_sub="admin";
"""
TLS = """
listener.name.{name}.ssl.keystore.type=PEM
listener.name.{name}.ssl.keystore.location={keys}
listener.name.{name}.ssl.truststore.type=PEM
listener.name.{name}.ssl.truststore.location={authority}
listener.name.{name}.ssl.client.auth={asked}
"""


class GuardedKafka(JarKafka):
    """Users `admin`, who may do all, and `reader`, who may do what `grant` gives."""

    name = "Apache Kafka 4.1 with logins, TLS and ACLs"

    def __init__(self, directory: Path) -> None:
        self.authority = Authority(directory / "authority")
        self.foreign = Authority(directory / "foreign")
        self.authority.sign("broker", hosts="IP:127.0.0.1,DNS:localhost")
        self.authority.sign("expired", hosts="IP:127.0.0.1", expired=True)
        self.authority.sign("elsewhere", hosts="DNS:kafka.example")
        self._ports = {name: free_port() for name in LISTENERS}
        super().__init__(directory)

    @property
    def settings(self) -> KafkaSettings:
        return self.as_user(ADMIN)

    def at(self, listener: str) -> str:
        """The address of a listener."""
        return f"127.0.0.1:{self._ports[listener]}"

    def as_user(self, name: str, password: str = PASSWORD) -> KafkaSettings:
        return KafkaSettings(self.address, "SASL_PLAINTEXT", "SCRAM-SHA-256", name, Secret(password))

    def environment(self, name: str, password: str = PASSWORD) -> dict[str, str]:
        """The same for a command."""
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.address,
            "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
            "KAFKA_USERNAME": name,
            "KAFKA_PASSWORD": password,
        }

    def grant(self, *operations: AclOperation, kind: ResourceType = ResourceType.TOPIC) -> None:
        """Give the reader rights on everything of a kind."""
        self.allow(
            AclBinding(kind, "*", ResourcePatternType.LITERAL, f"User:{READER}", "*", operation, AclPermissionType.ALLOW)
            for operation in operations
        )

    def allow(self, rules) -> None:
        """Make access control entries."""
        admin = AdminClient(librdkafka(self.settings))  # lives until all is answered
        for future in admin.create_acls(list(rules)).values():
            future.result()

    def make_topics(self, partitions: int = 4) -> None:
        ensure_topics(self.settings, partitions, 1)

    def _java(self, *arguments: str) -> "subprocess.Popen[bytes]":
        if "format" in arguments:
            self._guard(self._properties)
            for user in (ADMIN, READER):
                arguments = (*arguments, "-S", f"SCRAM-SHA-256=[name={user},password={PASSWORD}]")
        return super()._java(*arguments)

    def _guard(self, properties: Path) -> None:
        """The plain broker's properties, with guarded listeners in place of the open one."""
        self._ports["LOGIN"] = int(self.address.rpartition(":")[2])
        lines = properties.read_text().splitlines()
        controller = next(line for line in lines if line.startswith("controller.quorum")).rpartition("@")[2]
        kept = [line for line in lines if not line.startswith(("listeners=", "advertised.", "inter.broker"))]
        ours = [f"{name}://{self.at(name)}" for name in LISTENERS]
        protocols = [f"{name}:{protocol}" for name, protocol in LISTENERS.items()]
        kept += [
            f"listeners={','.join([*ours, f'CONTROLLER://{controller}'])}",
            f"advertised.listeners={','.join(ours)}",
            f"listener.security.protocol.map={','.join(['CONTROLLER:PLAINTEXT', *protocols])}",
        ]
        text = "\n".join(kept) + LOGIN
        for name, protocol in LISTENERS.items():
            if protocol.startswith("SASL"):
                text += MECHANISMS.format(name=name.lower(), password=PASSWORD)
            if name in CERTIFICATES:
                keys = self.authority.file.with_name(f"{CERTIFICATES[name]}.both.pem")
                asked = "required" if name == "MUTUAL" else "none"
                text += TLS.format(name=name.lower(), keys=keys, authority=self.authority.file, asked=asked)
        properties.write_text(text)
