"""A list in a mail: as it was received, pasted with what stands around it, or the page that shows it."""

import base64
import quopri

import pytest

from radicale_tldops.roster.errors import InputError
from sync.parse import parse
from sync.parse.records import Parsed
from sync.problems import Severity

JANE = "“Jane Doe, #1, .vn, +84 123456789” jane.doe@nic.vn, jane@oarc.net"
JOHN = "“Zoë Roe, #2, .nl, +31 6 12345678” zoe.roe@nic.nl, zoe@oarc.net"
NAMES = ["Jane Doe", "Zoë Roe"]
ENTRIES = f"{JANE}\n{JOHN}\n"


def read(text: str | bytes) -> Parsed:
    """Read a membership file."""
    return parse(text if isinstance(text, bytes) else text.encode(), "members.txt", with_text=True)


def names(parsed: Parsed) -> list[str]:
    """Return the names of the records without an error."""
    return [record.name for record in parsed.records if not record.broken]


def errors(parsed: Parsed) -> list[tuple[int, str]]:
    """Return lines and codes of the errors."""
    problems = [*parsed.problems, *(problem for record in parsed.records for problem in record.problems)]
    return [(found.origin.line, found.code) for found in problems if found.severity is Severity.ERROR]


def skipped(parsed: Parsed) -> list[int]:
    """Return the lines that were left out."""
    return [problem.origin.line for problem in parsed.problems if problem.code == "skipped-line"]


PASTED = f"""From: TLD-OPS <tld-ops@lists.example.org>
Sent: Monday, 2 March 2026 09:30
To: members@lists.example.org
Subject: The repository

Dear all,

here are the members of 2026-03-01. Please look at your entry.

== The list ==
{JANE}
.nl (The Netherlands)
{JOHN}

Kind regards,
Janet
--
Janet Moe, secretariat
Phone +31 26 352 5500, janet@secretariat.example
https://lists.example.org/tld-ops
"""


def test_a_message_pasted_whole() -> None:
    """Headers, greeting, headings and signature are left out, counted and named; line numbers are those of the file."""
    parsed = read(PASTED)
    assert names(parsed) == NAMES
    assert errors(parsed) == []
    assert [record.origin.line for record in parsed.records] == [11, 13]
    assert skipped(parsed) == [1, 2, 3, 4, 6, 8, 10, 12, 15, 16, 17, 18, 19, 20]


@pytest.mark.parametrize(
    "line",
    [
        "Jack Poe, .fr", "Jack Poe #3", "jack@nic.fr is new", "Jack: +33 1 99 00 15 02", "Jack Poe <jack",
        "Jack 0199001502",
        "=?utf-8?b?UsOpZ2lz?=",
        "Traceback (most recent call last):", "ssh: connection timed out", "mailman: could not read the list",
    ],
)  # fmt: skip
def test_what_may_be_an_entry_or_a_failure_is_an_error(line: str) -> None:
    """Wherever it stands, also below a signature where it holds a slot or tells of a failure."""
    assert errors(read(f"Hello,\n{ENTRIES}{line}\n")) != []
    assert errors(read(f"{line}\n{ENTRIES}")) != []


def test_a_part_of_an_entry_is_an_error() -> None:
    """A line break stands in the name, or in the last address."""
    assert [line for line, _ in errors(read(f"Zo\n{JOHN.replace('Zoë', 'ë')}\n"))] == [1]
    assert [line for line, _ in errors(read(f"{JANE[:-2]}\net\n\nKind regards\n"))] == [2]


def test_an_entry_below_a_signature_is_one() -> None:
    """Two messages in one file."""
    parsed = read(f"{JANE}\n-- \nJanet\n{JOHN}\nhalf an entry, #1, .nl\n")
    assert names(parsed) == NAMES
    assert [line for line, _ in errors(parsed)] == [5]


