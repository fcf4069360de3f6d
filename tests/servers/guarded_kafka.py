"""An Apache Kafka that asks for a login and grants rights by ACLs, in the state in which an operator hands it over."""

import subprocess
from pathlib import Path

from confluent_kafka.admin import AclBinding, AclOperation, AclPermissionType, AdminClient, ResourcePatternType, ResourceType

from streams.contract.settings import KafkaSettings, Secret
from streams.kafka.brokers import ensure_topics
from streams.kafka.clients import librdkafka
from tests.servers.kafka import JarKafka

ADMIN, READER = "admin", "reader"
PASSWORD = "a long passphrase"

LOGIN = """
listeners=SASL_PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=SASL_PLAINTEXT://127.0.0.1:{port}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT
inter.broker.listener.name=SASL_PLAINTEXT
sasl.enabled.mechanisms=SCRAM-SHA-256
sasl.mechanism.inter.broker.protocol=SCRAM-SHA-256
listener.name.sasl_plaintext.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required \\
  username="admin" password="{password}";
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:admin;User:ANONYMOUS
"""


class GuardedKafka(JarKafka):
    """Users `admin`, who may do all, and `reader`, who may do what `grant` gives."""

    name = "Apache Kafka 4.1 with logins and ACLs"

    @property
    def settings(self) -> KafkaSettings:
        return self.as_user(ADMIN)

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
        rules = [
            AclBinding(kind, "*", ResourcePatternType.LITERAL, f"User:{READER}", "*", operation, AclPermissionType.ALLOW)
            for operation in operations
        ]
        admin = AdminClient(librdkafka(self.settings))  # lives until all is answered
        for future in admin.create_acls(rules).values():
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
        """The plain broker's properties, with a login in place of the open listener."""
        lines = properties.read_text().splitlines()
        port = self.address.rpartition(":")[2]
        controller = next(line for line in lines if line.startswith("controller.quorum")).rpartition(":")[2]
        kept = [line for line in lines if not line.startswith(("listeners=", "advertised.", "inter.broker"))]
        properties.write_text("\n".join(kept) + LOGIN.format(port=port, controller=controller, password=PASSWORD))
