"""Users and the record of changes in memory."""

from msgspec.structs import replace

from charts.web.people.users import LOCK_SECONDS, WRONG_BEFORE_LOCK, new_session
from streams.contract.settings import Secret


class MemoryRecords:
    def __init__(self, *users):
        self.users = {user.name: user for user in users}
        self.noted = []

    def user(self, name):
        return self.users.get(name)

    def wrong_password(self, name, now):
        user = self.users[name]
        locked = user.wrong + 1 >= WRONG_BEFORE_LOCK
        self.users[name] = replace(user, wrong=0, locked_until=now + LOCK_SECONDS) if locked else replace(user, wrong=user.wrong + 1)

    def right_password(self, name):
        self.users[name] = replace(self.users[name], wrong=0, locked_until=0.0)

    def end_sessions(self, name):
        self.users[name] = replace(self.users[name], session=new_session())

    def session_key(self):
        return Secret("k" * 40)

    def note(self, entry):
        self.noted.append(entry)
