"""Who is this: device passwords, LDAP, throttling, and the peer behind a proxy."""
