"""The outside world, one file per system. Only here, and in the server's auth, is anything fetched or read from outside."""
