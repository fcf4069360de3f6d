"""The rows of a database query, streamed by the server through SQLAlchemy."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

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
        return shown(self.url)

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
        number = 1
        for names, batch in streamed(self.url, self.sql, {}, ROWS_AT_ONCE):
            columns: dict[str, Column] = dict(zip(names, map(list, zip(*batch, strict=True)), strict=True))
            yield Rows(range(number, number + len(batch)), columns)
            number += len(batch)


def streamed(
    url: Secret, sql: str, parameters: Mapping[str, Any], rows_at_once: int
) -> Iterator[tuple[list[str], Sequence[Sequence[Any]]]]:
    """The column names and some rows of a query, again and again, streamed by the server.

    Raises UsageError when the query is wrong, ServerError when the database does not answer.
    """
    engine = engine_of(url)
    try:
        with engine.connect().execution_options(stream_results=True, yield_per=rows_at_once) as connection:
            result = connection.execute(sqlalchemy.text(sql), dict(parameters))
            names = [str(name) for name in result.keys()]  # noqa: SIM118 - a result is no mapping
            for batch in result.partitions(rows_at_once):
                yield names, batch
    except sqlalchemy.exc.ProgrammingError as error:
        raise UsageError(f"The database refused the query: {error.orig}. Correct the query.") from None
    except SQLAlchemyError as error:
        raise ServerError(f"The database {shown(url)} did not give the rows: {getattr(error, 'orig', None) or error}.") from None
    finally:
        engine.dispose()


def shown(url: Secret) -> str:
    """A database's URL without its password."""
    return engine_of(url).url.render_as_string(hide_password=True)


def engine_of(url: Secret) -> sqlalchemy.Engine:
    """The way to a database. Raises UsageError if the URL is none, or its driver is missing."""
    try:
        return sqlalchemy.create_engine(url.reveal())
    except NoSuchModuleError as error:
        raise UsageError(f"--database names a kind of database that SQLAlchemy does not know: {error}.") from None
    except ArgumentError:
        raise UsageError("--database is no database URL: write one as in postgresql://user@host/shop or sqlite:///shop.db.") from None
    except ModuleNotFoundError as error:
        raise UsageError(
            f"The driver for --database is not installed: {error.name}. Install it into the same environment, for PostgreSQL and MySQL by "
            "`pip install shelfcast[databases]`."
        ) from None
