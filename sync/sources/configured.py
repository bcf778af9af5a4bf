"""Which system is asked for the list."""

from datetime import datetime

from radicale_tldops.roster.errors import SettingsError
from radicale_tldops.settings import Settings
from sync.sources.subscribers import SubscriberSource, TextList


def subscriber_source(settings: Settings, now: datetime) -> SubscriberSource | None:
    """Return the source that [subscribers] sets, None where the membership file itself is the list.

    Raises:
        SettingsError: `source` is "file", and there is none.
    """
    subscribers = settings.subscribers
    # What speaks over a network takes a while to import, and most commands do without it.
    if subscribers.kind == "mailman3":
        from sync.sources.mailman3 import Mailman3

        return Mailman3(subscribers.mailman3, now)
    if subscribers.kind == "ldap":
        from sync.sources.ldap_group import LdapGroup

        return LdapGroup(settings.ldap, subscribers.ldap, now)
    if subscribers.kind == "file":
        if subscribers.file is None:
            raise SettingsError('[subscribers] source = "file" needs `file`, the list as a text file.')
        return TextList(subscribers.file, subscribers.format)
    return None