@pytest.mark.parametrize(
    "rest", ["John Doe <john@nic.nl>", "=?utf-8?b?Wm/Dqw==?= =?utf-8?b?IFJvZSwgIzIsIC5ubA==?= <z@nic.nl>"]
)
def test_a_line_like_a_signatures_within_the_list_hides_no_entry(rest: str) -> None:
    """Two hyphens begin no signature where an entry stands below, also one whose slot is encoded."""
    assert skipped(read(f"{JANE}\n-- \n{rest}\n{JOHN}\n")) == [2]


def test_without_leave_every_line_counts() -> None:
    """A list of subscribers that a program wrote holds no text: what is not understood may be a member."""
    parsed = parse(f"Dear all,\n{ENTRIES}".encode(), "list.txt")
    assert errors(parsed) == [(1, "not-understood")]


def test_a_quoted_message() -> None:
    """Where all is quoted it is read; where some is, that may be old."""
    quoted = "".join(f"> > {line}\n" for line in ENTRIES.splitlines())
    assert names(read(f"On Monday Janet wrote:\n>\n{quoted}")) == NAMES
    parsed = read(f"{JANE}\n> {JOHN}\n")
    assert (names(parsed), errors(parsed)) == (NAMES[:1], [(2, "not-understood")])


@pytest.mark.parametrize(
    "address",
    [
        "jane.doe@nic.vn<mailto:Jane.Doe@nic.vn>",
        "[jane.doe@nic.vn](mailto:jane.doe@nic.vn)",
        "[mailto:jane.doe@nic.vn jane.doe@nic.vn]",
        "[[mailto:jane.doe@nic.vn|jane.doe@nic.vn]]",
        "mailto:jane.doe@nic.vn",
    ],
)
def test_an_address_that_is_a_link(address: str) -> None:
    """As mail programs and wikis write it."""
    (record,) = read(f"“Jane Doe, #1, .vn, +84 123456789” {address}\n").records
    assert (record.name, record.listed, record.broken) == ("Jane Doe", ("jane.doe@nic.vn",), False)
    (record,) = read("Jane Doe, #1, .vn, +84 123456789 <mailto:jane.doe@nic.vn>\n").records
    assert record.listed == ("jane.doe@nic.vn",)


@pytest.mark.parametrize(
    "text",
    [
        "ab " * 20_000 + "\n",
        "ab " * 200_000 + "\n",
        "a" * 30_000 + "mailto:" + "b@" * 15_000 + "\n",
        "From: a\nTo: b\n" + "    folded\n" * 10_000,
        "From: a\nTo: b\n" * 10_000 + "no header\n",
        "<" * 30_000 + "mailto:\n",
    ],
)
def test_a_long_line_takes_no_long_time(text: str) -> None:
    """Patterns that try every way to read it would take hours: this test would not end."""
    assert names(read(text + JANE + "\n")) in ([], ["Jane Doe"])


def test_a_link_to_another_address_is_an_error() -> None:
    """Which one is meant is not certain."""
    assert errors(read("“Jane Doe, #1, .vn” jane.doe@nic.vn<mailto:else@nic.vn>\n")) != []


HEADERS = (
    "Received: from mx.example.org\n\tby lists.example.org; Mon, 2 Mar 2026\nFrom: list@example.org\nSubject: members\n"
)


def mail(body: bytes, *headers: str) -> bytes:
    """Return a mail as it is received."""
    return (HEADERS + "".join(f"{header}\n" for header in headers) + "\n").encode() + body


