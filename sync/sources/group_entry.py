"""The entry of a group in a directory: its members, also where Active Directory sends them in parts."""

import re
from collections.abc import Mapping, Sequence

from sync.sources.dn import dn_key
from sync.sources.subscribers import ListError, ListFault

MEMBERS = ("member", "uniqueMember", "memberUid")
"""The attributes with the members of a groupOfNames, a groupOfUniqueNames (RFC 4519) and a posixGroup."""

OF_GROUPS = (*MEMBERS, "memberURL", "rfc822MailMember", "mgrpRFC822MailMember")
"""Attributes that only groups have: members of a group, of a dynamic group, or of a mail server's list."""

_UNIQUE_SUFFIX = re.compile(r"#'[01]*'B$")
"""The optional bit string behind the DN of a uniqueMember (RFC 4517, 3.3.21)."""

_RANGE = re.compile(r";range=([0-9]+)-([0-9]+|\*)")


def next_part(
    attributes: Mapping[str, Sequence[bytes]], name: str, first: int, group: str
) -> tuple[Sequence[bytes], bool]:
    """Return the values of an attribute from number `first` on, and whether they are the last.

    `attributes` are those of an answer, by name in lower case, such as `member;range=0-1499`.

    Raises:
        ListError: the answer does not hold exactly these values.
    """
    found = {option: values for option, values in attributes.items() if option.startswith(f"{name};") and values}
    for option, values in found.items():
        part = _RANGE.fullmatch(option.removeprefix(name))
        last = f"{first + len(values) - 1}"
        if len(found) == 1 and part and int(part[1]) == first and part[2] in ("*", last):
            return values, part[2] == "*"
    raise ListError(
        ListFault.CUT_OFF,
        f"{group}: the directory sent only a part of the members (no {name} from number {first} on). Try again. If it "
        "stays, raise the directory's limit (MaxValRange in Active Directory), or use a smaller group.",
    )


def members(attributes: Mapping[str, Sequence[bytes]]) -> tuple[list[str], list[str]]:
    """Return the DNs and the memberUids of a group, each once, from its attributes by name in lower case."""
    dns = [text(value) for value in attributes.get("member", ())]
    dns += [_UNIQUE_SUFFIX.sub("", text(value)) for value in attributes.get("uniquemember", ())]
    # A groupOfNames needs at least one member, so an empty group may hold an empty DN.
    by_key = {dn_key(dn): dn for dn in dns if dn}
    return list(by_key.values()), list(dict.fromkeys(text(value) for value in attributes.get("memberuid", ())))


def is_group(attributes: Mapping[str, Sequence[bytes]]) -> bool:
    """Whether an entry is a group and not a person, from its attributes by name in lower case.

    The entry of a person may also be a posixGroup without members: some systems give each user a group.
    """
    present = {name.partition(";")[0] for name, values in attributes.items() if values or ";range=" in name}
    classes = {text(value).lower() for value in attributes.get("objectclass", ())}
    is_person = any(name.endswith(("person", "posixaccount")) for name in classes)
    named = any("group" in name for name in classes)
    return (named and not is_person) or not present.isdisjoint(name.lower() for name in OF_GROUPS)


def text(value: bytes) -> str:
    """Return a value of the directory as text.

    Raises:
        ListError: it is not UTF-8.
    """
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        raise ListError(
            ListFault.ANSWER, f"{value!r}: the directory sent this value, which is not UTF-8. Correct the entry."
        ) from None
