"""Drives Evolution's data server as Evolution itself does: finds, opens, searches and edits a CardDAV book.

A process of its own, because the GObject bindings belong to the system's Python, in a session bus of its own. It reads
requests from standard input, one JSON object a line, and answers each with one on standard output:

    {"do": "open", "url": "http://…/", "user": "…", "password": "…"}  ->  {"books": [{"name": "…", "url": "…"}]}
    {"do": "find", "query": "(contains …)"}                           ->  {"contacts": [{"uid": "…", "name": "…", …}]}
    {"do": "refresh"}                                                 ->  {}
    {"do": "readonly"}                                                ->  {"readonly": true}
    {"do": "rename" or "remove", "uid": "…"}                          ->  {"refused": "…"}, empty if it was done

A failure is answered with {"error": "…"}. With `--check` it ends at once: the bindings that it needs are there.
"""

import json
import sys
import threading
from typing import Any
from urllib.parse import urlsplit

import gi

gi.require_versions({"EBook": "1.2", "EBookContacts": "1.2", "EDataServer": "1.2"})
from gi.repository import EBook, EBookContacts, EDataServer, GLib  # noqa: E402  # after the choice of versions

CONNECT_SECONDS = 20
"""How long to wait for the first connection to the server."""


class Evolution:
    """One CardDAV account in Evolution's data server."""

    def __init__(self) -> None:
        self.registry = EDataServer.SourceRegistry.new_sync(None)
        self.registry.connect("credentials-required", self.enter_password)
        self.credentials = EDataServer.NamedParameters.new()
        self.book: Any = None

    def enter_password(self, _registry: Any, source: Any, *_reason: Any) -> None:
        """Do what the password dialogue does when the user has typed the password."""
        source.invoke_authenticate(self.credentials, None, None)

    def open(self, request: dict[str, str]) -> dict[str, Any]:
        """Look for address books behind the URL of a host and open the first one."""
        self.credentials.set(EDataServer.SOURCE_CREDENTIAL_USERNAME, request["user"])
        self.credentials.set(EDataServer.SOURCE_CREDENTIAL_PASSWORD, request["password"])
        found = EDataServer.webdav_discover_sources_sync(
            account("", request["url"], request["user"]),
            request["url"],
            EDataServer.WebDAVDiscoverSupports.CONTACTS,
            self.credentials,
            None,
        ).out_discovered_sources
        books = [{"name": book.display_name, "url": book.href} for book in found]
        if books:
            source = account(books[0]["name"], books[0]["url"], request["user"])
            self.registry.commit_source_sync(source, None)
            self.book = self.connect(source.get_uid())
        return {"books": books}

    def connect(self, uid: str) -> Any:
        """Return a client of its own for the book of a source."""
        return EBook.BookClient.connect_sync(self.registry.ref_source(uid), CONNECT_SECONDS, None)

    def find(self, request: dict[str, str]) -> dict[str, Any]:
        """Search the book with one of Evolution's own expressions."""
        _, found = self.book.get_contacts_sync(request["query"], None)
        return {"contacts": [described(contact) for contact in found]}

    def refresh(self, _request: dict[str, str]) -> dict[str, Any]:
        """Ask for changes on the server; they arrive later."""
        self.book.refresh_sync(None)
        return {}

    def readonly(self, _request: dict[str, str]) -> dict[str, Any]:
        """Tell whether the data server takes the book for read-only.

        A new client is asked: the one that exists learns of changes only by and by.
        """
        return {"readonly": self.connect(self.book.get_source().get_uid()).is_readonly()}

    def rename(self, request: dict[str, str]) -> dict[str, Any]:
        """Change the name of a contact as the editor does."""
        _, contact = self.book.get_contact_sync(request["uid"], None)
        contact.set_property("full-name", "Mallory Example")
        return attempt(lambda: self.book.modify_contact_sync(contact, 0, None))

    def remove(self, request: dict[str, str]) -> dict[str, Any]:
        """Delete a contact."""
        return attempt(lambda: self.book.remove_contact_by_uid_sync(request["uid"], 0, None))


def account(name: str, url: str, user: str) -> Any:
    """Describe a CardDAV account to the data server."""
    source = EDataServer.Source.new(None, None)
    source.set_display_name(name)
    source.get_extension(EDataServer.SOURCE_EXTENSION_ADDRESS_BOOK).set_backend_name("carddav")
    where = urlsplit(url)
    login = source.get_extension(EDataServer.SOURCE_EXTENSION_AUTHENTICATION)
    login.set_host(where.hostname)
    login.set_port(where.port)
    login.set_user(user)
    login.set_method("plain/password")
    source.get_extension(EDataServer.SOURCE_EXTENSION_WEBDAV_BACKEND).set_resource_path(where.path)
    source.get_extension(EDataServer.SOURCE_EXTENSION_SECURITY).set_secure(where.scheme == "https")
    return source


def described(contact: Any) -> dict[str, Any]:
    """Return what Evolution shows of a contact."""
    fields = EBookContacts.ContactField
    return {
        "uid": contact.get_property("id"),
        "name": contact.get_property("full-name"),
        "nickname": contact.get_property("nickname"),
        "emails": [attribute.get_value() for attribute in contact.get_attributes(fields.EMAIL)],
        "phones": [attribute.get_value() for attribute in contact.get_attributes(fields.TEL)],
    }


def attempt(write: Any) -> dict[str, Any]:
    """Try to change the book; tell why that was refused."""
    try:
        write()
    except GLib.Error as error:
        return {"refused": error.message}
    return {"refused": ""}


def main() -> None:
    """Answer requests until there are no more."""
    # Signals of the data server, the call for a password among them, are delivered by a main loop.
    threading.Thread(target=GLib.MainLoop().run, daemon=True).start()
    evolution = Evolution()
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = getattr(evolution, request["do"])(request)
        except GLib.Error as error:
            answer = {"error": error.message}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__" and "--check" not in sys.argv:
    main()