@pytest.mark.parametrize(
    "data",
    [
        mail(ENTRIES.encode()),
        mail(ENTRIES.encode(), "Content-Type: text/plain; charset=utf-8"),
        mail(ENTRIES.encode("cp1252"), "Content-Type: text/plain; charset=windows-1252"),
        mail(
            base64.encodebytes(ENTRIES.encode()),
            *("Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: base64"),
        ),
        mail(
            quopri.encodestring(ENTRIES.encode()),
            *("MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8"),
            "Content-Transfer-Encoding: quoted-printable",
        ),
        b"From list@example.org Mon Mar  2 09:30:00 2026\n" + mail(ENTRIES.encode()),
        mail(ENTRIES.encode()).replace(b"\n", b"\r\n"),
    ],
)
def test_a_mail_as_it_was_received(data: bytes) -> None:
    """In each encoding that a mail has."""
    parsed = read(data)
    assert names(parsed) == NAMES
    assert errors(parsed) == []


def _parts(*parts: tuple[str, str]) -> bytes:
    body = "".join(f"--xx\nContent-Type: {kind}; charset=utf-8\n\n{text}\n" for kind, text in parts) + "--xx--\n"
    return mail(body.encode(), "MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary=xx")


WHO = """The results of your email command are provided below. Attached is your
original message.

- Results:
    Non-digest (regular) members:
        jane.doe@nic.vn (Jane Doe, #1, .vn, +84 123456789)
    Digest members:
        zoe.roe@nic.nl (Zoë Roe, #2, .nl, +31 6 12345678)

- Done.

"""


def test_the_reply_of_mailman_to_who() -> None:
    """As a text, and as the mail with the command attached; also where no other text may be left out."""
    reply = _parts(("text/plain", WHO), ("message/rfc822", "Subject: who\n\nwho secret@word\n"))
    for data in (WHO.encode(), reply):
        parsed = parse(data, "who.txt")
        assert names(parsed) == NAMES
        assert errors(parsed) == []


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (_parts(("text/html", "<p>Jane</p>")), "the mail holds no plain text; copy the list out of it"),
        (mail(b"\xff\xfe", "Content-Type: text/plain; charset=utf-8"), "the text of the mail is not in 'utf-8'"),
        (mail(ENTRIES.encode(), "Content-Type: text/plain; charset=x-no"), "the text of the mail is not in 'x-no'"),
        (
            mail(b"4oCcSm9obiE!!!", "Content-Type: text/plain", "Content-Transfer-Encoding: base64"),
            "the mail is damaged; save it again",
        ),
    ],
)
def test_a_mail_that_is_refused(data: bytes, said: str) -> None:
    """One clear message each."""
    with pytest.raises(InputError, match=said):
        read(data)


def page(*addresses: str, note: str = "", end: str = "</BODY></HTML>") -> bytes:
    """Return the page of a list's members."""
    items = "".join(
        f'<li><a href="../options/tld-ops/{address.replace("@", "--at--")}">{address.replace("@", " at ")}</a>\n'
        for address in addresses
    )
    return (
        f"<!DOCTYPE HTML>\n<HTML><HEAD><TITLE>tld-ops Subscribers</TITLE></HEAD><BODY>\n<B>{len(addresses)} "
        f'Non-digested Members of tld-ops:</B> {note}<ul>{items}</ul><a href="../options/tld-ops">options</a>{end}\n'
    ).encode()


def test_the_roster_page_of_mailman() -> None:
    """The addresses that it shows, as a list of subscribers."""
    parsed = parse(page("jane.doe@nic.vn", "o+x@nic.nl"), "roster.html")
    assert parsed.format == "addresses"
    assert [record.listed for record in parsed.records] == [("jane.doe@nic.vn",), ("o+x@nic.nl",)]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (page("jane.doe@nic.vn", note="<em>(2 private members not shown)</em>"), "does not show all members"),
        (page("jane.doe@nic.vn").replace(b"<B>1 ", b"<B>3 "), "does not show all members of the list"),
        (page("jane.doe@nic.vn", end=""), "the page is cut off; save it again"),
        (page(), "this is a web page"),
    ],
)
def test_a_roster_page_that_is_refused(data: bytes, said: str) -> None:
    """A list that may not be whole is never used."""
    with pytest.raises(InputError, match=said):
        parse(data, "roster.html")
