"""The two databases: the roster, which only commands write, and the members' devices, claims and audit log.

Every function here that opens a database raises `StoreError` where the database cannot be read or written.
"""
