"""The source of the list of subscribers that the settings name."""

from datetime import datetime

from radicale_tldops.roster.errors import SettingsError
from radicale_tldops.settings import Settings
from sync.sources.subscribers import SubscriberSource, TextList


def subscriber_source(settings: Settings, now: datetime) -> SubscriberSource | None:
    """Return the source that [subscribers] names, or None where the membership file is the list, too.

    Raises:
        SettingsError: `source` is "file", and `file` is not set.
    """
    subscribers = settings.subscribers
    # Imported here: the network libraries take time to import, and most commands do not need them.
    if subscribers.kind == "mailman3":
        from sync.sources.mailman3 import Mailman3

        return Mailman3(subscribers.mailman3, now)
    if subscribers.kind == "ldap":
        from sync.sources.ldap_group import LdapGroup

        return LdapGroup(settings.ldap, subscribers.ldap, now)
    if subscribers.kind == "file":
        if subscribers.file is None:
            raise SettingsError(
                '[subscribers] source = "file" needs `file`: set it to the path of a text file with the list.'
            )
        return TextList(subscribers.file, subscribers.format)
    return None
