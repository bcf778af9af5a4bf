"""The databases: the roster, which only commands write; the members' devices, claims and audit log; the desk.

Every function here that opens a database raises `StoreError` where the database cannot be read or written.
"""
