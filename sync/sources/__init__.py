"""The outside world, one file per system. Only here, and in the server's auth, anything is read from outside."""
