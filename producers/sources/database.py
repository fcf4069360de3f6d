"""The rows of a database query, streamed by the server through SQLAlchemy."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import sqlalchemy
import xxhash
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from producers.sources.rows import Column, Rows
from streams.contract.errors import ServerError, UsageError
from streams.contract.settings import Secret

ROWS_AT_ONCE: Final = 20_000


@dataclass(frozen=True, slots=True)
class Query:
    """A query of a database. Give it an ORDER BY the time of the sales: a stopped replay is resumed by counting rows."""

    url: Secret
    sql: str

    @property
    def name(self) -> str:
        """The database, without user and password."""
        return self._engine().url.render_as_string(hide_password=True)

    @property
    def fingerprint(self) -> str:
        """Of the database and the query; not of the rows, which stay on the server."""
        return xxhash.xxh3_64_hexdigest(f"{self.url.reveal()}\n{self.sql}".encode())

    @property
    def once(self) -> bool:
        """Reading twice would run the query twice."""
        return True

    def count(self) -> int | None:
        """Not known: counting would run the query twice."""
        return None

    def read(self) -> Iterator[Rows]:
        """Rows by 20,000. Raises UsageError when the query is wrong, ServerError when the database does not answer."""
        engine = self._engine()
        number = 1
        try:
            with engine.connect().execution_options(stream_results=True, yield_per=ROWS_AT_ONCE) as connection:
                result = connection.execute(sqlalchemy.text(self.sql))
                names = [str(name) for name in result.keys()]  # noqa: SIM118 - a result is no mapping
                for batch in result.partitions(ROWS_AT_ONCE):
                    columns: dict[str, Column] = dict(zip(names, map(list, zip(*batch, strict=True)), strict=True))
                    yield Rows(range(number, number + len(batch)), columns)
                    number += len(batch)
        except sqlalchemy.exc.ProgrammingError as error:
            raise UsageError(f"The database refused the query: {error.orig}. Correct --query.") from None
        except SQLAlchemyError as error:
            raise ServerError(f"The database {self.name} did not give the rows: {getattr(error, 'orig', None) or error}.") from None
        finally:
            engine.dispose()

    def _engine(self) -> sqlalchemy.Engine:
        try:
            return sqlalchemy.create_engine(self.url.reveal())
        except NoSuchModuleError as error:
            raise UsageError(f"--database names a kind of database that SQLAlchemy does not know: {error}.") from None
        except ArgumentError:
            raise UsageError("--database is no database URL: write one as in postgresql://user@host/shop or sqlite:///shop.db.") from None
        except ModuleNotFoundError as error:
            raise UsageError(f"The driver for --database is not installed: {error.name}. Install it into the same environment.") from None
