"""The members' pages: from a request and a snapshot to HTML. Nothing here knows of HTTP, sessions or files."""
