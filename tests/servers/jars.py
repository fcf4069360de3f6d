"""Apache Kafka's published jars, fetched once with Maven into build/kafka-lib."""

import functools
import re
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
POM = ROOT / "tests" / "integration" / "kafka" / "pom.xml"
LIB = ROOT / "build" / "kafka-lib"


class MissingError(Exception):
    """Why something cannot be had here."""


@functools.cache
def java() -> str:
    """The program. Raises MissingError when there is none, or one older than Kafka needs."""
    program = shutil.which("java")
    if program is None:
        raise MissingError("no Java")
    told = subprocess.run([program, "-version"], capture_output=True, text=True, timeout=60, check=False).stderr
    found = re.search(r'version "(\d+)', told)
    if found is None or int(found[1]) < 17:
        raise MissingError(f"Java is {found[1] if found else 'unknown'}, Kafka 4 needs 17")
    return program


@functools.cache
def jars() -> Path:
    """The directory of the jars. Raises MissingError."""
    complete = LIB / "complete"
    if complete.exists() and complete.read_text() == POM.read_text():
        return LIB
    maven = shutil.which("mvn")
    if maven is None:
        raise MissingError("no Maven to fetch Apache Kafka with")
    command = [maven, "-q", "-B", "-f", str(POM), "dependency:copy-dependencies", f"-DoutputDirectory={LIB}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    except subprocess.TimeoutExpired:
        raise MissingError("Maven did not fetch Apache Kafka in 240 s") from None
    if done.returncode:
        raise MissingError(f"Maven cannot fetch Apache Kafka: {(done.stdout or done.stderr).strip()[:200]}")
    complete.write_text(POM.read_text())
    return LIB
