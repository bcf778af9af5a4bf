"""`tldops post`: real mail servers get the mail, or nothing at all where they cannot be trusted."""

import re
import socket
from pathlib import Path

import pytest

from sync.post import smtp
from tests.support import World
from tests.support.directory import Certificate, certificate
from tests.support.mail import PASSWORD, USER, MailServer, mail_server
from tests.support.servers import free_port

OPERATOR = "operator@example.org"


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate for this machine, and the CA that signed it."""
    return certificate(tmp_path_factory.mktemp("tls"))


def set_up(world: World, port: int, *lines: str, trusted: Certificate | None = None, **more: str) -> None:
    """Write [mail]."""
    values = {"server": "localhost", "sender": "tld-ops@example.org"} | more
    if trusted is not None:
        (world.folder / "password").write_text(f"{PASSWORD}\n")
        (world.folder / "password").chmod(0o600)
        values |= {"user": USER, "password_file": "password", "ca_file": str(trusted.authority)} | more
    world.configure(
        "\n".join(["[mail]", f"port = {port}", *(f'{key} = "{value}"' for key, value in values.items()), *lines])
    )


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_test_arrives(tldops: World, good: Certificate, security: str) -> None:
    """Encrypted, logged in, from the sender, with the headers that keep programs from answering it."""
    with mail_server(good, tls=security == "tls") as server:
        set_up(tldops, server.port, trusted=good, security=security)
        said = tldops.do("post", "--test", OPERATOR).out
    assert said == f"localhost:{server.port} has taken the mail for {OPERATOR}.\n"
    (mail,), (envelope,) = server.mails, server.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == ("tld-ops@example.org", [OPERATOR])
    assert (mail["From"], mail["To"]) == ("TLD-OPS <tld-ops@example.org>", OPERATOR)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"].datetime.tzinfo
    assert re.fullmatch(r"<[0-9a-f-]{36}@example\.org>", mail["Message-ID"])
    assert mail["Subject"] == f"Test of tldops on {socket.gethostname()}"
    assert "The mail server takes mails for you" in mail.get_content()


def test_the_operator_is_told_of_a_failure(tldops: World) -> None:
    """Which service on which machine, and where the reason stands; every operator gets it. No database is needed."""
    with mail_server() as server:
        set_up(tldops, server.port, f'operator = ["{OPERATOR}", "second@example.org"]', security="none")
        tldops.do("post", "--failed", "tldops-sync.service")
    (mail,), (envelope,) = server.mails, server.envelopes
    assert envelope.rcpt_tos == [OPERATOR, "second@example.org"]
    assert mail["Subject"] == f"tldops-sync.service failed on {socket.gethostname()}"
    assert "journalctl -u tldops-sync.service" in mail.get_content()
    assert not list(tldops.folder.glob("*.sqlite"))


def not_sent(tldops: World, server: MailServer) -> str:
    """Try to send a test; neither the mail nor the password may have left. Return what is said."""
    said = tldops.refused("post", "--test", OPERATOR, code=2)
    assert server.envelopes == []
    assert server.passwords == []
    assert PASSWORD not in said
    return said


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_nothing_goes_to_a_server_that_is_not_trusted(
    tldops: World, good: Certificate, tmp_path: Path, security: str
) -> None:
    """Of another CA, of another name, expired: neither a password nor a mail is sent."""
    other, expired = certificate(tmp_path / "other", "DNS:mail.example.org"), tmp_path / "expired"
    for shown, trusted in ((other, good), (other, other), (late := certificate(expired, expired=True), late)):
        with mail_server(shown, tls=security == "tls") as server:
            set_up(tldops, server.port, trusted=trusted, security=security)
            assert "the certificate is not trusted" in not_sent(tldops, server)


def test_nothing_goes_unencrypted(tldops: World, good: Certificate) -> None:
    """A server without StartTLS, one that speaks TLS from the first byte, and `none` with another machine."""
    with mail_server() as server:
        set_up(tldops, server.port, trusted=good)
        assert "does not offer StartTLS" in not_sent(tldops, server)
        set_up(tldops, server.port, trusted=good, security="tls")
        assert "no connection: " in not_sent(tldops, server)
        set_up(tldops, server.port, server="mail.example.org", security="none")
        assert "unencrypted" in not_sent(tldops, server)


def test_a_wrong_password_is_not_shown(tldops: World, good: Certificate) -> None:
    """The message says that it is wrong."""
    with mail_server(good) as server:
        set_up(tldops, server.port, trusted=good)
        (tldops.folder / "password").write_text("wrong one")
        said = tldops.refused("post", "--test", OPERATOR, code=2)
    assert "does not accept [mail] user and its password (535" in said
    assert "wrong one" not in said
    (tldops.folder / "password").write_text("pässword")
    assert "not ASCII" in tldops.refused("post", "--test", OPERATOR, code=2)
    assert server.envelopes == []


def test_a_recipient_that_is_not_accepted(tldops: World) -> None:
    """The answer of the server is shown; the others get the mail."""
    with mail_server() as server:
        set_up(tldops, server.port, f'operator = ["{OPERATOR}", "gone@example.org"]', security="none")
        server.answers["gone@example.org"] = "550 5.1.1 No such\x1b user"
        said = tldops.refused("post", "--failed", "x.service", code=2)
        assert "the mail is not accepted for gone@example.org: 550 5.1.1 No such" in said
        assert "\x1b" not in said
        assert len(server.envelopes) == 1
        server.answers[OPERATOR] = "451 4.7.1 Later"
        assert f"{OPERATOR}: 451 4.7.1 Later" in tldops.refused("post", "--test", OPERATOR, code=2)


def test_addresses_outside_of_ascii(tldops: World) -> None:
    """A domain goes as A-labels to any server; a local part needs SMTPUTF8, and without it that is said."""
    with mail_server() as server:
        set_up(tldops, server.port, security="none")
        tldops.do("post", "--test", "jane@пример.example")
        tldops.do("post", "--test", "jäne@пример.example")
        assert [each.rcpt_tos for each in server.envelopes] == [
            ["jane@xn--e1afmkfd.example"],
            ["jäne@xn--e1afmkfd.example"],
        ]
        assert server.mails[0]["To"] == "jane@xn--e1afmkfd.example"
    with mail_server(utf8=False) as server:
        set_up(tldops, server.port, security="none")
        tldops.do("post", "--test", "jane@пример.example")
        assert "no SMTPUTF8" in tldops.refused("post", "--test", "jäne@пример.example", code=2)


def test_a_server_that_cannot_be_reached(tldops: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens there, the name does not exist, or the server never answers."""
    set_up(tldops, free_port(), security="none")
    assert "no connection: Connection refused" in tldops.refused("post", "--test", OPERATOR, code=2)
    set_up(tldops, 587, server="mail.invalid")
    assert "mail.invalid:587: no connection" in tldops.refused("post", "--test", OPERATOR, code=2)
    monkeypatch.setattr(smtp, "WAIT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        set_up(tldops, silent.getsockname()[1], server="127.0.0.1", security="none")
        assert "timed out" in tldops.refused("post", "--test", OPERATOR, code=2)


def test_what_is_not_set_is_said(tldops: World) -> None:
    """Server, sender, operator, password; and what is no address or no service."""
    for line, missing in (
        ('sender = "a@example.org"', "`server`"),
        ('server = "localhost"', "`sender`"),
        ('server = "localhost"\nsender = "a@example.org"', "`operator`"),
        ('server = "localhost"\nsender = "a@example.org"\noperator = ["b@example.org"]\nuser = "x"', "password_file"),
    ):
        tldops.configure(f"[mail]\n{line}\n")
        assert missing in tldops.refused("post", "--failed", "x.service", code=2)
    for words in (
        ["--test", "nobody"], ["--test", "a@example.org\nBcc: b@example.org"], ["--failed", "x\nBcc: b@example.org"],
        [], ["--test", OPERATOR, "--failed", "x"],
    ):  # fmt: skip
        assert tldops("post", *words).code == 2
    for line in ('sender = "nobody"', 'server = "http://localhost"', 'operator = ["a@b, c@d"]', 'security = "no"'):
        tldops.configure(f"[mail]\n{line}\n")
        assert f"mail.{line.split()[0]} = " in tldops.refused("post", "--test", OPERATOR, code=2)
