"""The post office: mails, and the way to the mail server."""
